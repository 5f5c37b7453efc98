#include "infer/sliding_window.hpp"

#include <c10/core/CachingDeviceAllocator.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <torch/script.h>

#include <algorithm>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "core/error.hpp"
#include "infer/activation_memory.hpp"
#include "infer/pointwise_cpu.hpp"

namespace osler {
namespace {

using kernels::FloatType;

constexpr int kMostAtOnce = 16;
constexpr std::int64_t kBytesOfSlab = std::int64_t{256} << 20;
constexpr double kShareOfFreeMemory = 0.8;  // the allocator keeps blocks of its own sizes

at::ScalarType scalar_type(FloatType type) {
  return type == FloatType::f32 ? at::kFloat : (type == FloatType::f16 ? at::kHalf : at::kBFloat16);
}

/// LibTorch works on this stream while this lives. Its CUDA library is not linked: a stream that is
/// not its own has the pointer as its number (c10::cuda::getStreamFromExternal).
class OnStream {
 public:
  explicit OnStream(const Stream* stream) {
    if (stream == nullptr) return;
    const at::Device device(at::kCUDA, static_cast<c10::DeviceIndex>(stream->device_index()));
    guard_.emplace(at::kCUDA);
    before_ = guard_->exchangeStream(c10::Stream(
        c10::Stream::UNSAFE, device, reinterpret_cast<c10::StreamId>(stream->native())));
  }
  ~OnStream() {
    if (guard_) guard_->exchangeStream(*before_);
  }
  OnStream(const OnStream&) = delete;
  OnStream& operator=(const OnStream&) = delete;

 private:
  std::optional<c10::impl::VirtualGuardImpl> guard_;
  std::optional<c10::Stream> before_;
};

/// Sums of weighted scores for the planes that windows still add to, and what a weight counts
/// there.
class Sums {
 public:
  Sums(const Windows& windows, int classes, FloatType type, const at::Device& device)
      : windows_(windows), type_(type), device_(device) {
    const Size3& n = windows.image;
    planes_ = std::min(windows.patch[2] + 1, n[2]);
    const ActivationMemory kept;  // large pages: classes lie far apart
    scores_ = at::zeros({classes, planes_, n[1], n[0]},
                        at::TensorOptions(scalar_type(type)).device(device));
    share_ = at::empty({planes_, n[1], n[0]}, at::TensorOptions(at::kFloat).device(device));
    fill_share(0);
  }

  kernels::ScoreSums view() const {
    return {scores_.data_ptr(), type_,        static_cast<int>(scores_.size(0)),
            windows_.image,     first_plane_, planes_};
  }
  const float* share() const { return share_.data_ptr<float>(); }
  bool on_host() const { return device_.is_cpu(); }

  /// The layer's value for planes begin ... end - 1: outputs x voxels.
  at::Tensor through(const LastLayer& layer, std::int64_t begin, std::int64_t end) const {
    // from_blob takes no const; nothing writes to it.
    const auto tensor = [](const std::vector<float>& values, at::IntArrayRef sizes) {
      return at::from_blob(const_cast<float*>(values.data()), sizes, at::kFloat);
    };
    const at::Tensor weight = tensor(layer.weight, {layer.outputs(), layer.channels});
    const at::Tensor x = planes(begin, end);
    if (layer.bias.empty()) return at::mm(weight, x);
    return at::addmm(tensor(layer.bias, {layer.outputs(), 1}), weight, x);
  }

  /// Planes begin ... end - 1 as floats: classes x voxels.
  at::Tensor planes(std::int64_t begin, std::int64_t end) const {
    return scores_.narrow(1, begin - first_plane_, end - begin).flatten(1).to(at::kFloat);
  }

  /// Lets go of planes below `plane`.
  void begin_at(std::int64_t plane) {
    const std::int64_t gone = plane - first_plane_, kept = planes_ - gone;
    if (gone <= 0) return;
    first_plane_ = plane;
    for (std::int64_t c = 0; c < scores_.size(0); ++c) move_down(scores_[c], gone);
    scores_.narrow(1, kept, gone).zero_();
    move_down(share_, gone);
    fill_share(kept);
  }

  void to_host() {
    device_ = at::kCPU;
    scores_ = scores_.to(device_);
    share_ = share_.to(device_);
  }

 private:
  void move_down(const at::Tensor& planes, std::int64_t gone) const {
    const std::int64_t kept = planes_ - gone;
    at::Tensor from = planes.narrow(0, gone, kept);
    if (gone < kept) from = from.clone();  // they overlap
    planes.narrow(0, 0, kept).copy_(from);
  }

