#pragma once
// Connected components of a mask (26 neighbours).

#include <cstdint>
#include <span>
#include <vector>

#include "core/affine.hpp"

namespace osler {

struct LargestComponent {
  std::vector<std::uint8_t> mask;  ///< 1 in the largest component, 0 elsewhere
  std::int64_t voxels = 0;         ///< of the largest component; 0 if the mask is empty
  double share = 0;                ///< of all voxels of the mask
};

/// Of two components of the same size the one whose first voxel comes first in memory.
/// @param mask  size.x * y * z values, x fastest; not 0 is inside
LargestComponent largest_component(std::span<const std::uint8_t> mask, const Size3& size);

/// Smallest box {begin, size} that holds all voxels of a mask that is not empty.
struct Bounds {
  Size3 begin{};
  Size3 size{};
};
Bounds bounds_of(std::span<const std::uint8_t> mask, const Size3& size);

}  // namespace osler
