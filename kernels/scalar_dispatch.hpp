#pragma once

#include <cstdint>

#include "core/scalar.hpp"

namespace osler::kernels {

/// Calls f with a value of the C++ type of a scalar type.
template <typename F>
void with_scalar(ScalarType type, F&& f) {
  switch (type) {
    case ScalarType::u8:
      return f(std::uint8_t{});
    case ScalarType::i8:
      return f(std::int8_t{});
    case ScalarType::u16:
      return f(std::uint16_t{});
    case ScalarType::i16:
      return f(std::int16_t{});
    case ScalarType::u32:
      return f(std::uint32_t{});
    case ScalarType::i32:
      return f(std::int32_t{});
    case ScalarType::f32:
      return f(float{});
  }
}

}  // namespace osler::kernels
