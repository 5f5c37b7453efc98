#pragma once
// A network on its device: its graph rewritten, if that gives what the plain one gives.

#include <memory>
#include <string>

#include "infer/network.hpp"
#include "infer/pointwise_cpu.hpp"

namespace c10 {
struct TensorOptions;
}  // namespace c10
namespace torch::jit {
struct Module;
}

namespace osler {

/// Largest difference between the fused and the plain graph, as a share of the largest value. Both
/// are single precision, added up in another order: on random weights networks of 30 layers differ
/// by a few 1e-6; a graph that is rewritten wrongly differs by its whole value.
inline constexpr double kFusedDifference = 1e-3;
/// Of networks in f16 or bf16: each layer rounds to 11 or 8 bits, in both graphs.
inline constexpr double kFusedDifferenceOfHalf = 5e-2;

class FusedNetwork final : public Network {
 public:
  /// @throws std::exception of LibTorch
  FusedNetwork(torch::jit::Module frozen, const c10::Device& device, const SessionOptions& options);
  ~FusedNetwork() override;

  at::Tensor run(const at::Tensor& x) override;

  /// The last layer, a linear map of each voxel's channels, if the graph ends in one and was
  /// compared; else null.
  const LastLayer* last_layer() const override;
  /// What the last layer takes, channels_last.
  at::Tensor run_before_last_layer(const at::Tensor& x) override;

  bool only_queues() const override;
  void give_back() override;
  std::string description() const override { return description_; }

 private:
  struct Graphs;

  void check(const at::Tensor& x);
  void check_on_smallest(const TensorShape& shape, const c10::TensorOptions& of);

  std::unique_ptr<Graphs> graphs_;
  std::string description_;
};

}  // namespace osler
