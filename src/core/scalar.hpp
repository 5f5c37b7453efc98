#pragma once

#include <cstddef>

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

}  // namespace osler
