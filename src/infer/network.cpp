#include "infer/network.hpp"

#include <torch/script.h>

#include "core/error.hpp"
#include "infer/aot_network.hpp"
#include "infer/fused_network.hpp"
#include "infer/span_buffer.hpp"

namespace osler {
namespace {

std::unique_ptr<Network> load_torchscript(std::span<const std::byte> weights,
                                          const at::Device& device, const SessionOptions& options) {
  SpanBuffer buffer(weights);
  std::istream stream(&buffer);
  torch::jit::Module module = torch::jit::load(stream, device);
  module.eval();
  if (options.precision == Precision::f16) module.to(at::kHalf);
  if (options.precision == Precision::bf16) module.to(at::kBFloat16);
  return std::make_unique<FusedNetwork>(torch::jit::freeze(module), device, options);
}

}  // namespace

at::Tensor Network::run_before_last_layer(const at::Tensor&) {
  throw Error(ErrorCode::bad_argument, "a network without a last layer of its own");
}

std::unique_ptr<Network> load_network(std::span<const std::byte> weights, const at::Device& device,
                                      const SessionOptions& options) {
  const std::string& format = options.weights.name;
  if (format == "torchscript") return load_torchscript(weights, device, options);
  if (format == "aotinductor") return std::make_unique<AotNetwork>(weights, device, options);
  throw Error(ErrorCode::model, "weights of format '" + format + "'", "torchscript or aotinductor",
              "repair the package");
}

}  // namespace osler
