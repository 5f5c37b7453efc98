#include "infer/sliding_window.hpp"

#include <torch/script.h>

#include <algorithm>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "core/error.hpp"
#include "infer/activation_memory.hpp"
#include "infer/out_of_memory.hpp"
#include "infer/pointwise_cpu.hpp"
#include "infer/score_sums.hpp"
#include "infer/torch_device.hpp"

namespace osler {
namespace {

using kernels::FloatType;

constexpr int kMostAtOnce = 16;
constexpr std::int64_t kBytesOfSlab = std::int64_t{128} << 20;
constexpr double kShareOfFreeMemory = 0.8;  // the allocator keeps blocks of its own sizes

at::ScalarType scalar_type(Precision precision) {
  return precision == Precision::f16    ? at::kHalf
         : precision == Precision::bf16 ? at::kBFloat16
                                        : at::kFloat;
}

FloatType float_type(at::ScalarType type) {
  return type == at::kHalf ? FloatType::f16
                           : (type == at::kBFloat16 ? FloatType::bf16 : FloatType::f32);
}

/// One pass over the windows.
class Run {
 public:
  Run(std::span<Session> sessions, const kernels::ImageView& image,
      const SlidingWindowOptions& options, const Stream* stream)
      : sessions_(sessions),
        image_(image),
        options_(options),
        stream_(stream),
        windows_(place_windows(image.size, options.windows)),
        device_(torch_device(sessions.front().device())),
        at_once_(options.batch > 0 ? options.batch : 1) {
    if (options.planar && windows_.patch[2] != 1) {
      throw Error(ErrorCode::bad_argument, "planar windows of more than one plane");
    }
    // The layers of several networks differ, and so do the features before them.
    const bool alone = sessions.size() == 1 && !options.in_halves;
    const LastLayer* last = stream == nullptr && alone ? sessions.front().last_layer() : nullptr;
    if (last != nullptr && last->outputs() > last->channels) last_layer_ = last;
    weights_ = at::from_blob(windows_.weights.data(),
                             {static_cast<std::int64_t>(windows_.weights.size())}, at::kFloat)
                   .to(device_);
    if (stream != nullptr && options.batch > 0) expect_runs();
  }

  void run(const Progress& progress, const TakeSlab& take) {
    const auto& z = windows_.begins[2];
    std::int64_t done = 0, cell = 0;
    for (std::size_t i = 0; i < z.size(); ++i) {
      const std::vector<kernels::PatchTask> layer = layer_at(z[i]);
      for (std::size_t next = 0; next < layer.size();) {
        notify(progress, "segment", done, runs());
        // In halves a window is blended once, with all that it was shown as.
        const std::size_t wanted =
            options_.in_halves ? windows_.flips.size() : static_cast<std::size_t>(at_once_);
        const std::size_t n = std::min(wanted, layer.size() - next);
        if (!try_batch({layer.data() + next, n})) continue;
        next += n;
        done += static_cast<std::int64_t>(n * sessions_.size());
      }
      const bool last = i + 1 == z.size();
      const std::int64_t end = last ? INT64_MAX : z[i + 1] - 1;
      give(cell, end, take);
      if (last) break;
      for (Sums& sums : sums_) sums.begin_at(end);
      cell = end;
    }
    notify(progress, "segment", done, runs());
  }

 private:
  std::int64_t runs() const {
    return windows_.runs() * static_cast<std::int64_t>(sessions_.size());
  }

  /// Final scores of planes begin ... end - 1, if they are not the sums themselves: halves where
  /// nothing follows that needs more and nobody asked for single precision.
  at::Tensor made_of_sums(std::int64_t begin, std::int64_t end) const {
    at::Tensor scores = last_layer_ != nullptr ? sums_[0].through(*last_layer_, begin, end)
                                               : sums_[0].planes(begin, end);
    const auto half = [](const at::Tensor& t) { return t.to(at::kHalf).to(at::kFloat); };
    const bool single = sums_.size() > 1 || options_.activation != ScoreActivation::none ||
                        options_.sums == FloatType::f32;
    if (single) scores = scores.to(at::kFloat);
    for (std::size_t i = 1; i < sums_.size(); ++i) {
      scores = half(scores + sums_[i].planes(begin, end).to(at::kFloat));
    }
    if (sums_.size() > 1) scores = half(scores / static_cast<double>(sums_.size()));
    if (!options_.order.empty()) {
      const std::vector<std::int64_t> order(options_.order.begin(), options_.order.end());
      scores = scores.index_select(0, at::tensor(order, at::kLong).to(scores.device()));
    }
    switch (options_.activation) {
      case ScoreActivation::softmax:
        return at::softmax(scores, 0);
      case ScoreActivation::sigmoid:
        return at::sigmoid(scores);
      case ScoreActivation::none:
        break;
    }
    return scores;
  }

