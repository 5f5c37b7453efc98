#pragma once
// A network that was compiled ahead of time: an AOTInductor package (.pt2), a library of machine
// code and weights. Neither a compiler nor Python is needed to run it.

#include <memory>
#include <vector>

#include "infer/network.hpp"

namespace osler {

/// It knows one size of input, one kind of processor and the LibTorch that it was compiled with.
/// Another size would run too, silently, and give a wrong tensor; another processor would end the
/// process. Both are checked here, against what the package says.
class AotNetwork final : public Network {
 public:
  /// @throws Error model: no AOTInductor package, or `options.weights` states no input or no
  ///   processor; Error device: a GPU, or a processor without what the code needs; Error output
  AotNetwork(std::span<const std::byte> package, const c10::Device& device,
             const SessionOptions& options);
  ~AotNetwork() override;

  at::Tensor run(const at::Tensor& x) override;
  std::string description() const override { return "compiled graph"; }

 private:
  struct Library;

  std::unique_ptr<Library> library_;
  std::vector<std::int64_t> input_;
};

}  // namespace osler
