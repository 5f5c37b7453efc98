#pragma once
// A TorchScript graph as it is in its file, with tensors laid out otherwise.

#include <memory>

#include "infer/network.hpp"

namespace torch::jit {
struct Module;
}

namespace osler {

/// On the processor. Which way is the fastest depends on the network: see `osler models optimise`.
class PlainNetwork final : public Network {
 public:
  /// @param way channels_last or bf16
  /// @throws Error usage: a GPU; std::exception of LibTorch
  PlainNetwork(torch::jit::Module module, const c10::Device& device, Way way);
  ~PlainNetwork() override;

  at::Tensor run(const at::Tensor& x) override;
  void give_back() override;
  std::string description() const override;

 private:
  std::unique_ptr<torch::jit::Module> frozen_;
  Way way_;
};

}  // namespace osler
