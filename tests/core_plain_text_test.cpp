#include "core/plain_text.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace osler {
namespace {

TEST(PlainText, TextsBecomeAsciiWithoutSeparators) {
  EXPECT_EQ(plain_ascii("3 \u00b1 1 mm\u00b3 \u2264 \u00e4\\b\n"), "3 +- 1 mm3 <= ?/b ");
}

TEST(PlainText, DecimalStringsFitAndKeepTheirValue) {
  for (const double value : {0.1, -123.456789012345678, 1e-9 / 3, 2.0 / 3, -1.0 / 7, 512.0, 0.0}) {
    const std::string text = decimal_string(value);
    EXPECT_LE(text.size(), 16U) << text;
    EXPECT_NEAR(std::stod(text), value, std::abs(value) * 1e-9) << text;
  }
}

}  // namespace
}  // namespace osler
