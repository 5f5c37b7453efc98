#pragma once
// The formula of kernels/distance.hpp, once, for host and device.

#include <cmath>
#include <cstdint>

#include "kernels/host_device.hpp"

namespace osler::kernels {

/// Voxels below which the CPU twin is done sooner on one thread: about a millisecond's work.
inline constexpr std::int64_t kDistanceWorthThreads = 65536;

/// Square of the distance to a voxel that is `steps` away along one axis and `others_mm2` along the
/// axes before.
OSLER_HOST_DEVICE inline double squared_mm2(double others_mm2, double steps, double spacing_mm) {
  const double along = steps * spacing_mm;
  return others_mm2 + along * along;
}

}  // namespace osler::kernels