  void fill_share(std::int64_t from) {
    const std::int64_t n = planes_ - from;
    at::Tensor host = at::empty({n, share_.size(1), share_.size(2)}, at::TensorOptions(at::kFloat));
    weight_shares(windows_, first_plane_ + from, first_plane_ + planes_,
                  {host.data_ptr<float>(), static_cast<std::size_t>(host.numel())});
    share_.narrow(0, from, n).copy_(host);
  }

  const Windows& windows_;
  FloatType type_;
  at::Device device_;
  std::int64_t first_plane_ = 0;
  std::int64_t planes_ = 0;
  at::Tensor scores_;  ///< classes, planes, y, x
  at::Tensor share_;   ///< planes, y, x
};

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
        device_(stream == nullptr
                    ? at::Device(at::kCPU)
                    : at::Device(at::kCUDA, static_cast<c10::DeviceIndex>(stream->device_index()))),
        at_once_(options.batch > 0 ? options.batch : 1) {
    // The layers of several networks differ, and so do the features before them.
    const bool alone = sessions.size() == 1 && !options.planar;
    const LastLayer* last = device_.is_cpu() && alone ? sessions.front().last_layer() : nullptr;
    if (last != nullptr && last->outputs() > last->channels) last_layer_ = last;
    weights_ = at::from_blob(windows_.weights.data(),
                             {static_cast<std::int64_t>(windows_.weights.size())}, at::kFloat)
                   .to(device_);
  }

  void run(const Progress& progress, const TakeSlab& take) {
    const auto& z = windows_.begins[2];
    std::int64_t done = 0, cell = 0;
    for (std::size_t i = 0; i < z.size(); ++i) {
      const std::vector<kernels::PatchTask> layer = layer_at(z[i]);
      for (std::size_t next = 0; next < layer.size();) {
        notify(progress, "segment", done, runs());
        const std::size_t n = std::min<std::size_t>(at_once_, layer.size() - next);
        if (!try_batch({layer.data() + next, n})) continue;
        next += n;
        done += static_cast<std::int64_t>(n * sessions_.size());
      }
      const bool last = i + 1 == z.size();
      const std::int64_t end = last ? INT64_MAX : z[i + 1] - 1;
      give(cell, end, take);
      if (last) break;
      sums_->begin_at(end);
      cell = end;
    }
    notify(progress, "segment", done, runs());
  }

 private:
  std::int64_t runs() const {
    return windows_.runs() * static_cast<std::int64_t>(sessions_.size());
  }

