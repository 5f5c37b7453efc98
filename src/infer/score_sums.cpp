#include "infer/score_sums.hpp"

#include <torch/script.h>

#include <algorithm>
#include <span>
#include <vector>

#include "infer/activation_memory.hpp"

namespace osler {

using kernels::FloatType;

namespace {

at::ScalarType scalar_type(FloatType type) {
  return type == FloatType::f32 ? at::kFloat : (type == FloatType::f16 ? at::kHalf : at::kBFloat16);
}

}  // namespace

struct Sums::State {
  const Windows& windows;
  FloatType type;
  at::Device device;
  bool on_host;
  bool in_halves;
  std::int64_t first_plane = 0;
  std::int64_t planes = 0;
  at::Tensor scores{};  ///< classes, planes, y, x
  at::Tensor share{};   ///< planes, y, x; in halves the sum of the weights itself
  at::Tensor ones{};    ///< of the same size, in halves

  void move_down(const at::Tensor& all, std::int64_t gone) const {
    const std::int64_t kept = planes - gone;
    at::Tensor from = all.narrow(0, gone, kept);
    if (gone < kept) from = from.clone();  // they overlap
    all.narrow(0, 0, kept).copy_(from);
  }

  void fill_share(std::int64_t from) {
    const std::int64_t n = planes - from;
    at::Tensor host = at::empty({n, share.size(1), share.size(2)}, at::TensorOptions(at::kFloat));
    const std::span<float> values(host.data_ptr<float>(), static_cast<std::size_t>(host.numel()));
    (in_halves ? weight_sums_in_halves : weight_shares)(windows, first_plane + from,
                                                        first_plane + planes, values);
    share.narrow(0, from, n).copy_(host);
  }
};

Sums::Sums(const Windows& windows, int classes, FloatType type, const at::Device& device,
           bool on_host, bool in_halves)
    : state_(std::make_unique<State>(State{windows, type, device, on_host, in_halves})) {
  State& my = *state_;
  const Size3& n = windows.image;
  my.planes = std::min(windows.patch[2] + 1, n[2]);
  const ActivationMemory kept;  // large pages: classes lie far apart
  my.scores = at::zeros({classes, my.planes, n[1], n[0]},
                        at::TensorOptions(scalar_type(type)).device(device));
  my.share = at::empty({my.planes, n[1], n[0]}, at::TensorOptions(at::kFloat).device(device));
  if (in_halves) my.ones = at::ones_like(my.share);
  my.fill_share(0);
}

Sums::~Sums() = default;
Sums::Sums(Sums&&) noexcept = default;

kernels::ScoreSums Sums::view() const {
  const State& my = *state_;
  return {my.scores.data_ptr(), my.type,        static_cast<int>(my.scores.size(0)),
          my.windows.image,     my.first_plane, my.planes};
}

const float* Sums::share() const {
  return (state_->in_halves ? state_->ones : state_->share).data_ptr<float>();
}

bool Sums::on_host() const {
  return state_->on_host;
}

at::Tensor Sums::planes(std::int64_t begin, std::int64_t end) const {
  const State& my = *state_;
  // A copy where the sums are halves.
  at::Tensor sums =
      my.scores.narrow(1, begin - my.first_plane, end - begin).flatten(1).to(at::kFloat);
  if (!my.in_halves) return sums;
  const at::Tensor weights = my.share.narrow(0, begin - my.first_plane, end - begin).flatten();
  return sums.div_(weights).to(at::kHalf);
}

at::Tensor Sums::through(const LastLayer& layer, std::int64_t begin, std::int64_t end) const {
  // from_blob takes no const; nothing writes to it.
  const auto tensor = [](const std::vector<float>& values, at::IntArrayRef sizes) {
    return at::from_blob(const_cast<float*>(values.data()), sizes, at::kFloat);
  };
  const at::Tensor weight = tensor(layer.weight, {layer.outputs(), layer.channels});
  const at::Tensor x = planes(begin, end).to(at::kFloat);
  if (layer.bias.empty()) return at::mm(weight, x);
  return at::addmm(tensor(layer.bias, {layer.outputs(), 1}), weight, x);
}

void Sums::begin_at(std::int64_t plane) {
  State& my = *state_;
  const std::int64_t gone = plane - my.first_plane, kept = my.planes - gone;
  if (gone <= 0) return;
  my.first_plane = plane;
  for (std::int64_t c = 0; c < my.scores.size(0); ++c) my.move_down(my.scores[c], gone);
  my.scores.narrow(1, kept, gone).zero_();
  my.move_down(my.share, gone);
  my.fill_share(kept);
}

void Sums::to_host() {
  State& my = *state_;
  my.device = at::kCPU;
  my.on_host = true;
  for (at::Tensor* tensor : {&my.scores, &my.share, &my.ones}) {
    if (tensor->defined()) *tensor = tensor->to(my.device);
  }
}

}  // namespace osler
