#pragma once
// Inside the CPU twins of components and component_filters: runs along x and the components that
// they belong to.

#include <cstdint>
#include <vector>

#include "kernels/components.hpp"

namespace osler::kernels {

/// Voxels below which one thread is done sooner than several have met: half a millisecond's work,
/// where threads that share their cores with other programs wait longer for each other.
inline constexpr std::int64_t kWorthThreads = std::int64_t{1} << 19;

/// A box of a label map; steps are in voxels.
struct LabelBox {
  const void* first = nullptr;
  ScalarType type = ScalarType::u8;
  Size3 size{0, 0, 0};
  std::int64_t step_y = 0;
  std::int64_t step_z = 0;
};
LabelBox whole(const LabelView& labels);

/// Which voxels are in runs, and where a run ends although its neighbour is in one too.
struct RunRule {
  std::uint16_t outside = 0;  ///< the label that is in no run; 0 where runs are of equal labels
  Joins joins = Joins::foreground;
  Connectivity connectivity = Connectivity::corners;
};

/// Voxels begin <= x < end of a row.
struct Run {
  std::uint32_t begin;
  std::uint32_t end;
};

struct Runs {
  Size3 size{0, 0, 0};
  std::vector<std::uint32_t> row_begin;  ///< runs before each row (y fastest, then z), and all
  std::vector<Run> runs;                 ///< in the order of memory
  std::vector<std::uint32_t> component;  ///< of each run: 1, 2, ... by the first voxel in memory
  std::uint32_t count = 0;               ///< of components

  std::int64_t rows() const { return size[1] * size[2]; }
};

/// Runs and their components, on all threads. `box.size` must not be negative.
Runs find_runs(const LabelBox& box, const RunRule& rule);

/// Voxels of each component; [n - 1] is of number n.
std::vector<std::int64_t> component_sizes(const Runs& runs);

}  // namespace osler::kernels
