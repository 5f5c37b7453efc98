#pragma once

#include <cstddef>
#include <cstdint>

namespace osler {

/// Type of a stored voxel.
enum class ScalarType { u8, i8, u16, i16, u32, i32, f32 };

constexpr std::size_t bytes_of(ScalarType type) {
  switch (type) {
    case ScalarType::u8:
    case ScalarType::i8:
      return 1;
    case ScalarType::u16:
    case ScalarType::i16:
      return 2;
    case ScalarType::u32:
    case ScalarType::i32:
    case ScalarType::f32:
      return 4;
  }
  return 0;
}

/// Calls `work` with a value of the C++ type of `type`.
template <typename F>
decltype(auto) with_scalar(ScalarType type, F&& work) {
  switch (type) {
    case ScalarType::u8:
      return work(std::uint8_t{});
    case ScalarType::i8:
      return work(std::int8_t{});
    case ScalarType::u16:
      return work(std::uint16_t{});
    case ScalarType::i16:
      return work(std::int16_t{});
    case ScalarType::u32:
      return work(std::uint32_t{});
    case ScalarType::i32:
      return work(std::int32_t{});
    case ScalarType::f32:
      break;
  }
  return work(float{});
}

}  // namespace osler
