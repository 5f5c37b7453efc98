#pragma once
// IEEE 754 binary16 and bfloat16 as bits, to single precision, which holds both exactly.

#include <cstdint>
#include <cstring>

#include "kernels/host_device.hpp"

namespace osler::kernels {

/// Stored as bits: arithmetic is done in single precision.
struct Half {
  std::uint16_t bits;
};
struct BFloat16 {
  std::uint16_t bits;
};

OSLER_HOST_DEVICE inline float float_of_bits(std::uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

OSLER_HOST_DEVICE inline float to_float(float value) {
  return value;
}
OSLER_HOST_DEVICE inline float to_float(BFloat16 value) {
  return float_of_bits(static_cast<std::uint32_t>(value.bits) << 16);
}
/// Subnormal numbers too: the exponent is put right by a multiplication, which is exact.
OSLER_HOST_DEVICE inline float to_float(Half value) {
  const std::uint32_t sign = (value.bits & 0x8000U) << 16;
  const std::uint32_t rest = (value.bits & 0x7FFFU) << 13;
  const bool special = rest >= 0x7C00U << 13;  // infinity, NaN
  const float scaled = float_of_bits(rest) * 0x1p112F;
  std::uint32_t bits;
  std::memcpy(&bits, &scaled, sizeof bits);
  return float_of_bits(sign | (special ? 0x7F800000U | (rest & 0x7FFFFFU) : bits));
}

}  // namespace osler::kernels