  /// Cells begin ... end - 1, whose planes are final.
  void give(std::int64_t begin, std::int64_t end, const TakeSlab& take) const {
    const Backend memory = sums_[0].on_host() ? Backend::cpu : Backend::cuda;
    if (last_layer_ == nullptr && options_.activation == ScoreActivation::none &&
        options_.order.empty() && !options_.in_halves) {
      take({sums_[0].view().view(), memory, begin, end});
      return;
    }
    const Size3& n = windows_.image;
    const int outputs =
        last_layer_ != nullptr ? static_cast<int>(last_layer_->outputs()) : sums_[0].view().classes;
    const std::int64_t plane_bytes =
        outputs * n[0] * n[1] * static_cast<std::int64_t>(sizeof(float));
    const std::int64_t at_once = std::max<std::int64_t>(kBytesOfSlab / plane_bytes - 1, 1);
    while (begin < std::min(end, n[2])) {
      const bool rest = end - begin <= at_once || n[2] - begin <= at_once;
      const std::int64_t cells_end = rest ? end : begin + at_once;
      const std::int64_t planes_end = std::min(cells_end, n[2] - 1) + 1;
      const ActivationMemory kept;
      const at::Tensor scores = made_of_sums(begin, planes_end);
      const FloatType type = scores.scalar_type() == at::kHalf ? FloatType::f16 : FloatType::f32;
      take({{scores.data_ptr(), type, outputs, n, begin, planes_end - begin},
            memory,
            begin,
            cells_end});
      if (rest) return;
      begin = cells_end;
    }
  }

  /// All windows that begin at this z, each as often as it is flipped.
  std::vector<kernels::PatchTask> layer_at(std::int64_t z) const {
    std::vector<kernels::PatchTask> layer;
    for (const std::int64_t y : windows_.begins[1]) {
      for (const std::int64_t x : windows_.begins[0]) {
        for (const auto& flipped : windows_.flips) {
          layer.push_back({{x, y, z},
                           windows_.patch,
                           flipped,
                           options_.windows.beyond,
                           options_.windows.value});
        }
      }
    }
    return layer;
  }

  /// @return false if memory did not suffice and less is wanted now
  bool try_batch(std::span<const kernels::PatchTask> batch) {
    try {
      const bool measures = stream_ != nullptr && options_.batch == 0 && !measured_;
      if (measures) measure_from_here();
      if (options_.in_halves) {
        blend_in_halves(batch);
      } else {
        const at::Tensor x = patches_of(batch);
        at::Tensor scores = scores_of(sessions_.front(), x);
        for (Session& session : sessions_.subspan(1)) scores = scores + scores_of(session, x);
        blend(batch, std::move(scores));
      }
      if (measures) choose_at_once();
      return true;
    } catch (const c10::OutOfMemoryError&) {
      if (stream_ == nullptr) refuse_for_memory(sessions_.front().device());
      for (Session& session : sessions_) session.give_back();
      empty_device_cache();
      if (at_once_ > 1) {
        at_once_ /= 2;
      } else if (!sums_in_host_memory_) {
        sums_in_host_memory_ = true;
        for (Sums& sums : sums_) sums.to_host();
      } else {
        refuse_for_memory(sessions_.front().device());
      }
      return false;
    }
  }

