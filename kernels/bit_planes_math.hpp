#pragma once
// What kernels/bit_planes.* share between host and device: one bit of a plane, and the cost of
// runs.

#include <cstdint>

#include "kernels/bit_planes.hpp"
#include "kernels/host_device.hpp"

namespace osler::kernels {

/// A label map and the planes that are packed of it.
struct PlaneBits {
  const std::uint8_t* labels = nullptr;
  std::int64_t pixels = 0;  ///< of a slice; not 0
  const BitPlane* planes = nullptr;
  std::int64_t count = 0;

  /// Bit i of the concatenated planes; false beyond the last.
  OSLER_HOST_DEVICE bool at(std::int64_t i) const {
    const std::int64_t frame = i / pixels;
    if (frame >= count) return false;
    const BitPlane& plane = planes[frame];
    return labels[plane.slice * pixels + i % pixels] == plane.label;
  }
};

/// The runs of one row and what RLE makes of them (see LabelSlice).
struct RowRuns {
  std::int64_t runs = 0;
  std::int64_t rle_bytes = 0;
  std::int64_t singles = 0;  ///< runs of one voxel that wait for the end of their stretch

  OSLER_HOST_DEVICE void take(std::int64_t length) {
    ++runs;
    if (length == 1) {
      ++singles;
      return;
    }
    end_singles();
    rle_bytes += 2 * ((length + 127) / 128);
  }
  OSLER_HOST_DEVICE void end_singles() {
    rle_bytes += singles + (singles + 127) / 128;
    singles = 0;
  }
};

}  // namespace osler::kernels
