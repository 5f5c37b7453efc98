#pragma once
// What a network is tried on where there is no image.

#include <random>
#include <vector>

#include "infer/session.hpp"

namespace osler {

/// Normal values, the same for the same shape.
inline std::vector<float> noise(const TensorShape& shape) {
  std::size_t count = 1;
  for (const std::int64_t n : shape) count *= static_cast<std::size_t>(n);
  std::mt19937 generator(1);
  std::normal_distribution<float> normal;
  std::vector<float> values(count);
  for (float& value : values) value = normal(generator);
  return values;
}

}  // namespace osler
