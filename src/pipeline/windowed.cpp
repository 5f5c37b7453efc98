#include "pipeline/windowed.hpp"

#include <algorithm>
#include <chrono>
#include <span>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "infer/sliding_window.hpp"
#include "kernels/labels_back.hpp"
#include "kernels/resample.hpp"
#include "preprocess/network_grid.hpp"
#include "preprocess/source.hpp"

namespace osler {
namespace {

WindowSettings settings_of(const WindowStep& step) {
  WindowSettings settings;
  settings.rule = step.rule == WindowStep::Rule::monai ? WindowRule::monai : WindowRule::nnunet;
  settings.patch = step.patch;
  settings.step = step.step;
  settings.gaussian = step.gaussian;
  settings.sigma_scale = step.sigma_scale;
  settings.mirrored = step.mirrored;
  settings.beyond =
      step.beyond == WindowStep::Beyond::value
          ? kernels::Beyond::value
          : (step.beyond == WindowStep::Beyond::outermost ? kernels::Beyond::outermost
                                                          : kernels::Beyond::mirrored);
  settings.value = static_cast<float>(step.value);
  return settings;
}

/// All but the slab that is decided.
kernels::LabelsBackTask labels_task(const WindowedTask& task, const NetworkGrid& network) {
  kernels::LabelsBackTask back;
  back.out_size = task.grid.size;
  back.slice_at = task.grid.slice_at;
  const Affine to_network = inverse(network.to_source);
  back.out_to_in =
      &task.grid == &task.image.grid
          ? to_network
          : to_network * (inverse(task.image.grid.index_to_lps) * task.grid.index_to_lps);
  back.decision =
      task.steps.labels.regions ? kernels::Decision::regions : kernels::Decision::highest;
  back.threshold = static_cast<float>(task.steps.labels.threshold);
  back.label_of.assign(static_cast<std::size_t>(task.package.classes), 0);
  for (std::size_t i = 0; i < task.package.segments.size(); ++i) {
    const auto output = static_cast<std::size_t>(task.package.segments[i].output);
    back.label_of[output] = static_cast<std::uint8_t>(i + 1);
  }
  return back;
}

void check_classes(const kernels::ScoresView& scores, const ModelPackage& package) {
  if (scores.classes == package.classes) return;
  throw Error(ErrorCode::model,
              "the network gives " + std::to_string(scores.classes) + " classes; model.json says " +
                  std::to_string(package.classes),
              "one channel per class, background included");
}

/// The time that a callback takes is not the network's.
class Shares {
 public:
  explicit Shares(Timings& timings) : timings_(timings) {}
  ~Shares() {
    const double all = milliseconds(start_);
    timings_.add("network", all - labels_ms_);
    timings_.add("labels", labels_ms_);
  }
  Shares(const Shares&) = delete;
  Shares& operator=(const Shares&) = delete;

  template <typename F>
  void labels(F&& work) {
    const auto start = std::chrono::steady_clock::now();
    work();
    labels_ms_ += milliseconds(start);
  }

 private:
  static double milliseconds(std::chrono::steady_clock::time_point since) {
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - since)
        .count();
  }

  Timings& timings_;
  double labels_ms_ = 0;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

/// What both devices need, made once.
struct Prepared {
  VolumeSource source;
  NetworkGrid network;
  kernels::ResampleTask resample;
  SlidingWindowOptions options;
  kernels::LabelsBackTask back;

  Prepared(const Device& device, const WindowedTask& task)
      : source(task.image),
        network(place_network_grid(task.image.grid, task.steps.resample, task.most_voxels)),
        resample(resample_task(network, task.steps.resample,
                               normalisation_of(device, source.view(), task.steps.normalise))),
        options{settings_of(task.steps.window), {}, 0},
        back(labels_task(task, network)) {}
};

void segment_on_cpu(Session& session, const WindowedTask& task, Prepared& p,
                    const Progress& progress, Timings& timings, std::span<std::uint8_t> labels) {
  std::vector<float> image;
  {
    const StageTimer timer(timings, "resample");
    image.resize(static_cast<std::size_t>(voxel_count(p.network.size)));
    kernels::resample(session.device(), p.source.view(), p.resample, image);
  }
  Shares shares(timings);
  run_sliding_window(
      session, {image.data(), 1, p.network.size}, p.options, nullptr, progress,
      [&](const ScoreSlab& slab) {
        check_classes(slab.scores, task.package);
        p.back.cell_begin = slab.cell_begin;
        p.back.cell_end = slab.cell_end;
        shares.labels([&] { kernels::labels_back_cpu(slab.scores, p.back, labels); });
      });
}

/// Stored integers on the device, and where the view of them points to.
struct SourceOnDevice {
  DeviceBuffer voxels, slope, intercept;
  kernels::SourceView view;

