#pragma once
// Label maps for the tests of the kernels.

#include <cstdint>
#include <random>
#include <vector>

#include "kernels/components.hpp"
#include "kernels_stored.hpp"

namespace osler::testing {

using Numbers = std::vector<std::uint32_t>;

template <typename T>
kernels::LabelView view_of(const std::vector<T>& labels, const Size3& size) {
  return {labels.data(), scalar_type_of<T>(), size};
}

/// Labels 1 to `labels`, each in `percent` of the voxels, where that leaves room; 0 in the rest.
template <typename T>
std::vector<T> noise(std::size_t voxels, int percent, int labels) {
  std::mt19937 random(static_cast<unsigned>(percent));
  std::vector<T> result(voxels);
  for (T& v : result) {
    const auto draw = static_cast<int>(random() % 100) / percent + 1;
    v = static_cast<T>(draw <= labels ? draw : 0);
  }
  return result;
}

}  // namespace osler::testing
