#pragma once
// What labels hold, found where they are decided.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "device/device.hpp"
#include "kernels/label_statistics.hpp"
#include "postprocess/labels.hpp"
#include "volume/volume.hpp"

namespace osler {

/// What a voxel of each slice weighs (Grid::voxel_mm3).
std::vector<double> slice_weights(const Grid& grid);

/// Of the grid's indices.
std::vector<LabelStatistics> in_patient_space(
    const std::vector<kernels::LabelStatistics>& statistics, const Grid& grid);

/// Statistics of a label map that a kernel decides slab by slab, or that lies in a GPU's memory.
class LabelMeasure {
 public:
  /// @param intensities  of the same grid, or nothing; its voxels are where the labels are, slope
  ///   and intercept host memory. They must stay, as must the grid and the stream.
  /// @param stream  of the GPU that holds the labels; nothing: the host does
  LabelMeasure(const Grid& grid, int max_label, const kernels::SourceView* intensities,
               const Stream* stream);
  LabelMeasure(const LabelMeasure&) = delete;
  LabelMeasure& operator=(const LabelMeasure&) = delete;

  /// For LabelsBackTask::sums: every voxel of the grid must be decided once, and stay. Nothing
  /// where stored values have over 16 bits, whose sums would depend on the order.
  const kernels::LabelSums* sink();

  /// Of all that was decided into the sink. @return one per label 0 ... max_label
  std::vector<LabelStatistics> of_sink() const;

  /// Of a whole label map in the GPU's memory.
  std::vector<LabelStatistics> of_labels(const std::uint8_t* labels) const;

 private:
  std::vector<LabelStatistics> read(const void* sums) const;

  const Grid& grid_;
  const Stream* stream_;
  std::vector<double> voxel_mm3_;
  kernels::LabelStatisticsTask task_;
  std::vector<std::byte> here_;  ///< the sink's sums, or
  std::optional<DeviceBuffer> there_;
  kernels::LabelSums sums_;
};

}  // namespace osler