  at::Tensor patches_of(std::span<const kernels::PatchTask> batch) const {
    const auto n = static_cast<std::int64_t>(batch.size());
    const Size3& patch = windows_.patch;
    const at::ScalarType type = scalar_type(sessions_.front().precision());
    at::Tensor x = at::empty({n, image_.channels, patch[2], patch[1], patch[0]},
                             at::TensorOptions(type).device(device_));
    for (std::int64_t i = 0; i < n; ++i) {
      const at::Tensor to = x[i];
      const kernels::PatchTask& task = batch[static_cast<std::size_t>(i)];
      if (stream_ == nullptr) {
        kernels::gather_patch_cpu(image_, task, FloatType::f32,
                                  std::as_writable_bytes(std::span(
                                      to.data_ptr<float>(), static_cast<std::size_t>(to.numel()))));
      } else {
        kernels::gather_patch_cuda(image_, task, float_type(type), to.data_ptr(), *stream_);
      }
    }
    return x;
  }

  at::Tensor scores_of(Session& session, const at::Tensor& x) {
    at::Tensor y = run_network(session, x);
    if (y.dim() != x.dim()) {
      throw Error(ErrorCode::model, "the network gives one score per class",
                  "scores on the grid of its input");
    }
    if (y.size(0) != x.size(0) || y.sizes().slice(2) != x.sizes().slice(2)) {
      const auto sizes = [](const at::Tensor& t) {
        std::ostringstream words;  // LibTorch brings headers of another fmt
        words << t.size(4) << " x " << t.size(3) << " x " << t.size(2);
        return words.str();
      };
      throw Error(ErrorCode::model,
                  "the network gives " + sizes(y) + " voxels for a window of " + sizes(x),
                  "scores on the grid of its input");
    }
    return y;
  }

  at::Tensor run_network(Session& session, const at::Tensor& x) {
    const at::Tensor seen = options_.planar ? x.squeeze(2) : x;
    const at::Tensor y =
        last_layer_ != nullptr ? run_before_last_layer(session, seen) : session.run(seen);
    return options_.planar && y.dim() == seen.dim() ? y.unsqueeze(2) : y;
  }

  /// The fused graph was compared on a smaller window; what fails on this one runs as a whole.
  at::Tensor run_before_last_layer(Session& session, const at::Tensor& x) {
    if (!sums_.empty()) return session.run_before_last_layer(x);
    try {
      return session.run_before_last_layer(x);
    } catch (const Error&) {
      last_layer_ = nullptr;
      return session.run(x);
    }
  }

  FloatType type_of_sums(std::int64_t channels) const {
    if (options_.sums) return *options_.sums;
    const Size3& n = windows_.image;
    const std::int64_t planes = std::min(windows_.patch[2] + 1, n[2]);
    const std::int64_t bytes =
        channels * planes * n[0] * n[1] * static_cast<std::int64_t>(sizeof(float));
    return bytes <= kMostBytesOfSums ? FloatType::f32 : FloatType::f16;
  }

  /// The mean over what each window is shown as, per network, then each into its own sums.
  void blend_in_halves(std::span<const kernels::PatchTask> batch) {
    std::vector<at::Tensor> means;
    for (Session& session : sessions_) {
      at::Tensor sum;
      for (std::size_t i = 0; i < batch.size(); i += static_cast<std::size_t>(at_once_)) {
        const auto part = batch.subspan(i, std::min<std::size_t>(at_once_, batch.size() - i));
        const at::Tensor y = scores_of(session, patches_of(part)).to(at::kFloat);
        for (std::size_t k = 0; k < part.size(); ++k) {
          std::vector<std::int64_t> axes;
          for (std::int64_t a = 0; a < 3; ++a) {
            if (part[k].flipped[static_cast<std::size_t>(a)]) axes.push_back(3 - a);
          }
          const at::Tensor one = y[static_cast<std::int64_t>(k)].flip(axes);
          sum = sum.defined() ? sum + one : one;
        }
      }
      means.push_back(sum / static_cast<double>(batch.size()));
    }
    kernels::PatchTask window = batch.front();
    window.flipped = {};
    // What takes memory comes first: a window that was blended must not come again.
    for (std::size_t i = 0; i < means.size(); ++i) {
      means[i] = to_blend(i, means[i].unsqueeze(0));
    }
    for (std::size_t i = 0; i < means.size(); ++i) blend_into(i, {&window, 1}, means[i], 1);
  }

