// Half precision to single, every bit pattern of it.

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>

#include "kernels/half_math.hpp"

namespace osler::kernels {
namespace {

TEST(Half, AllBitPatternsAreTheirValues) {
  // Finite ones by the definition: (-1)^s 2^(e-15) (1 + f/1024), subnormal 2^-14 f/1024.
  for (int bits = 0; bits < 65536; ++bits) {
    const int exponent = bits >> 10 & 31, fraction = bits & 1023;
    const float sign = bits & 0x8000 ? -1.0F : 1.0F;
    const float value = to_float(Half{static_cast<std::uint16_t>(bits)});
    if (exponent == 31) {
      EXPECT_TRUE(fraction == 0 ? std::isinf(value) : std::isnan(value));
    } else if (exponent == 0) {
      EXPECT_EQ(value, sign * std::ldexp(static_cast<float>(fraction), -24));
    } else {
      EXPECT_EQ(value, sign * std::ldexp(static_cast<float>(1024 + fraction), exponent - 25));
    }
  }
}

}  // namespace
}  // namespace osler::kernels
