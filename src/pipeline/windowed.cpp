#include "pipeline/windowed.hpp"

#include <chrono>
#include <cstring>
#include <optional>
#include <span>
#include <vector>

#include "core/error.hpp"
#include "infer/sliding_window.hpp"
#include "pipeline/device_lane.hpp"
#include "pipeline/label_target.hpp"
#include "pipeline/shown_image.hpp"
#include "preprocess/step_kernels.hpp"

namespace osler {
namespace {

WindowSettings settings_of(const WindowStep& step, const Size3& image) {
  WindowSettings settings;
  if (step.whole_image) {
    settings.rule = WindowRule::monai;
    settings.patch = image;
    if (step.planar) settings.patch[2] = 1;
    settings.step = {1, 1, 1};
    settings.gaussian = false;
    return settings;
  }
  settings.rule = step.rule == WindowStep::Rule::monai ? WindowRule::monai : WindowRule::nnunet;
  settings.patch = step.patch;
  settings.step = step.step;
  if (step.planar) settings.step[2] = 1;  // each slice once
  settings.gaussian = step.gaussian;
  settings.sigma_scale = step.sigma_scale;
  settings.mirrored = step.mirrored;
  settings.beyond = beyond_of(step.beyond);
  settings.value = static_cast<float>(step.value);
  return settings;
}

ScoreActivation activation_of(Activation activation) {
  switch (activation) {
    case Activation::softmax:
      return ScoreActivation::softmax;
    case Activation::sigmoid:
      return ScoreActivation::sigmoid;
    case Activation::none:
      break;
  }
  return ScoreActivation::none;
}

SlidingWindowOptions options_of(const WindowedTask& task, const Size3& image) {
  SlidingWindowOptions options;
  options.windows = settings_of(task.steps.window, image);
  options.activation = activation_of(task.steps.labels.activation);
  options.planar = task.steps.window.planar;
  options.order = task.steps.labels.order;
  options.in_halves = task.steps.window.in_halves;
  // A whole image is one window: nothing is summed, and rounding would only make ties.
  if (task.keep_scores || task.steps.window.whole_image) options.sums = kernels::FloatType::f32;
  return options;
}

/// The time that a callback takes is not the network's.
class Shares {
 public:
  /// @param stream  of a GPU, which is waited for: else the time is that of queueing
  Shares(Timings& timings, const Stream* stream) : timings_(timings), stream_(stream) {}
  ~Shares() {
    const double all = milliseconds(start_);
    timings_.add("network", all - labels_ms_);
    timings_.add("labels", labels_ms_);
  }
  Shares(const Shares&) = delete;
  Shares& operator=(const Shares&) = delete;

  template <typename F>
  void labels(F&& work) {
    if (stream_ != nullptr) stream_->synchronize();
    const auto start = std::chrono::steady_clock::now();
    work();
    if (stream_ != nullptr) stream_->synchronize();
    labels_ms_ += milliseconds(start);
  }

 private:
  static double milliseconds(std::chrono::steady_clock::time_point since) {
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - since)
        .count();
  }

  Timings& timings_;
  const Stream* stream_;
  double labels_ms_ = 0;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace

WindowedResult segment_by_windows(std::span<Session> sessions, const WindowedTask& task,
                                  const Progress& progress, Timings& timings) {
  const Device& device = sessions.front().device();
  if ((device.backend == Backend::cuda) != (task.lane != nullptr)) {
    throw Error(ErrorCode::bad_argument,
                "a study on a GPU has a lane there, on the CPU it has none");
  }
  const Stream* on = task.lane != nullptr ? &task.lane->stream : nullptr;
  std::optional<ShownImage> image(std::in_place);
  {
    const StageTimer timer(timings, "resample");
    show(device, task, *image);
  }
  LabelTarget target(task, image->grid);
  WindowedResult result;
  result.labels.grid = task.grid;
  Shares shares(timings, on);
  run_sliding_window(sessions, image->view(), options_of(task, image->grid.network.size), on,
                     progress,
                     [&](const ScoreSlab& slab) { shares.labels([&] { target.take(slab); }); });
  image.reset();
  if (task.decide) {
    shares.labels([&] {
      result.labels.labels = target.finish(device);
      result.statistics = target.take_statistics();
    });
  }
  if (task.keep_scores) result.scores.push_back(target.take_scores());
  return result;
}

}  // namespace osler