  void blend(std::span<const kernels::PatchTask> batch, at::Tensor y) {
    blend_into(0, batch, to_blend(0, std::move(y)),
               1 / static_cast<float>(windows_.flips.size() * sessions_.size()));
  }

  static bool is_classes_last(const at::Tensor& y) {
    return !y.is_contiguous() && y.is_contiguous(at::MemoryFormat::ChannelsLast3d);
  }

  /// Where the sums are, in a type and an order that the kernels take. Makes the sums.
  at::Tensor to_blend(std::size_t number, at::Tensor y) {
    if (sums_.size() <= number) {
      const auto classes = static_cast<int>(y.size(1));
      sums_.emplace_back(windows_, classes,
                         options_.in_halves ? FloatType::f16 : type_of_sums(classes),
                         sums_in_host_memory_ ? at::Device(at::kCPU) : device_,
                         sums_in_host_memory_ || stream_ == nullptr, options_.in_halves);
    }
    if (!is_classes_last(y)) y = y.contiguous();
    if (sums_[number].on_host() && !y.is_cpu()) y = y.cpu();
    return float_type(y.scalar_type()) == FloatType::f32 ? y.to(at::kFloat) : y;
  }

  /// @param y  of to_blend
  void blend_into(std::size_t number, std::span<const kernels::PatchTask> batch,
                  const at::Tensor& y, float factor) {
    const Sums& sums = sums_[number];
    kernels::PatchScores scores;
    scores.type = float_type(y.scalar_type());
    scores.layout = is_classes_last(y) ? kernels::ScoreLayout::classes_last
                                       : kernels::ScoreLayout::classes_first;
    scores.classes = static_cast<int>(y.size(1));
    const at::Tensor& weights = sums.on_host() && !weights_.is_cpu() ? host_weights() : weights_;
    for (std::size_t i = 0; i < batch.size(); ++i) {
      scores.scores = y[static_cast<std::int64_t>(i)].data_ptr();
      const kernels::BlendTask task{batch[i], weights.data_ptr<float>(), sums.share(), factor};
      if (sums.on_host()) {
        kernels::blend_patch_cpu(scores, task, sums.view());
      } else {
        kernels::blend_patch_cuda(scores, task, sums.view(), *stream_);
      }
    }
  }

  const at::Tensor& host_weights() {
    if (!host_weights_.defined()) host_weights_ = weights_.cpu();
    return host_weights_;
  }

  void measure_from_here() const {
    stream_->synchronize();
    reset_device_arena_peak(sessions_.front().device());
  }

  /// By what the first window took beyond what it left behind.
  void choose_at_once() {
    measured_ = true;
    stream_->synchronize();
    const Device& device = sessions_.front().device();
    const DeviceArena arena = device_arena(device);
    const auto one = static_cast<double>(std::max(arena.peak, arena.used + 1) - arena.used);
    const auto idle = static_cast<double>(std::max(arena.reserved, arena.used) - arena.used);
    const double free = static_cast<double>(free_device_memory(device)) + idle;
    at_once_ =
        static_cast<int>(std::clamp(kShareOfFreeMemory * free / one, 1.0, 1.0 * kMostAtOnce));
    expect_runs();
  }

  void expect_runs() {
    for (Session& session : sessions_) session.expect_runs(windows_.runs() / at_once_);
  }

  std::span<Session> sessions_;
  const kernels::ImageView& image_;
  const SlidingWindowOptions& options_;
  const Stream* stream_;
  Windows windows_;
  at::Device device_;
  at::Tensor weights_, host_weights_;
  std::vector<Sums> sums_;                 ///< one; in halves one per network
  const LastLayer* last_layer_ = nullptr;  ///< what is summed is its input
  int at_once_;
  bool measured_ = false;
  bool sums_in_host_memory_ = false;
};

}  // namespace

void run_sliding_window(std::span<Session> sessions, const kernels::ImageView& image,
                        const SlidingWindowOptions& options, const Stream* stream,
                        const Progress& progress, const TakeSlab& take) {
  const c10::InferenceMode guard;
  const OnStream on(stream);
  Run(sessions, image, options, stream).run(progress, take);
}

}  // namespace osler
