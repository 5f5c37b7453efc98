#include "pipeline/prepare_series.hpp"

#include <algorithm>

#include "core/error.hpp"
#include "pipeline/device_lane.hpp"
#include "pipeline/run_findings.hpp"
#include "preprocess/fused_image.hpp"
#include "preprocess/source.hpp"

namespace osler {
namespace {

/// Whether a model, or one of its stages or members, reads the stored values on the GPU.
bool reads_stored_values(const ModelPackage& package) {
  if (package.channels.size() > 1) return false;
  if (package.localised() != nullptr) return true;
  const WindowedSegmentation* steps = package.windowed();
  if (steps != nullptr && can_fuse(steps->image)) return true;
  return std::ranges::any_of(
      package.stages, [](const Stage& stage) { return reads_stored_values(*stage.package); });
}

}  // namespace

std::vector<const Volume*> PreparedSeries::seen() const {
  std::vector<const Volume*> volumes;
  for (std::size_t i = 0; i < channels.size(); ++i) {
    volumes.push_back(even.empty() ? channels[i].get() : &even[i]);
  }
  return volumes;
}

PreparedSeries prepare_series(const ModelPackage& package,
                              const std::function<ChannelVolumes()>& load,
                              const std::vector<Reason>& warnings, const dicom::Limits& limits,
                              DeviceLane* lane) {
  PreparedSeries series;
  series.lane = lane;
  {
    const StageTimer timer(series.timings, "load");
    series.channels = on_one_grid(load(), package.channels);
  }
  {
    const StageTimer timer(series.timings, "digest");
    series.source = describe_source(*series.channels.front(), warnings);
  }
  {
    // A model knows evenly spaced slices only; labels go back onto the slices as they lie.
    const StageTimer timer(series.timings, "resample");
    series.even = evened(series.channels, limits);
  }
  if (lane != nullptr && reads_stored_values(package)) {
    const StageTimer timer(series.timings, "upload");
    try {
      series.uploaded = std::make_unique<kernels::SourceOnDevice>(
          VolumeSource(*series.seen().front()).view(), lane->staging, lane->stream);
    } catch (const Error& error) {
      // The study that is computed just now may leave no room; later there may be some.
      if (error.code() != ErrorCode::device) throw;
    }
  }
  return series;
}

}  // namespace osler
