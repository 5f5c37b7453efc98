#pragma once
// One series through one model: the way of a study from volume to findings, as a function.

#include <filesystem>
#include <functional>
#include <optional>

#include "core/progress.hpp"
#include "core/timings.hpp"
#include "device/device.hpp"
#include "dicom/scan.hpp"
#include "findings/findings.hpp"
#include "infer/session.hpp"
#include "preprocess/template.hpp"
#include "registry/package.hpp"
#include "volume/plan.hpp"

namespace osler {

/// A model, loaded once and used for many series.
struct LoadedModel {
  ModelPackage package;
  std::optional<HeadTemplate> head_template;  ///< of a package that localises
  Session session;
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
};

struct SeriesResult {
  Volume volume;
  LabelMap labels;  ///< empty unless findings.status is complete
  Findings findings;
};

/// Runs the model. What the gates refuse comes back as status `partial` with the reasons, not as an
/// error. @throws Error bad_input (slices cannot be decoded), model, device
/// @param load      gives the volume; called once
/// @param warnings  of the series' verdict; they go with the findings
SeriesResult run_series(LoadedModel& model, const std::function<Volume()>& load,
                        const std::vector<Reason>& warnings, const RunContext& context);

}  // namespace osler
