#pragma once
// A series, read and made ready before a model runs on it: so one can be prepared while another is
// computed. Inside the room only.

#include <functional>
#include <memory>
#include <vector>

#include "core/timings.hpp"
#include "findings/findings.hpp"
#include "kernels/source_place.hpp"
#include "pipeline/channels.hpp"
#include "pipeline/run_series.hpp"

namespace osler {

struct DeviceLane;

struct PreparedSeries {
  ChannelVolumes channels;   ///< as they were stored, on one grid
  std::vector<Volume> even;  ///< the same evenly spaced, if their slices are not
  SourceSeries source;
  Timings timings;
  DeviceLane* lane = nullptr;  ///< of the GPU on which the model runs
  /// The only channel on that GPU, if the model takes it from there. Queued: it may still be on its
  /// way.
  std::unique_ptr<kernels::SourceOnDevice> uploaded;

  /// What the model sees.
  std::vector<const Volume*> seen() const;
};

/// Does not touch the model's sessions: they may run meanwhile.
/// @param load      gives a volume for each of the package's channels; called once
/// @param warnings  of the series' verdict; they go with the findings
/// @param lane      of the context's GPU, for this series alone; nothing on the CPU
/// @throws Error bad_input (slices cannot be decoded), device
PreparedSeries prepare_series(const ModelPackage& package,
                              const std::function<ChannelVolumes()>& load,
                              const std::vector<Reason>& warnings, const dicom::Limits& limits,
                              DeviceLane* lane);

}  // namespace osler
