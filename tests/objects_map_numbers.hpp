#pragma once
// A parametric map for tests.

#include <cstdint>
#include <span>
#include <vector>

#include "objects/parametric_map.hpp"

namespace osler::objects {

/// Any bits that a number between 0 and 1 can have: each voxel another one.
inline std::vector<float> numbers_for(const Grid& grid) {
  std::vector<float> numbers(static_cast<std::size_t>(voxel_count(grid.size)));
  std::uint32_t state = 12345;
  for (float& v : numbers) {
    state = state * 1664525U + 1013904223U;
    v = static_cast<float>(state >> 8) / 16777216.0F;
  }
  numbers.front() = 0;
  numbers.back() = 1;
  return numbers;
}

inline MapSlices slices_of(const std::vector<float>& numbers, const Grid& grid) {
  const auto area = static_cast<std::size_t>(grid.size[0] * grid.size[1]);
  return [&numbers, area](std::int64_t k) {
    return std::span(numbers).subspan(static_cast<std::size_t>(k) * area, area);
  };
}

inline const ParametricMap kUncertainty{"uncertainty", "Uncertainty",
                                        quantities::kPredictiveEntropy};

}  // namespace osler::objects
