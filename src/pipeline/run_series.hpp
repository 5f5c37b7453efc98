#pragma once
// One series through one model: the way of a study from volume to findings, as a function.

#include <filesystem>
#include <optional>
#include <vector>

#include "core/progress.hpp"
#include "core/timings.hpp"
#include "device/device.hpp"
#include "dicom/scan.hpp"
#include "findings/findings.hpp"
#include "infer/session.hpp"
#include "pipeline/channels.hpp"
#include "pipeline/windowed.hpp"
#include "preprocess/template.hpp"
#include "registry/package.hpp"
#include "volume/plan.hpp"

namespace osler {

struct PreparedSeries;

/// A model, loaded once and used for many series.
struct LoadedModel {
  ModelPackage package;
  std::optional<HeadTemplate> head_template;  ///< of a package that localises
  std::vector<Session> sessions;              ///< one per weights file; an ensemble has none
  std::vector<LoadedModel> stages;            ///< as the package's
};

/// @param templates  folder that holds the template that the package names, if it does
/// @throws Error model, device
LoadedModel load_model(ModelPackage package, const std::filesystem::path& templates,
                       const Device& device, Precision precision = Precision::f32);

/// What all series of a run share.
struct RunContext {
  Device device;
  dicom::Limits limits;
  Progress progress;
  Timings timings;  ///< of the stages before the first series; they go with every result
  bool keep_scores = false;
  /// Where several models may be shown the same; cleared with each set of channels.
  struct Shared {
    ChannelVolumes channels;
    ImageCache image;
  };
  Shared* shared = nullptr;
};

struct SeriesResult {
  SharedVolume volume;  ///< the first channel
  LabelMap labels;      ///< empty unless findings.status is complete
  Findings findings;
  std::vector<KeptScores> scores;  ///< if they were wanted and the package has them
};

/// Runs the model. What the gates refuse comes back as status `partial` with the reasons, not as an
/// error. @throws Error model, device
SeriesResult run_series(LoadedModel& model, PreparedSeries series, const RunContext& context);

}  // namespace osler
