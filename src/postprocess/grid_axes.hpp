#pragma once
// Where the voxels of a grid lie between those of another whose axes are the same ones, in another
// order or turned. Inside the room only.

#include <array>
#include <cstdint>
#include <vector>

#include "core/affine.hpp"

namespace osler {

/// Two neighbours and the weight of the upper one.
struct Between {
  std::int64_t lower = 0;
  std::int64_t upper = 0;
  float share = 0;
  bool inside = false;  ///< at most half a voxel beyond the outermost centres
};

/// Along each axis of the network's grid, one entry per index on the axis of the other grid that
/// runs along it.
struct GridAxes {
  std::array<std::size_t, 3> of{};  ///< the other grid's axis that runs along x, y, z
  std::array<std::vector<Between>, 3> at;
};

/// @param to_network  index on the other grid -> index on the network's; an axis follows one axis
/// @param slice_at    where the other grid's slices lie; empty: at their index
/// @param nearest     per axis of the network: the closer of two, the upper one half-way
GridAxes grid_axes(const Affine& to_network, const Size3& size, const std::vector<double>& slice_at,
                   const Size3& network, const std::array<bool, 3>& nearest);

}  // namespace osler
