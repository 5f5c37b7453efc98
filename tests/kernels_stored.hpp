#pragma once
// Voxels for the tests of the kernels, in host memory.

#include <cstdint>
#include <type_traits>
#include <utility>
#include <vector>

#include "kernels/resample.hpp"

namespace osler::testing {

template <typename T>
constexpr ScalarType scalar_type_of() {
  if constexpr (std::is_same_v<T, std::uint8_t>) return ScalarType::u8;
  if constexpr (std::is_same_v<T, std::int8_t>) return ScalarType::i8;
  if constexpr (std::is_same_v<T, std::uint16_t>) return ScalarType::u16;
  if constexpr (std::is_same_v<T, std::int16_t>) return ScalarType::i16;
  if constexpr (std::is_same_v<T, std::uint32_t>) return ScalarType::u32;
  if constexpr (std::is_same_v<T, std::int32_t>) return ScalarType::i32;
  if constexpr (std::is_same_v<T, float>) return ScalarType::f32;
}

template <typename T>
struct Stored {
  std::vector<T> values;
  Size3 size;
  std::vector<float> slope;
  std::vector<float> intercept;

  Stored(std::vector<T> v, const Size3& s)
      : values(std::move(v)),
        size(s),
        slope(static_cast<std::size_t>(s[2]), 1.0F),
        intercept(static_cast<std::size_t>(s[2]), 0.0F) {}

  kernels::SourceView view() const {
    kernels::SourceView view;
    view.voxels = values.data();
    view.type = scalar_type_of<T>();
    view.size = size;
    view.slope = slope.data();
    view.intercept = intercept.data();
    return view;
  }
};

}  // namespace osler::testing
