#include "pipeline/preparer.hpp"

#include <utility>

namespace osler {

Preparer::Preparer(std::span<DeviceLane> lanes, const dicom::Limits& limits)
    : lanes_(lanes), limits_(limits) {}

PreparedSeries Preparer::prepare(const Job& job, DeviceLane* lane) const {
  return prepare_series(job.model->package, job.load, job.warnings, limits_, lane);
}

DeviceLane* Preparer::next_lane() {
  if (lanes_.empty()) return nullptr;
  turn_ = (turn_ + 1) % lanes_.size();
  return &lanes_[turn_];
}

void Preparer::begin(const Job& job) {
  if (!looks_ahead() || job.model->package.classification() != nullptr) return;
  begun_ = &job;
  ahead_ = std::async(std::launch::async,
                      [this, &job, lane = next_lane()] { return prepare(job, lane); });
}

PreparedSeries Preparer::take(const Job& job) {
  if (std::exchange(begun_, nullptr) == &job) return ahead_.get();
  return prepare(job, next_lane());
}

}  // namespace osler
