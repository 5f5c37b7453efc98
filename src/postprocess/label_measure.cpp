#include "postprocess/label_measure.hpp"

#include <span>

namespace osler {

LabelMeasure::LabelMeasure(const Grid& grid, int max_label, const kernels::SourceView* intensities,
                           const Stream* stream)
    : grid_(grid), stream_(stream), voxel_mm3_(slice_weights(grid)) {
  task_.size = grid.size;
  task_.max_label = max_label;
  task_.slice_at = grid.slice_at;
  task_.slice_weight = voxel_mm3_;
  task_.intensities = intensities;
}

const kernels::LabelSums* LabelMeasure::sink() {
  if (task_.intensities != nullptr && bytes_of(task_.intensities->type) > 2) return nullptr;
  const std::size_t bytes = kernels::label_sums_bytes(task_);
  if (stream_ == nullptr) {
    here_.resize(bytes);
    kernels::clear_label_sums(task_, here_.data());
    sums_ = {task_, here_.data()};
  } else {
    there_.emplace(bytes, *stream_);
    kernels::clear_label_sums_cuda(task_, there_->data(), *stream_);
    sums_ = {task_, there_->data()};
  }
  return &sums_;
}

std::vector<LabelStatistics> LabelMeasure::read(const void* sums) const {
  std::vector<std::byte> back(kernels::label_sums_bytes(task_));
  copy_to_host(sums, back, *stream_);
  stream_->synchronize();
  return in_patient_space(kernels::statistics_of_sums(task_, back), grid_);
}

std::vector<LabelStatistics> LabelMeasure::of_sink() const {
  if (stream_ != nullptr) return read(there_->data());
  return in_patient_space(kernels::statistics_of_sums(task_, here_), grid_);
}

std::vector<LabelStatistics> LabelMeasure::of_labels(const std::uint8_t* labels) const {
  const DeviceBuffer sums(kernels::label_sums_bytes(task_), *stream_);
  kernels::label_sums_cuda(labels, task_, sums.data(), *stream_);
  return read(sums.data());
}

}  // namespace osler
