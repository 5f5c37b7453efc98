#include "pipeline/run_findings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <utility>

#include "core/sha256.hpp"
#include "core/version.hpp"
#include "findings/measure.hpp"
#include "postprocess/labels.hpp"
#include "preprocess/localise.hpp"
#include "volume/regular.hpp"

namespace osler {
namespace {

/// Of what can change a result and is in neither the input nor the package.
std::string configuration_digest(const Device& device, Precision precision) {
  const std::string text = fmt::format(
      "osler {};backend {};precision {};coarse spacing {} mm;evidence bound {};localise seed {}",
      kVersion, device.backend == Backend::cpu ? "cpu" : "cuda", to_string(precision),
      kCoarseSpacingMm, kEvidenceBound, LocaliseOptions{}.seed);
  return sha256_hex(std::as_bytes(std::span(text.data(), text.size())));
}

/// The first of its own; of an ensemble its members'. All are of one precision.
std::vector<const Session*> sessions_of(const LoadedModel& model) {
  if (!model.sessions.empty()) return {&model.sessions.front()};
  std::vector<const Session*> sessions;
  for (const LoadedModel& member : model.stages) sessions.push_back(&member.sessions.front());
  return sessions;
}

}  // namespace

Findings begin_findings(const LoadedModel& model, const RunContext& context) {
  Findings f;
  f.timings = context.timings;
  f.model = describe_model(model.package);
  f.device = describe_device(context.device, model);
  f.configuration_digest =
      configuration_digest(context.device, sessions_of(model).front()->precision());
  f.not_used = {"earlier studies of this patient: none were given",
                "the patient's record: none was given"};
  return f;
}

std::string describe_device(const Device& device, const LoadedModel& model) {
  if (!device.name.ends_with(')')) return device.name;
  std::vector<std::string> graphs;
  for (const Session* session : sessions_of(model)) {
    std::string graph = session->graph();
    if (std::find(graphs.begin(), graphs.end(), graph) == graphs.end()) {
      graphs.push_back(std::move(graph));
    }
  }
  std::string words = device.name.substr(0, device.name.size() - 1);
  for (const std::string& graph : graphs) words += ", " + graph;
  if (device.backend == Backend::cuda) {
    words += fmt::format(", {}", to_string(sessions_of(model).front()->precision()));
  }
  return words + ")";
}

SourceSeries describe_source(const Volume& volume, const std::vector<Reason>& warnings) {
  SourceSeries source;
  const SliceSource& first = volume.slices.front();
  if (first.sop_instance_uid.empty()) source.file = first.file.filename().string();
  source.study_uid = volume.study_uid;
  source.series_uid = volume.series_uid;
  source.frame_of_reference_uid = volume.frame_of_reference_uid;
  source.modality = volume.modality;
  source.instances = volume.slices;
  source.warnings = warnings;
  source.lossy = volume.lossy;
  source.pixel_digest = sha256_hex({volume.voxels.get(), volume.bytes()});
  return source;
}

void refuse(Findings& findings, std::string reason) {
  findings.status = Status::partial;
  findings.refusals.push_back(std::move(reason));
}

bool judge(Findings& findings, const ModelPackage& package, const Signals& signals) {
  findings.gates = evaluate_gates(package.gates, signals);
  for (const Gate& gate : findings.gates) {
    if (gate.passed || gate.level != GateLevel::refuse) continue;
    refuse(findings,
           fmt::format("quality gate {} failed: {:.3g}, wanted {} {:.3g}: {}", gate.name,
                       gate.value, gate.at_least ? "at least" : "at most",
                       gate.at_least ? *gate.at_least : gate.at_most.value_or(0), gate.meaning));
  }
  return gates_passed(findings.gates);
}

std::vector<Volume> evened(const ChannelVolumes& channels, const dicom::Limits& limits) {
  std::vector<Volume> even;
  if (channels.front()->grid.is_regular()) return even;
  for (const SharedVolume& channel : channels) even.push_back(make_regular(*channel, limits));
  return even;
}

void give_back(LoadedModel& model) {
  for (Session& session : model.sessions) session.give_back();
  for (LoadedModel& stage : model.stages) give_back(stage);
}

}  // namespace osler
