#include "infer/cpu_operators.hpp"

#include <ATen/core/dispatch/Dispatcher.h>
#include <torch/csrc/jit/runtime/custom_operator.h>
#include <torch/script.h>

#include <optional>
#include <span>
#include <vector>

namespace osler {
namespace {

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

void run_convolution(torch::jit::Stack& stack) {
  constexpr std::size_t kArguments = 10;
  torch::jit::Stack arguments = torch::jit::pop(stack, kArguments);
  stack.emplace_back(convolution_and_activation(arguments));
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
  });
}

}  // namespace osler
