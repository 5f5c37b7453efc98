#include "infer/norm_operator.hpp"

#include <c10/core/DeviceGuard.h>
#include <c10/core/Stream.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <torch/csrc/jit/runtime/custom_operator.h>
#include <torch/script.h>

#include <optional>
#include <utility>

#include "kernels/instance_norm.hpp"

namespace osler {
namespace {

/// What the kernels take on this tensor's device.
std::optional<kernels::FloatType> float_type(const at::Tensor& x) {
  if (x.scalar_type() == at::kFloat) return kernels::FloatType::f32;
  if (!x.is_cuda()) return std::nullopt;
  if (x.scalar_type() == at::kHalf) return kernels::FloatType::f16;
  if (x.scalar_type() == at::kBFloat16) return kernels::FloatType::bf16;
  return std::nullopt;
}

/// @throws c10::Error if they are not where x is
std::span<const float> values_of(const std::optional<at::Tensor>& tensor, const at::Tensor& x) {
  if (!tensor) return {};
  TORCH_CHECK(tensor->device() == x.device() && tensor->is_contiguous(),
              "instance_norm: weights on another device");
  return {tensor->const_data_ptr<float>(), static_cast<std::size_t>(tensor->numel())};
}

/// On LibTorch's stream, in memory of its allocator, so that nothing waits for anything.
void instance_norm_on_gpu(const kernels::FeatureMap& map, const kernels::InstanceNorm& norm,
                          const at::Tensor& x) {
  const c10::DeviceGuard here(x.device());
  const c10::Stream current = c10::impl::VirtualGuardImpl(x.device().type()).getStream(x.device());
  const Stream stream = Stream::borrowed(x.device().index(), current.native_handle());
  const auto bytes = static_cast<std::int64_t>(kernels::instance_norm_scratch_bytes(map));
  const at::Tensor scratch = at::empty({bytes}, x.options().dtype(at::kByte));
  kernels::instance_norm_cuda(map, norm, scratch.data_ptr(), stream);
}

/// @param x may be written to
at::Tensor instance_norm_(at::Tensor x, const std::optional<at::Tensor>& weight,
                          const std::optional<at::Tensor>& bias, double eps, double slope) {
  const std::optional<kernels::FloatType> type = float_type(x);
  if (!type || (x.dim() != 4 && x.dim() != 5)) {
    x = at::instance_norm(x, weight, bias, {}, {}, true, 0.1, eps, false);
    return slope == 1 ? x : at::leaky_relu_(x, slope);
  }
  x = x.contiguous(x.dim() == 5 ? at::MemoryFormat::ChannelsLast3d
                                : at::MemoryFormat::ChannelsLast);
  if (x.numel() == 0) return x;
  const std::int64_t voxels = x.numel() / (x.size(0) * x.size(1));
  const kernels::FeatureMap map{x.data_ptr(), *type, x.size(0), voxels, x.size(1)};
  const kernels::InstanceNorm norm{values_of(weight, x), values_of(bias, x), eps,
                                   static_cast<float>(slope)};
  if (x.is_cuda()) {
    instance_norm_on_gpu(map, norm, x);
  } else {
    kernels::instance_norm_cpu(map, norm);
  }
  return x;
}

/// @param x may be written to
at::Tensor group_norm_(at::Tensor x, std::int64_t groups, const std::optional<at::Tensor>& weight,
                       const std::optional<at::Tensor>& bias, double eps, double slope) {
  const bool known = x.scalar_type() == at::kFloat && !x.is_cuda() && x.numel() > 0 && groups > 0 &&
                     (x.dim() == 4 || x.dim() == 5) && x.size(1) % groups == 0;
  if (!known) {
    x = at::group_norm(x, groups, weight, bias, eps, false);
    return slope == 1 ? x : at::leaky_relu_(x, slope);
  }
  x = x.contiguous(x.dim() == 5 ? at::MemoryFormat::ChannelsLast3d
                                : at::MemoryFormat::ChannelsLast);
  const std::int64_t voxels = x.numel() / (x.size(0) * x.size(1));
  kernels::instance_norm_cpu({x.data_ptr(), kernels::FloatType::f32, x.size(0), voxels, x.size(1)},
                             {values_of(weight, x), values_of(bias, x), eps,
                              static_cast<float>(slope), x.size(1) / groups});
  return x;
}

template <bool in_place>
void run_groups(torch::jit::Stack& stack) {
  const double slope = torch::jit::pop(stack).toDouble();
  const double eps = torch::jit::pop(stack).toDouble();
  const auto bias = torch::jit::pop(stack).toOptional<at::Tensor>();
  const auto weight = torch::jit::pop(stack).toOptional<at::Tensor>();
  const std::int64_t groups = torch::jit::pop(stack).toInt();
  at::Tensor x = torch::jit::pop(stack).toTensor();
  if (!in_place) x = x.clone();
  stack.emplace_back(group_norm_(std::move(x), groups, weight, bias, eps, slope));
}

template <bool in_place>
void run(torch::jit::Stack& stack) {
  const double slope = torch::jit::pop(stack).toDouble();
  const double eps = torch::jit::pop(stack).toDouble();
  const auto bias = torch::jit::pop(stack).toOptional<at::Tensor>();
  const auto weight = torch::jit::pop(stack).toOptional<at::Tensor>();
  at::Tensor x = torch::jit::pop(stack).toTensor();
  if (!in_place) x = x.clone();
  stack.emplace_back(instance_norm_(std::move(x), weight, bias, eps, slope));
}

}  // namespace

void register_instance_norm() {
  using torch::jit::Operator;
  constexpr auto kFromSchema = c10::AliasAnalysisKind::FROM_SCHEMA;
  static const torch::jit::RegisterOperators once({
      Operator("osler::instance_norm(Tensor x, Tensor? weight, Tensor? bias, float eps, "
               "float slope) -> Tensor",
               run<false>, kFromSchema),
      Operator("osler::instance_norm_(Tensor(a!) x, Tensor? weight, Tensor? bias, float eps, "
               "float slope) -> Tensor(a!)",
               run<true>, kFromSchema),
      Operator("osler::group_norm(Tensor x, int groups, Tensor? weight, Tensor? bias, float eps, "
               "float slope) -> Tensor",
               run_groups<false>, kFromSchema),
      Operator("osler::group_norm_(Tensor(a!) x, int groups, Tensor? weight, Tensor? bias, "
               "float eps, float slope) -> Tensor(a!)",
               run_groups<true>, kFromSchema),
  });
}

}  // namespace osler
