#pragma once
// 32-bit floats to 16-bit ones, rounded to nearest, ties to even, and back, which is exact. No
// library's types. A device has instructions for it, which give the same numbers (of a NaN they
// keep no more than that it is one).

#include <cstdint>
#include <cstring>

#include "kernels/host_device.hpp"

#ifdef __CUDACC__
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#endif

namespace osler::kernels {

OSLER_HOST_DEVICE inline std::uint32_t bits_of(float value) {
  std::uint32_t bits = 0;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

OSLER_HOST_DEVICE inline float float_of(std::uint32_t bits) {
  float value = 0;
  memcpy(&value, &bits, sizeof value);
  return value;
}

/// Stored as bits: arithmetic is done in single precision.
struct Half {
  std::uint16_t bits;
};
struct BFloat16 {
  std::uint16_t bits;
};

OSLER_HOST_DEVICE inline float to_float(float value) {
  return value;
}
OSLER_HOST_DEVICE inline float to_float(BFloat16 value) {
  return float_of(static_cast<std::uint32_t>(value.bits) << 16);
}
/// Subnormal numbers too: the exponent is put right by a multiplication, which is exact.
OSLER_HOST_DEVICE inline float to_float(Half value) {
#ifdef __CUDA_ARCH__
  return __half2float(__ushort_as_half(value.bits));
#else
  const std::uint32_t sign = (value.bits & 0x8000U) << 16;
  const std::uint32_t rest = (value.bits & 0x7FFFU) << 13;
  const bool special = rest >= 0x7C00U << 13;  // infinity, NaN
  const std::uint32_t finite = bits_of(float_of(rest) * 0x1p112F);
  return float_of(sign | (special ? 0x7F800000U | (rest & 0x7FFFFFU) : finite));
#endif
}

/// IEEE 754 binary16. Beyond 65504 + 16: infinity; NaN stays NaN; subnormals are kept.
OSLER_HOST_DEVICE inline std::uint16_t to_f16(float value) {
#ifdef __CUDA_ARCH__
  return __half_as_ushort(__float2half_rn(value));
#else
  const std::uint32_t bits = bits_of(value);
  const std::uint32_t sign = (bits >> 16) & 0x8000U;
  const std::uint32_t magnitude = bits & 0x7FFFFFFFU;
  // Normal: rebias the exponent by 127 - 15 and round the 13 bits that go.
  const std::uint32_t normal = (magnitude - 0x38000000U + 0x0FFFU + ((magnitude >> 13) & 1U)) >> 13;
  // Subnormal: adding .5 leaves the multiples of 2^-24 in the low bits, rounded by the addition.
  const std::uint32_t small = bits_of(float_of(magnitude) + .5F) - 0x3F000000U;
  std::uint32_t half = magnitude < 0x38800000U ? small : normal;
  half = magnitude >= 0x477FF000U ? 0x7C00U : half;
  half = magnitude > 0x7F800000U ? 0x7E00U : half;
  return static_cast<std::uint16_t>(sign | half);
#endif
}

/// bfloat16: the upper half of binary32. NaN stays NaN.
OSLER_HOST_DEVICE inline std::uint16_t to_bf16(float value) {
#ifdef __CUDA_ARCH__
  return __bfloat16_as_ushort(__float2bfloat16_rn(value));
#else
  const std::uint32_t bits = bits_of(value);
  const std::uint32_t rounded = (bits + 0x7FFFU + ((bits >> 16) & 1U)) >> 16;
  const bool nan = (bits & 0x7FFFFFFFU) > 0x7F800000U;
  return static_cast<std::uint16_t>(nan ? (bits >> 16) | 0x0040U : rounded);
#endif
}

/// A value of the type T.
template <typename T>
OSLER_HOST_DEVICE inline T from_float(float value);
template <>
OSLER_HOST_DEVICE inline float from_float<float>(float value) {
  return value;
}
template <>
OSLER_HOST_DEVICE inline Half from_float<Half>(float value) {
  return {to_f16(value)};
}
template <>
OSLER_HOST_DEVICE inline BFloat16 from_float<BFloat16>(float value) {
  return {to_bf16(value)};
}

}  // namespace osler::kernels
