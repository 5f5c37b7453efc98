#pragma once
// Series made ready for their models, the next one while the one before is computed. Inside the
// room only.

#include <cstddef>
#include <future>
#include <span>

#include "pipeline/device_lane.hpp"
#include "pipeline/jobs.hpp"
#include "pipeline/prepare_series.hpp"

namespace osler {

/// On a GPU files are read, decoded and copied by a thread of their own while another study is
/// computed there. On the CPU, where both would want the same processors, each in its turn.
class Preparer {
 public:
  /// @param lanes  two of a GPU, or none on the CPU; they must outlive this and the sessions
  Preparer(std::span<DeviceLane> lanes, const dicom::Limits& limits);

  bool looks_ahead() const { return !lanes_.empty(); }

  /// Begins with a job that will be taken next, if that gains time. It must stay where it is.
  void begin(const Job& job);

  /// @throws as prepare_series
  PreparedSeries take(const Job& job);

 private:
  PreparedSeries prepare(const Job& job, DeviceLane* lane) const;
  DeviceLane* next_lane();

  std::span<DeviceLane> lanes_;
  const dicom::Limits& limits_;
  std::size_t turn_ = 0;
  const Job* begun_ = nullptr;
  std::future<PreparedSeries> ahead_;
};

}  // namespace osler
