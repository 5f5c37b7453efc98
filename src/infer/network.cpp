#include "infer/network.hpp"

#include <torch/script.h>

#include "core/error.hpp"
#include "infer/aot_network.hpp"
#include "infer/fused_network.hpp"
#include "infer/plain_network.hpp"
#include "infer/span_buffer.hpp"

namespace osler {
namespace {

std::unique_ptr<Network> load_torchscript(std::span<const std::byte> weights,
                                          const at::Device& device, const SessionOptions& options) {
  SpanBuffer buffer(weights);
  std::istream stream(&buffer);
  torch::jit::Module module = torch::jit::load(stream, device);
  module.eval();
  if (options.way == Way::channels_last || options.way == Way::bf16) {
    return std::make_unique<PlainNetwork>(std::move(module), device, options.way);
  }
  if (options.precision == Precision::f16) module.to(at::kHalf);
  if (options.precision == Precision::bf16) module.to(at::kBFloat16);
  return std::make_unique<FusedNetwork>(torch::jit::freeze(module), device, options);
}

/// Compiled networks for the inputs that they know, another one for the rest.
class TunedNetwork final : public Network {
 public:
  TunedNetwork(std::unique_ptr<Network> other, const at::Device& device,
               const SessionOptions& options)
      : other_(std::move(other)) {
    for (const CompiledWeights& weights : options.compiled) {
      SessionOptions own = options;
      own.weights = weights.format;
      compiled_.push_back(
          {weights.format.input, std::make_unique<AotNetwork>(weights.bytes, device, own)});
    }
  }

  at::Tensor run(const at::Tensor& x) override {
    for (const auto& [input, network] : compiled_) {
      if (x.sizes() == at::IntArrayRef(input)) return network->run(x);
    }
    return other_->run(x);
  }
  void give_back() override { other_->give_back(); }
  std::string description() const override {
    return compiled_.front().network->description() + ", other sizes: " + other_->description();
  }

 private:
  struct Compiled {
    std::vector<std::int64_t> input;
    std::unique_ptr<AotNetwork> network;
  };

  std::unique_ptr<Network> other_;
  std::vector<Compiled> compiled_;
};

std::unique_ptr<Network> load_one(std::span<const std::byte> weights, const at::Device& device,
                                  const SessionOptions& options) {
  const std::string& format = options.weights.name;
  if (format == "torchscript") return load_torchscript(weights, device, options);
  if (format == "aotinductor") return std::make_unique<AotNetwork>(weights, device, options);
  throw Error(ErrorCode::model, "weights of format '" + format + "'", "torchscript or aotinductor",
              "repair the package");
}

}  // namespace

at::Tensor Network::run_before_last_layer(const at::Tensor&) {
  throw Error(ErrorCode::bad_argument, "a network without a last layer of its own");
}

std::unique_ptr<Network> load_network(std::span<const std::byte> weights, const at::Device& device,
                                      const SessionOptions& options) {
  auto network = load_one(weights, device, options);
  if (options.compiled.empty()) return network;
  return std::make_unique<TunedNetwork>(std::move(network), device, options);
}

}  // namespace osler
