#pragma once
// What each label of a label map holds: count, volume, centre, box, and the intensities under it.

#include <cstdint>
#include <span>
#include <vector>

#include "core/affine.hpp"
#include "device/device.hpp"
#include "kernels/source_view.hpp"

namespace osler::kernels {

/// Labels 0 (background) to `max_label`; higher ones are not counted.
struct LabelStatisticsTask {
  Size3 size{0, 0, 0};
  int max_label = 0;  ///< at most 255
  /// One per slice, or empty: where slice k lies along z in place of k, and what each of its voxels
  /// weighs in place of 1 (see Grid::slice_at and Grid::voxel_mm3).
  std::span<const double> slice_at;
  std::span<const double> slice_weight;
  /// Of the same size, or nothing. Real values; padding is left out.
  const SourceView* intensities = nullptr;
};

struct LabelStatistics {
  std::int64_t voxels = 0;
  double weight = 0;         ///< sum of the voxels' weights
  Vec3 centre{};             ///< weighted mean of the indices {x, y, z}
  Size3 box_begin{0, 0, 0};  ///< smallest index on each axis
  Size3 box_end{0, 0, 0};    ///< largest index + 1
  std::int64_t valued = 0;   ///< voxels that are not padding
  double mean = 0;           ///< of their real values, each counted once
  double sd = 0;             ///< divided by n
  double min = 0;
  double max = 0;
};

/// Sums are of integers (of stored values of up to 16 bits), slices are joined in order: the result
/// does not depend on the number of threads or on the device.
///
/// @param labels  host memory, x fastest
/// @return one per label 0 ... max_label; label 0 is not computed
/// @throws Error bad_argument (sizes, max_label), device
std::vector<LabelStatistics> label_statistics(const Device& device,
                                              std::span<const std::uint8_t> labels,
                                              const LabelStatisticsTask& task);

}  // namespace osler::kernels