  SourceOnDevice(const Volume& image, const kernels::SourceView& host, const Stream& stream)
      : voxels(image.bytes(), stream),
        slope(static_cast<std::size_t>(host.size[2]) * sizeof(float), stream),
        intercept(slope.bytes(), stream),
        view(host) {
    copy_to_device({image.voxels.get(), image.bytes()}, voxels, stream);
    copy_to_device(std::as_bytes(std::span(host.slope, slope.bytes() / sizeof(float))), slope,
                   stream);
    copy_to_device(std::as_bytes(std::span(host.intercept, slope.bytes() / sizeof(float))),
                   intercept, stream);
    view.voxels = voxels.data();
    view.slope = static_cast<const float*>(slope.data());
    view.intercept = static_cast<const float*>(intercept.data());
  }
};

void segment_on_gpu(Session& session, const WindowedTask& task, Prepared& p,
                    const Progress& progress, Timings& timings, std::span<std::uint8_t> labels) {
  const Stream stream(session.device());
  const auto values = static_cast<std::size_t>(voxel_count(p.network.size));
  const DeviceBuffer image(values * sizeof(float), stream);
  {
    const StageTimer timer(timings, "resample");
    const SourceOnDevice source(task.image, p.source.view(), stream);
    const DeviceBuffer scratch(kernels::resample_scratch_bytes(source.view, p.resample), stream);
    kernels::resample_cuda(source.view, p.resample, image.data(), scratch.data(), stream);
    stream.synchronize();
  }
  const DeviceBuffer found(labels.size(), stream);
  copy_to_device(std::as_bytes(labels), found, stream);  // all background
  // Where the scores did not fit, the rest is decided here; each voxel is decided once.
  std::vector<std::uint8_t> decided_here;
  Shares shares(timings);
  run_sliding_window(session, {static_cast<const float*>(image.data()), 1, p.network.size},
                     p.options, &stream, progress, [&](const ScoreSlab& slab) {
                       check_classes(slab.scores, task.package);
                       p.back.cell_begin = slab.cell_begin;
                       p.back.cell_end = slab.cell_end;
                       shares.labels([&] {
                         if (slab.memory == Backend::cpu) {
                           decided_here.resize(labels.size());
                           kernels::labels_back_cpu(slab.scores, p.back, decided_here);
                           return;
                         }
                         const DeviceBuffer scratch(
                             kernels::labels_back_scratch_bytes(slab.scores, p.back), stream);
                         kernels::labels_back_cuda(slab.scores, p.back,
                                                   static_cast<std::uint8_t*>(found.data()),
                                                   scratch.data(), stream);
                       });
                     });
  shares.labels([&] {
    copy_to_host(found, std::as_writable_bytes(labels), stream);
    stream.synchronize();
    for (std::size_t i = 0; i < decided_here.size(); ++i) labels[i] |= decided_here[i];
  });
}

}  // namespace

LabelMap segment_by_windows(Session& session, const WindowedTask& task, const Progress& progress,
                            Timings& timings) {
  LabelMap result;
  result.grid = task.grid;
  result.labels.assign(static_cast<std::size_t>(voxel_count(task.grid.size)), 0);
  Prepared prepared(session.device(), task);
  const bool gpu = session.device().backend == Backend::cuda;
  (gpu ? segment_on_gpu : segment_on_cpu)(session, task, prepared, progress, timings,
                                          result.labels);
  return result;
}

}  // namespace osler