  /// Final scores of planes begin ... end - 1, if they are not the sums themselves.
  at::Tensor made_of_sums(std::int64_t begin, std::int64_t end) const {
    at::Tensor scores = last_layer_ != nullptr ? sums_->through(*last_layer_, begin, end)
                                               : sums_->planes(begin, end);
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
    const Backend memory = sums_->on_host() ? Backend::cpu : Backend::cuda;
    if (last_layer_ == nullptr && options_.activation == ScoreActivation::none &&
        options_.order.empty()) {
      take({sums_->view().view(), memory, begin, end});
      return;
    }
    const Size3& n = windows_.image;
    const int outputs =
        last_layer_ != nullptr ? static_cast<int>(last_layer_->outputs()) : sums_->view().classes;
    const std::int64_t plane_bytes =
        outputs * n[0] * n[1] * static_cast<std::int64_t>(sizeof(float));
    const std::int64_t at_once = std::max<std::int64_t>(kBytesOfSlab / plane_bytes - 1, 1);
    while (begin < std::min(end, n[2])) {
      const bool rest = end - begin <= at_once || n[2] - begin <= at_once;
      const std::int64_t cells_end = rest ? end : begin + at_once;
      const std::int64_t planes_end = std::min(cells_end, n[2] - 1) + 1;
      const ActivationMemory kept;
      const at::Tensor scores = made_of_sums(begin, planes_end);
      take({{scores.data_ptr(), FloatType::f32, outputs, n, begin, planes_end - begin},
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
      const at::Tensor x = patches_of(batch);
      at::Tensor scores = scores_of(sessions_.front(), x);
      for (Session& session : sessions_.subspan(1)) scores = scores + scores_of(session, x);
      blend(batch, std::move(scores));
      if (device_.is_cuda() && options_.batch == 0 && !measured_) choose_at_once();
      return true;
    } catch (const c10::OutOfMemoryError&) {
      if (device_.is_cpu()) throw;
      c10::getDeviceAllocator(at::kCUDA)->emptyCache();
      if (at_once_ > 1) {
        at_once_ /= 2;
      } else if (!sums_in_host_memory_) {
        sums_in_host_memory_ = true;
        if (sums_) sums_->to_host();
      } else {
        throw Error(ErrorCode::device, "one window of the network does not fit into the GPU",
                    "more device memory", "use --device cpu");
      }
      return false;
    }
  }

  at::Tensor patches_of(std::span<const kernels::PatchTask> batch) const {
    const auto n = static_cast<std::int64_t>(batch.size());
    const Size3& patch = windows_.patch;
    const at::Tensor x = at::empty({n, image_.channels, patch[2], patch[1], patch[0]},
                                   at::TensorOptions(at::kFloat).device(device_));
    const std::int64_t values = image_.channels * voxel_count(patch);
    for (std::int64_t i = 0; i < n; ++i) {
      float* to = x.data_ptr<float>() + i * values;
      const kernels::PatchTask& task = batch[static_cast<std::size_t>(i)];
      if (stream_ == nullptr) {
        kernels::gather_patch_cpu(
            image_, task, FloatType::f32,
            std::as_writable_bytes(std::span(to, static_cast<std::size_t>(values))));
      } else {
        kernels::gather_patch_cuda(image_, task, FloatType::f32, to, *stream_);
      }
    }
    return x;
  }

  at::Tensor scores_of(Session& session, const at::Tensor& x) {
    at::Tensor y;
    if (options_.planar) {
      y = session.run(x.squeeze(2));
      if (y.dim() == 4) y = y.unsqueeze(2);
    } else {
      y = last_layer_ != nullptr ? run_before_last_layer(session, x) : session.run(x);
    }
    if (y.dim() != 5) {
      throw Error(ErrorCode::model, "the network gives " + std::to_string(y.dim()) + " dimensions",
                  options_.planar ? "4: NCHW" : "5: NCDHW");
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

  /// The fused graph was compared on a smaller window; what fails on this one runs as a whole.
  at::Tensor run_before_last_layer(Session& session, const at::Tensor& x) {
    if (sums_) return session.run_before_last_layer(x);
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

  void blend(std::span<const kernels::PatchTask> batch, at::Tensor y) {
    const bool last = !y.is_contiguous() && y.is_contiguous(at::MemoryFormat::ChannelsLast3d);
    if (!last) y = y.contiguous();
    const auto classes = static_cast<int>(y.size(1));
    if (!sums_) {
      sums_.emplace(windows_, classes, type_of_sums(classes),
                    sums_in_host_memory_ ? at::Device(at::kCPU) : device_);
    }
    if (sums_->on_host() && !y.is_cpu()) y = y.cpu();
    kernels::PatchScores scores;
    scores.type = y.scalar_type() == at::kHalf
                      ? FloatType::f16
                      : (y.scalar_type() == at::kBFloat16 ? FloatType::bf16 : FloatType::f32);
    if (scores.type == FloatType::f32) y = y.to(at::kFloat);
    scores.layout = last ? kernels::ScoreLayout::classes_last : kernels::ScoreLayout::classes_first;
    scores.classes = classes;
    const at::Tensor& weights = sums_->on_host() && !weights_.is_cpu() ? host_weights() : weights_;
    for (std::size_t i = 0; i < batch.size(); ++i) {
      scores.scores = y[static_cast<std::int64_t>(i)].data_ptr();
      const kernels::BlendTask task{
          batch[i], weights.data_ptr<float>(), sums_->share(),
          1 / static_cast<float>(windows_.flips.size() * sessions_.size())};
      if (sums_->on_host()) {
        kernels::blend_patch_cpu(scores, task, sums_->view());
      } else {
        kernels::blend_patch_cuda(scores, task, sums_->view(), *stream_);
      }
    }
  }

  const at::Tensor& host_weights() {
    if (!host_weights_.defined()) host_weights_ = weights_.cpu();
    return host_weights_;
  }

  /// By what the first window took beyond what it left behind.
  void choose_at_once() {
    measured_ = true;
    const auto stats = c10::getDeviceAllocator(at::kCUDA)->getDeviceStats(device_.index());
    const auto& allocated = stats.allocated_bytes[0];  // all pools
    const auto one =
        static_cast<double>(std::max<std::int64_t>(allocated.peak - allocated.current, 1));
    const auto idle = static_cast<double>(stats.reserved_bytes[0].current - allocated.current);
    const double free = static_cast<double>(free_device_memory(sessions_.front().device())) + idle;
    at_once_ = std::clamp(static_cast<int>(kShareOfFreeMemory * free / one), 1, kMostAtOnce);
  }

  std::span<Session> sessions_;
  const kernels::ImageView& image_;
  const SlidingWindowOptions& options_;
  const Stream* stream_;
  Windows windows_;
  at::Device device_;
  at::Tensor weights_, host_weights_;
  std::optional<Sums> sums_;
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
