#include "pipeline/run_series.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "core/error.hpp"
#include "findings/gates.hpp"
#include "findings/measure.hpp"
#include "infer/variant.hpp"
#include "pipeline/ensemble.hpp"
#include "pipeline/prepare_series.hpp"
#include "pipeline/run_findings.hpp"
#include "pipeline/two_pass.hpp"
#include "pipeline/windowed.hpp"
#include "postprocess/labels.hpp"
#include "preprocess/crop.hpp"
#include "preprocess/head_frame.hpp"
#include "preprocess/localise.hpp"
#include "preprocess/source.hpp"

namespace osler {
namespace {

/// Where the template's head lies in this one, and the signals that say whether to believe it.
Affine find_head(const HeadTemplate& head_template, const kernels::SourcePlace& source,
                 const Grid& grid, Signals& signals) {
  const HeadFrame frame = head_frame(grid);
  const CoarseHead coarse = coarse_head(source, grid, frame, kCoarseSpacingMm);
  const Localisation found =
      localise({coarse.size, coarse.index_to_head, coarse.voxels}, head_template);
  const Vec3& s = found.singular_values;
  signals["mutual_information"] = found.mutual_information;
  signals["correlation"] = found.correlation;
  signals["scale_smallest"] = *std::min_element(s.begin(), s.end());
  signals["scale_largest"] = *std::max_element(s.begin(), s.end());
  signals["brain_inside"] = found.brain_inside;
  return frame.head_to_lps * found.template_to_head;
}

/// Runs both sides and paints their labels. @return false if a side was not found
bool segment(LoadedModel& model, const LocalisedTwoPass& steps, const HeadContext& head,
             SeriesResult& result, Signals& signals) {
  const Grid& grid = result.volume->grid;
  result.labels.grid = grid;
  result.labels.labels.assign(static_cast<std::size_t>(voxel_count(grid.size)), 0);
  double uncertain = 0, component = 1, shape = 0, distance = 0;
  for (const Side& side : steps.localise.sides) {
    const auto found = two_pass(model.sessions.front(), head, side, steps);
    if (!found) {
      refuse(result.findings,
             "the network finds no " + model.package.structure + " on the " + side.name + " side");
      return false;
    }
    uncertain = std::max(uncertain, found->uncertain_share);
    component = std::min(component, found->component_share);
    shape = std::max(shape, found->shape_z);
    distance = std::max(distance, found->centre_distance_mm);
    std::vector<std::uint8_t> label_of(static_cast<std::size_t>(model.package.classes), 0);
    for (std::size_t i = 0; i < model.package.segments.size(); ++i) {
      const SegmentRule& rule = model.package.segments[i];
      if (rule.side == side.name) {
        label_of[static_cast<std::size_t>(rule.output)] = static_cast<std::uint8_t>(i + 1);
      }
    }
    paint(found->probabilities, steps.measure.threshold, label_of, grid, result.labels.labels);
  }
  signals["uncertain_share"] = uncertain;
  signals["component_share"] = component;
  signals["shape_z"] = shape;
  signals["centre_distance_mm"] = distance;
  return true;
}

/// Only CT has values that mean the same everywhere.
std::unique_ptr<VolumeSource> measured_values(const Volume& volume) {
  return volume.modality == "CT" ? std::make_unique<VolumeSource>(volume) : nullptr;
}

/// @param statistics  of the labels, if they are known
void measure_labels(const ModelPackage& package, const Device& device,
                    std::vector<LabelStatistics> statistics, SeriesResult& result,
                    Signals& signals) {
  Findings& f = result.findings;
  if (statistics.empty()) {
    const auto values = measured_values(*result.volume);
    statistics = label_statistics(device, result.labels.labels, result.volume->grid,
                                  static_cast<int>(package.segments.size()),
                                  values ? &values->view() : nullptr);
  }
  f.segments = describe_segments(package);
  f.findings = measure(package, statistics);
  f.asymmetries = asymmetries(package, f.findings);
  if (const LocalisedTwoPass* steps = package.localised()) {
    double smallest = 1e9, largest = 0;
    for (std::size_t i = 0; i < steps->localise.sides.size(); ++i) {
      smallest = std::min(smallest, f.findings[i].volume_mm3 / 1000);
      largest = std::max(largest, f.findings[i].volume_mm3 / 1000);
    }
    signals["smallest_side_ml"] = smallest;
    signals["largest_side_ml"] = largest;
    signals["side_difference"] = f.asymmetries.empty() ? 2 : std::abs(f.asymmetries.front().index);
    return;
  }
  double labelled = 0, found = 0;
  for (const Finding& finding : f.findings) {
    labelled += finding.volume_mm3 / 1000;
    found += finding.voxels > 0 ? 1 : 0;
  }
  signals["labelled_ml"] = labelled;
  signals["segments_found"] = found;
}

/// @return false if the gates so far, or the network, say no; why is in the findings
bool run_localised(LoadedModel& model, const PreparedSeries& series, const RunContext& context,
                   SeriesResult& result, Signals& signals) {
  Findings& f = result.findings;
  const Volume& seen = *series.seen().front();
  const VolumeSource source(seen);
  HeadContext head;
  head.source = series.uploaded ? series.uploaded->place() : kernels::SourcePlace{source.view()};
  notify(context.progress, "localise", 0, 1);
  {
    const StageTimer timer(f.timings, "localise");
    head.template_to_lps = find_head(*model.head_template, head.source, seen.grid, signals);
  }
  // Once more after the segmentation, with all signals.
  if (!gates_passed(evaluate_gates(model.package.gates, signals))) return false;
  head.lps_to_index = inverse(seen.grid.index_to_lps);
  notify(context.progress, "segment", 0, 1);
  const StageTimer timer(f.timings, "segment");
  return segment(model, *model.package.localised(), head, result, signals);
}

/// What the model sees, and where its labels are wanted.
struct Seen {
  std::vector<const Volume*> channels;
  const Grid& grid;
  DeviceLane* lane;
  const kernels::SourceOnDevice* uploaded;
};

/// Labels of the package's stages on the image's own grid, by the stages' names.
std::map<std::string, std::vector<std::uint8_t>> run_stages(LoadedModel& model, const Seen& seen,
                                                            const RunContext& context,
                                                            Timings& timings);

/// What is wanted of a model: its labels, its scores, or both.
struct Wanted {
  bool labels = true;
  bool scores = false;
  bool statistics = false;                      ///< of the labels, and
  const kernels::SourceView* values = nullptr;  ///< of this under them, if given
};

WindowedResult run_steps(LoadedModel& model, const Seen& seen, const RunContext& context,
                         const Wanted& wanted, Timings& timings);

/// Members see the image one after another; what they are asked for are scores.
WindowedResult run_ensemble(LoadedModel& model, const Seen& seen, const RunContext& context,
                            bool keep_scores, Timings& timings) {
  std::vector<KeptScores> scores;
  for (const std::string& name : model.package.ensemble()->of) {
    const auto& stages = model.package.stages;
    const auto found = std::find_if(stages.begin(), stages.end(),
                                    [&](const Stage& stage) { return stage.name == name; });
    LoadedModel& member = model.stages.at(static_cast<std::size_t>(found - stages.begin()));
    WindowedResult result = run_steps(member, seen, context, {false, true}, timings);
    scores.push_back(std::move(result.scores.front()));
    give_back(member);  // the next one may need it
  }
  const StageTimer timer(timings, "labels");
  WindowedResult result =
      decide_by_mean(model.package, std::move(scores), seen.grid, context.device);
  if (!keep_scores) result.scores.clear();
  return result;
}

WindowedResult run_steps(LoadedModel& model, const Seen& seen, const RunContext& context,
                         const Wanted& wanted, Timings& timings) {
  if (model.package.ensemble() != nullptr) {
    return run_ensemble(model, seen, context, wanted.scores, timings);
  }
  const auto labels = run_stages(model, seen, context, timings);
  WindowedTask task{seen.channels, seen.grid, model.package, *model.package.windowed()};
  for (std::size_t i = 0; i < model.stages.size(); ++i) {
    const ModelPackage& package = model.stages[i].package;
    StageLabels& stage = task.stages[model.package.stages[i].name];
    stage.labels = labels.at(model.package.stages[i].name);
    for (std::size_t n = 0; n < package.segments.size(); ++n) {
      stage.of_segments[package.segments[n].label] = static_cast<int>(n) + 1;
      stage.of_values[package.segments[n].value] = static_cast<int>(n) + 1;
    }
  }
  task.most_voxels = context.limits.max_volume_bytes / static_cast<std::int64_t>(sizeof(float));
  task.keep_scores = wanted.scores;
  task.decide = wanted.labels;
  task.measure = wanted.statistics;
  task.values = wanted.values;
  task.lane = seen.lane;
  task.uploaded = seen.uploaded;
  if (context.shared != nullptr) task.cache = &context.shared->image;
  return segment_by_windows(model.sessions, task, context.progress, timings);
}

std::map<std::string, std::vector<std::uint8_t>> run_stages(LoadedModel& model, const Seen& seen,
                                                            const RunContext& context,
                                                            Timings& timings) {
  std::map<std::string, std::vector<std::uint8_t>> labels;
  for (std::size_t i = 0; i < model.stages.size(); ++i) {
    const Seen whole{seen.channels, seen.channels.front()->grid, seen.lane, seen.uploaded};
    labels[model.package.stages[i].name] =
        run_steps(model.stages[i], whole, context, {}, timings).labels.labels;
    if (seen.lane != nullptr) give_back(model.stages[i]);  // memory of a GPU is for the next
  }
  return labels;
}

/// @return what the labels hold; of an ensemble's nothing
std::vector<LabelStatistics> run_windowed(LoadedModel& model, const Seen& seen,
                                          const RunContext& context, SeriesResult& result) {
  const auto values = measured_values(*result.volume);
  const Wanted wanted{true, context.keep_scores, true, values ? &values->view() : nullptr};
  WindowedResult found = run_steps(model, seen, context, wanted, result.findings.timings);
  result.labels = std::move(found.labels);
  result.scores = std::move(found.scores);
  return std::move(found.statistics);
}

/// Forgets what was shared of other images. Volumes that live for one model alone are not shared.
void share(const RunContext& context, const ChannelVolumes& channels) {
  if (context.shared == nullptr || (!channels.empty() && context.shared->channels == channels)) {
    return;
  }
  *context.shared = {channels, {}};
}

void withhold_numbers(SeriesResult& result) {
  result.findings.segments.clear();
  result.findings.findings.clear();
  result.findings.asymmetries.clear();
  result.labels.labels.clear();
  result.scores.clear();
}

/// Of the network's tensor: images, and labels of stages.
std::int64_t input_channels(const ModelPackage& package) {
  auto channels = static_cast<std::int64_t>(package.channels.size());
  for (const ImageStep& step : package.windowed()->image.steps) {
    if (const auto* labels = std::get_if<AddLabelsStep>(&step)) {
      channels += static_cast<std::int64_t>(labels->values.size());
    }
  }
  return channels;
}

}  // namespace

LoadedModel load_model(ModelPackage package, const std::filesystem::path& templates,
                       const Device& device, Precision precision) {
  std::optional<HeadTemplate> head_template;
  SessionOptions options;
  options.precision = precision;
  if (const LocalisedTwoPass* steps = package.localised()) {
    const TemplateUse& use = steps->localise.template_use;
    head_template = read_template(templates / use.file, use.sha256, use.package);
    const Size3& frame = steps->measure.frame;
    options.check_shape = TensorShape{1, 1, frame[2], frame[1], frame[0]};
  } else if (const WindowedSegmentation* windowed = package.windowed();
             windowed != nullptr && !windowed->window.whole_image && !windowed->window.planar) {
    const Size3& patch = windowed->window.patch;
    options.check_shape = TensorShape{1, input_channels(package), patch[2], patch[1], patch[0]};
  }
  LoadedModel model{std::move(package), std::move(head_template), {}, {}};
  for (const WeightsFile& weights : model.package.weights) {
    model.sessions.push_back(open_session(model.package, weights, device, options));
  }
  for (const Stage& stage : model.package.stages) {
    model.stages.push_back(load_model(*stage.package, templates, device, precision));
  }
  return model;
}

SeriesResult run_series(LoadedModel& model, PreparedSeries series, const RunContext& context) {
  const Device& device = context.device;
  SeriesResult result;
  Findings& f = result.findings;
  f = begin_findings(model, context);
  f.not_used.emplace_back("age norms: none is comparable with this protocol");
  for (const auto& [stage, ms] : series.timings.stages_ms) f.timings.add(stage, ms);
  const ChannelVolumes& channels = series.channels;
  result.volume = channels.front();
  f.source = std::move(series.source);
  for (std::size_t i = 1; i < channels.size(); ++i) {
    f.model.parameters.emplace_back("channel " + model.package.channels[i], name_of(*channels[i]));
  }
  share(context, series.even.empty() ? channels : ChannelVolumes{});
  Signals signals;
  std::vector<LabelStatistics> statistics;
  bool found = false;
  try {
    const InUse use(model);
    if (model.package.localised() != nullptr) {
      found = run_localised(model, series, context, result, signals);
    } else {
      statistics = run_windowed(
          model, {series.seen(), result.volume->grid, series.lane, series.uploaded.get()}, context,
          result);
      found = true;
    }
  } catch (const Error& error) {
    if (error.code() != ErrorCode::bad_input) throw;
    refuse(f, error.found());
  }
  f.device = describe_device(device, model);  // graphs were looked at
  if (device.backend == Backend::cuda) f.device_peak_bytes = device_arena(device).highest;
  if (found) {
    const StageTimer timer(f.timings, "measure");
    measure_labels(model.package, device, std::move(statistics), result, signals);
  }
  const bool passed = judge(f, model.package, signals);
  if (!found || !passed) {
    withhold_numbers(result);
    return result;
  }
  f.status = Status::complete;
  return result;
}

}  // namespace osler
