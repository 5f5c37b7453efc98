#include "infer/plain_network.hpp"

#include <torch/script.h>

#include <utility>

#include "core/error.hpp"
#include "infer/activation_memory.hpp"
#include "infer/network_output.hpp"

namespace osler {
namespace {

at::MemoryFormat channels_last(std::int64_t dimensions) {
  return dimensions == 5 ? at::MemoryFormat::ChannelsLast3d : at::MemoryFormat::ChannelsLast;
}

}  // namespace

PlainNetwork::PlainNetwork(torch::jit::Module module, const at::Device& device, Way way)
    : way_(way) {
  if (!device.is_cpu()) {
    throw Error(ErrorCode::usage, "a GPU for a network that is run " + std::string(to_string(way)),
                "the processor", "use --device cpu");
  }
  if (way == Way::bf16) module.to(at::kBFloat16);
  for (at::Tensor weights : module.parameters()) {
    if (weights.dim() != 4 && weights.dim() != 5) continue;
    weights.set_data(weights.contiguous(channels_last(weights.dim())));
  }
  frozen_ = std::make_unique<torch::jit::Module>(torch::jit::freeze(module));
}

PlainNetwork::~PlainNetwork() {
  ActivationMemory::give_back();
}

at::Tensor PlainNetwork::run(const at::Tensor& x) {
  const ActivationMemory kept;
  const at::Tensor seen =
      x.to(way_ == Way::bf16 ? at::kBFloat16 : at::kFloat).contiguous(channels_last(x.dim()));
  return network_output(frozen_->forward({seen})).to(at::kFloat);
}

void PlainNetwork::give_back() {
  ActivationMemory::give_back();
}

std::string PlainNetwork::description() const {
  return way_ == Way::bf16 ? "plain graph, channels last, bf16" : "plain graph, channels last";
}

}  // namespace osler
