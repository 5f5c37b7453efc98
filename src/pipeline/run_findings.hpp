#pragma once
// What findings say before and after a model has run, whatever it is that it finds. Inside the room
// only.

#include <string>
#include <vector>

#include "findings/findings.hpp"
#include "findings/gates.hpp"
#include "pipeline/run_series.hpp"

namespace osler {

/// Voxels of the head when it is looked for.
inline constexpr double kCoarseSpacingMm = 2.0;

/// Model, device, settings, times so far, and what is never used.
Findings begin_findings(const LoadedModel& model, const RunContext& context);

/// "cpu (4 threads, fused graph)", "cuda:0 (NVIDIA H100 80GB HBM3, fused graph, fp16)". Of an
/// ensemble the graphs of its members, each once.
std::string describe_device(const Device& device, const LoadedModel& model);

SourceSeries describe_source(const Volume& volume, const std::vector<Reason>& warnings);

/// Status partial, and why.
void refuse(Findings& findings, std::string reason);

/// Gates of the signals so far; sentences for those that refuse. @return true if all passed
bool judge(Findings& findings, const ModelPackage& package, const Signals& signals);

/// Each channel with evenly spaced slices. @return empty: they are
std::vector<Volume> evened(const ChannelVolumes& channels, const dicom::Limits& limits);

/// Memory that the networks keep for the next run.
void give_back(LoadedModel& model);

/// A model in use; behind it, also if it fails, all is given back: what LibTorch keeps on a study's
/// stream must not outlast the study.
class InUse {
 public:
  explicit InUse(LoadedModel& model) : model_(model) {}
  ~InUse() { give_back(model_); }
  InUse(const InUse&) = delete;
  InUse& operator=(const InUse&) = delete;

 private:
  LoadedModel& model_;
};

}  // namespace osler
