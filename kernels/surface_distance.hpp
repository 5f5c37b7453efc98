#pragma once
// How far the surfaces of two masks lie from each other.

#include <cstdint>
#include <span>

#include "core/affine.hpp"
#include "device/device.hpp"

namespace osler::kernels {

/// The surface of a mask: its voxels of which one of the 6 neighbours is 0 or outside the volume.
/// From each surface voxel of one mask the distance to the nearest surface voxel of the other, by
/// `distance_transform`; two directions. Definitions as in MONAI 1.6 (compute_hausdorff_distance,
/// compute_average_surface_distance with symmetric=True, compute_surface_dice).
/// If both masks are empty all numbers are NaN; if one is, distances are infinite (MONAI gives NaN
/// for the percentile) and the Dice 0.
struct SurfaceDistances {
  double hausdorff_mm;     ///< the larger of the two directions' maxima
  double hausdorff_95_mm;  ///< the larger of the two directions' 95th percentiles, interpolated
                           ///< linearly between ranks (numpy's default, MONAI's percentile=95)
  double average_mm;       ///< mean over the distances of both directions together
  double surface_dice;     ///< share of the distances of both directions that are <= the tolerance
  std::int64_t surface_voxels_a;
  std::int64_t surface_voxels_b;
};

/// Both masks lie on one grid; host memory, x fastest, not 0 is inside.
struct MaskPair {
  std::span<const std::uint8_t> a;
  std::span<const std::uint8_t> b;
  Size3 size{0, 0, 0};
  Vec3 spacing_mm{1, 1, 1};
};

/// Works in the smallest box that holds both masks: 6 bytes for each of its voxels and 4 for each
/// surface voxel, and on a GPU what `distance_transform` says.
/// @throws Error bad_argument (sizes, spacing, a negative tolerance), device
SurfaceDistances surface_distances(const Device& device, const MaskPair& masks,
                                   double tolerance_mm);

}  // namespace osler::kernels
