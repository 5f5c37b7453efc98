#include "core/base64.hpp"

#include <gtest/gtest.h>

#include <string_view>

namespace osler {
namespace {

TEST(Base64, IsThatOfTheStandard) {  // RFC 4648, 10
  const auto of = [](std::string_view text) {
    return base64({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
  };
  EXPECT_EQ(of(""), "");
  EXPECT_EQ(of("f"), "Zg==");
  EXPECT_EQ(of("fo"), "Zm8=");
  EXPECT_EQ(of("foo"), "Zm9v");
  EXPECT_EQ(of("foobar"), "Zm9vYmFy");
  EXPECT_EQ(base64_length(4), of("foob").size());
}

}  // namespace
}  // namespace osler
