#pragma once
// What kernels/components.* share between host and device: which voxels are neighbours, and the
// union of two trees of which the lowest index is the root. So the root of a component is its first
// voxel (or run) in memory, in whatever order unions were done.

#include <cstdint>

#include "core/error.hpp"
#include "kernels/components.hpp"
#include "kernels/host_device.hpp"

namespace osler::kernels {

/// How far apart in x two voxels of neighbouring rows may be, for rows that lie dy and dz (-1, 0 or
/// 1, not both 0) from each other. @return -1 if the rows are not neighbours
OSLER_HOST_DEVICE inline int reach_in_x(Connectivity connectivity, int dy, int dz) {
  const int steps = (dy != 0 ? 1 : 0) + (dz != 0 ? 1 : 0);
  if (connectivity == Connectivity::faces) return steps == 1 ? 0 : -1;
  if (connectivity == Connectivity::edges) return steps == 1 ? 1 : 0;
  return 1;
}

/// The rows before a row in memory that may be its neighbours, {dy, dz}.
struct RowStep {
  int dy;
  int dz;
};
inline constexpr RowStep kStepsBack[4] = {{-1, 0}, {-1, -1}, {0, -1}, {1, -1}};

/// Joins the trees of a and b (Playne and Hawick, "A New Algorithm for Parallel Connected-Component
/// Labelling on GPUs", IEEE TPDS 29(6), 2018).
/// @param trees  `root(i)`, and `hang(i, lower)`: lowers the parent of i to `lower` if that is
///               lower, and returns what it was, in one step where other threads do the same
template <typename Trees>
OSLER_HOST_DEVICE inline void unite(Trees trees, std::uint32_t a, std::uint32_t b) {
  while (true) {
    a = trees.root(a);
    b = trees.root(b);
    if (a == b) return;
    if (a < b) {
      const std::uint32_t lower = a;
      a = b;
      b = lower;
    }
    const std::uint32_t was = trees.hang(a, b);
    if (was == a) return;
    a = was;  // another thread has hung a elsewhere meanwhile: join that tree as well
  }
}

/// The highest number of voxels whose indices, and a mark for none, are 32-bit numbers.
inline constexpr std::int64_t kMostVoxels = 0xfffffffe;

inline void check_labels(const LabelView& labels, const char* what) {
  const std::string name(what);
  if (labels.type != ScalarType::u8 && labels.type != ScalarType::u16) {
    throw Error(ErrorCode::bad_argument, name + ": labels of another type", "u8 or u16");
  }
  std::int64_t room = kMostVoxels;
  for (const std::int64_t n : labels.size) {
    if (n < 0) throw Error(ErrorCode::bad_argument, name + ": a negative size");
    if (n > 0 && (room /= n) == 0) {
      throw Error(ErrorCode::bad_argument, name + ": a volume of too many voxels",
                  "below 2^32 - 1");
    }
  }
}

}  // namespace osler::kernels
