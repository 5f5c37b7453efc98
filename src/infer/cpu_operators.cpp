#include "infer/cpu_operators.hpp"

#include <ATen/core/dispatch/Dispatcher.h>
#include <torch/csrc/jit/runtime/custom_operator.h>
#include <torch/script.h>

#include <optional>
#include <span>
#include <vector>

#include "infer/pointwise_cpu.hpp"

namespace osler {
namespace {

at::MemoryFormat channels_last(const at::Tensor& x) {
  return x.dim() == 5 ? at::MemoryFormat::ChannelsLast3d : at::MemoryFormat::ChannelsLast;
}

std::span<const float> values_of(const std::optional<at::Tensor>& tensor) {
  if (!tensor) return {};
  return {tensor->const_data_ptr<float>(), static_cast<std::size_t>(tensor->numel())};
}

/// Weights as `reordered` gives them; bias or none; channels_last in and out.
at::Tensor convolution_and_activation(torch::jit::Stack& arguments) {
  const auto argument = [&](std::size_t i) -> const c10::IValue& { return arguments[i]; };
  const bool transposed = argument(8).toBool();
  const double slope = argument(9).toDouble();
  c10::List<std::optional<at::Scalar>> scalars;
  if (slope != 0 && slope != 1) scalars.push_back(at::Scalar(slope));
  const char* name = slope == 1 ? "none" : slope == 0 ? "relu" : "leaky_relu";
  torch::jit::Stack stack{argument(0), argument(1), argument(2), argument(3)};
  if (transposed) stack.push_back(argument(4));
  for (std::size_t i = 5; i < 8; ++i) stack.push_back(argument(i));
  stack.emplace_back(name);
  stack.emplace_back(scalars);
  stack.emplace_back("");
  static const auto find = [](const char* operation) {
    return c10::Dispatcher::singleton().findSchemaOrThrow(operation, "");
  };
  static const c10::OperatorHandle plain = find("mkldnn::_convolution_pointwise");
  static const c10::OperatorHandle reverse = find("mkldnn::_convolution_transpose_pointwise");
  (transposed ? reverse : plain).callBoxed(stack);
  return stack.at(0).toTensor();
}

/// channels_last in, contiguous NC(D)HW out.
at::Tensor pointwise(const at::Tensor& x, const at::Tensor& weight,
                     const std::optional<at::Tensor>& bias) {
  const at::Tensor last = x.contiguous(channels_last(x));
  const std::int64_t samples = x.size(0), channels = weight.size(1);
  TORCH_CHECK(x.dim() == weight.dim() && x.size(1) == channels, "convolution of ", channels,
              " channels on ", x.sizes());
  std::vector<std::int64_t> sizes = x.sizes().vec();
  sizes[1] = weight.size(0);
  at::Tensor y = at::empty(sizes, x.options());
  if (y.numel() == 0) return y;
  const auto step = static_cast<std::size_t>(x.numel() / samples);
  const auto out_step = static_cast<std::size_t>(y.numel() / samples);
  const Pointwise layer{values_of(weight), values_of(bias), channels};
  for (std::size_t n = 0; n < static_cast<std::size_t>(samples); ++n) {
    pointwise_cpu({last.const_data_ptr<float>() + n * step, step}, layer,
                  {y.data_ptr<float>() + n * out_step, out_step});
  }
  return y;
}

void run_convolution(torch::jit::Stack& stack) {
  constexpr std::size_t kArguments = 10;
  torch::jit::Stack arguments = torch::jit::pop(stack, kArguments);
  stack.emplace_back(convolution_and_activation(arguments));
}

void run_pointwise(torch::jit::Stack& stack) {
  const auto bias = torch::jit::pop(stack).toOptional<at::Tensor>();
  const at::Tensor weight = torch::jit::pop(stack).toTensor();
  const at::Tensor x = torch::jit::pop(stack).toTensor();
  stack.emplace_back(pointwise(x, weight, bias));
}

}  // namespace

void register_cpu_operators() {
  using torch::jit::Operator;
  constexpr auto kFromSchema = c10::AliasAnalysisKind::FROM_SCHEMA;
  static const torch::jit::RegisterOperators once({
      Operator("osler::convolution(Tensor x, Tensor weight, Tensor? bias, int[] padding, "
               "int[] output_padding, int[] stride, int[] dilation, int groups, bool transposed, "
               "float slope) -> Tensor",
               run_convolution, kFromSchema),
      Operator("osler::pointwise(Tensor x, Tensor weight, Tensor? bias) -> Tensor", run_pointwise,
               kFromSchema),
  });
}

}  // namespace osler
