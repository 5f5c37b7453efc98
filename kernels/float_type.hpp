#pragma once
// Floating point numbers that networks work in.

#include <cstddef>

namespace osler::kernels {

enum class FloatType { f32, f16, bf16 };

constexpr std::size_t bytes_of(FloatType type) {
  return type == FloatType::f32 ? 4 : 2;
}

}  // namespace osler::kernels
