#pragma once
// Masks of an image and the boxes around them. Inside the room only.

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "device/device.hpp"
#include "preprocess/image_state.hpp"

namespace osler {

/// Voxels begin <= i < end of a grid.
struct VoxelBox {
  Size3 begin{0, 0, 0};
  Size3 end{0, 0, 0};

  bool empty() const { return end[0] <= begin[0]; }
  Size3 size() const { return {end[0] - begin[0], end[1] - begin[1], end[2] - begin[2]}; }
};

using Mask = std::vector<std::uint8_t>;  ///< one per voxel of a grid, 1 inside

/// The smallest box of what is inside; empty if nothing is.
VoxelBox bounds(const Mask& mask, const Size3& size);

/// Voxels that are not 0 in any channel, holes filled (scipy.ndimage.binary_fill_holes).
Mask nonzero_mask(const Device& device, ImageState& state);

/// Voxels above a value in any channel.
Mask above_mask(ImageState& state, double value);

/// Voxels whose label in the source is wanted.
/// @param grid    of voxels that are the source's, in another order
/// @param source  size of the source
Mask label_mask(const NetworkGrid& grid, const Size3& source, std::span<const std::uint8_t> labels,
                const std::array<bool, 256>& wanted);

/// True if every voxel of the grid is one of the source's.
bool is_unresampled(const NetworkGrid& grid);

/// @param box  inside the mask's grid, of `size`
Mask cut(const Mask& mask, const Size3& size, const VoxelBox& box);

}  // namespace osler
