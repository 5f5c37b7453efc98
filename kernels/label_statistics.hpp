#pragma once
// What each label of a label map holds: count, volume, centre, box, and the intensities under it.
// Found in two steps: sums of each label in each slice, on any device, by itself or along with
// labels_back; and what comes of them.

#include <cstddef>
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
  /// Of the same size, or nothing. Real values; padding is left out. Slope and intercept are host
  /// memory, the voxels are where the labels are.
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

/// Stored values of up to 16 bits are summed as integers, and slices are joined in order: the
/// result does not depend on the number of threads or on the device. Wider ones are summed in
/// double: on the CPU the result is the same for any number of threads; on a GPU the last bits of
/// mean and SD may be others from run to run (kLabelStatisticsTolerance).
///
/// @param labels  host memory, x fastest
/// @return one per label 0 ... max_label; label 0 is not computed
/// @throws Error bad_argument (sizes, max_label), device
std::vector<LabelStatistics> label_statistics(const Device& device,
                                              std::span<const std::uint8_t> labels,
                                              const LabelStatisticsTask& task);

/// Bytes of the sums of a task. @throws Error bad_argument, as label_statistics does
std::size_t label_sums_bytes(const LabelStatisticsTask& task);

/// Sums of no voxels. @param sums  label_sums_bytes, aligned to 8, host memory
void clear_label_sums(const LabelStatisticsTask& task, void* sums);
/// Likewise in device memory. Queues the work.
void clear_label_sums_cuda(const LabelStatisticsTask& task, void* sums, const Stream& stream);

/// Sums of a whole label map. Queues the work; allocates nothing, does not wait.
/// @param labels, sums, task.intensities->voxels  device memory; sums need not be cleared before
/// @throws Error device if a launch fails or this build has no CUDA
void label_sums_cuda(const std::uint8_t* labels, const LabelStatisticsTask& task, void* sums,
                     const Stream& stream);

/// What comes of sums, wherever they were made.
/// @param sums  label_sums_bytes, aligned to 8, host memory
/// @return one per label 0 ... max_label
/// @throws Error bad_argument
std::vector<LabelStatistics> statistics_of_sums(const LabelStatisticsTask& task,
                                                std::span<const std::byte> sums);

/// Sums that labels_back adds to while it decides voxels (LabelsBackTask::sums). Cleared before the
/// first slab, they are those of the label map after the last one, the same bit for bit for any
/// slabs and any number of threads. So stored values must be of up to 16 bits.
struct LabelSums {
  LabelStatisticsTask task;  ///< of the output grid
  void* at = nullptr;        ///< where the labels are, as are task.intensities->voxels
};

/// CPU against CUDA, relative: mean and SD of stored values of over 16 bits.
inline constexpr double kLabelStatisticsTolerance = 1e-9;

}  // namespace osler::kernels
