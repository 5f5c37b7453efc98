#pragma once
// From the network's grid to the source's: labels that were decided there, and whole scores.

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "core/affine.hpp"
#include "kernels/relabel.hpp"
#include "volume/volume.hpp"

namespace osler {

/// A grid that lies on another, axis along axis in any order.
struct GridPlace {
  Size3 network{0, 0, 0};
  Affine to_network;              ///< index on the source (slice place) -> index on the network's
  std::array<bool, 3> nearest{};  ///< per axis of the network: take the closer voxel; else linear
};

/// Labels onto the source's grid by nearest neighbour; voxels outside of the network's stay.
void labels_to_source(std::span<const std::uint8_t> network, const GridPlace& place,
                      const Grid& grid, std::span<std::uint8_t> labels);

/// The same with label numbers interpolated linearly and rounded, half to even: what MONAI's Invert
/// does with labels and nearest_interp False.
void label_numbers_to_source(std::span<const std::uint8_t> network, const GridPlace& place,
                             const Grid& grid, std::span<std::uint8_t> labels);

/// Scores of every class on the network's grid, interpolated at the voxels of one source slice.
/// @param scores  class after class, x fastest
/// @param out     class after class, grid.size.x * y each; NaN outside of the network's grid
void scores_of_slice(std::span<const float> scores, int classes, const GridPlace& place,
                     const Grid& grid, std::int64_t slice, std::span<float> out);

/// Where a box of the source, whose axes stand in another order or are turned, lies in its memory.
/// @param to_source  index in the box -> index in the source; whole numbers, one axis each
kernels::BoxPlace place_of_box(const Size3& size, const Affine& to_source, const Size3& source);

/// Voxels of a box of the source, whose axes stand in another order or are turned, to their places.
/// @param box        size.x * y * z of them
/// @param to_source  index in the box -> index in the source; whole numbers, one axis each
void put_back(std::span<const std::uint8_t> box, const Size3& size, const Affine& to_source,
              const Size3& source, std::span<std::uint8_t> labels);

}  // namespace osler
