#include "infer/score_sums.hpp"

#include <torch/script.h>

#include <algorithm>
#include <span>
#include <vector>

#include "infer/activation_memory.hpp"

namespace osler {

using kernels::FloatType;

at::ScalarType scalar_type(FloatType type) {
  return type == FloatType::f32 ? at::kFloat : (type == FloatType::f16 ? at::kHalf : at::kBFloat16);
}

Sums::Sums(const Windows& windows, int classes, FloatType type, const at::Device& device,
           bool in_halves)
    : windows_(windows), type_(type), device_(device), in_halves_(in_halves) {
  const Size3& n = windows.image;
  planes_ = std::min(windows.patch[2] + 1, n[2]);
  const ActivationMemory kept;  // large pages: classes lie far apart
  scores_ = at::zeros({classes, planes_, n[1], n[0]},
                      at::TensorOptions(scalar_type(type)).device(device));
  share_ = at::empty({planes_, n[1], n[0]}, at::TensorOptions(at::kFloat).device(device));
  if (in_halves) ones_ = at::ones_like(share_);
  fill_share(0);
}

kernels::ScoreSums Sums::view() const {
  return {scores_.data_ptr(), type_,        static_cast<int>(scores_.size(0)),
          windows_.image,     first_plane_, planes_};
}

at::Tensor Sums::planes(std::int64_t begin, std::int64_t end) const {
  const at::Tensor sums =
      scores_.narrow(1, begin - first_plane_, end - begin).flatten(1).to(at::kFloat);
  if (!in_halves_) return sums;
  const at::Tensor weights = share_.narrow(0, begin - first_plane_, end - begin).flatten();
  return (sums / weights).to(at::kHalf).to(at::kFloat);
}

at::Tensor Sums::through(const LastLayer& layer, std::int64_t begin, std::int64_t end) const {
  // from_blob takes no const; nothing writes to it.
  const auto tensor = [](const std::vector<float>& values, at::IntArrayRef sizes) {
    return at::from_blob(const_cast<float*>(values.data()), sizes, at::kFloat);
  };
  const at::Tensor weight = tensor(layer.weight, {layer.outputs(), layer.channels});
  const at::Tensor x = planes(begin, end);
  if (layer.bias.empty()) return at::mm(weight, x);
  return at::addmm(tensor(layer.bias, {layer.outputs(), 1}), weight, x);
}

void Sums::begin_at(std::int64_t plane) {
  const std::int64_t gone = plane - first_plane_, kept = planes_ - gone;
  if (gone <= 0) return;
  first_plane_ = plane;
  for (std::int64_t c = 0; c < scores_.size(0); ++c) move_down(scores_[c], gone);
  scores_.narrow(1, kept, gone).zero_();
  move_down(share_, gone);
  fill_share(kept);
}

void Sums::to_host() {
  device_ = at::kCPU;
  scores_ = scores_.to(device_);
  share_ = share_.to(device_);
  if (in_halves_) ones_ = ones_.to(device_);
}

void Sums::move_down(const at::Tensor& planes, std::int64_t gone) const {
  const std::int64_t kept = planes_ - gone;
  at::Tensor from = planes.narrow(0, gone, kept);
  if (gone < kept) from = from.clone();  // they overlap
  planes.narrow(0, 0, kept).copy_(from);
}

void Sums::fill_share(std::int64_t from) {
  const std::int64_t n = planes_ - from;
  at::Tensor host = at::empty({n, share_.size(1), share_.size(2)}, at::TensorOptions(at::kFloat));
  const std::span<float> values(host.data_ptr<float>(), static_cast<std::size_t>(host.numel()));
  (in_halves_ ? weight_sums_in_halves : weight_shares)(windows_, first_plane_ + from,
                                                       first_plane_ + planes_, values);
  share_.narrow(0, from, n).copy_(host);
}

}  // namespace osler
