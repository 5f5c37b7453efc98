#pragma once
// A network on a GPU whose runs on inputs of one size are recorded and replayed.

#include <memory>
#include <string>
#include <vector>

#include "infer/network.hpp"

namespace osler {

/// A recording is used only after it gave, for one input, what the run without it gives; where
/// something cannot be recorded, or the device's memory does not suffice for it, the network runs
/// on as it did. What `run` gives is overwritten by the next run of the same size.
class ReplayedNetwork final : public Network {
 public:
  /// Before an input's size is recorded: LibTorch measures and optimises a graph on its first runs.
  static constexpr int kRunsBefore = 3;
  /// Sizes that are recorded: a batch of windows, and the last one's rest.
  static constexpr std::size_t kMostRecordings = 2;
  /// Largest difference to the run without it, as a share of the largest value: other kernels may
  /// be chosen, whose sums have another order.
  static constexpr double kMostDifference = 1e-5;

  explicit ReplayedNetwork(std::unique_ptr<Network> network);
  ~ReplayedNetwork() override;

  at::Tensor run(const at::Tensor& x) override;
  const LastLayer* last_layer() const override { return network_->last_layer(); }
  at::Tensor run_before_last_layer(const at::Tensor& x) override;
  void give_back() override;
  std::string description() const override;

 private:
  struct Input;
  at::Tensor run_and_record(Input& input, const at::Tensor& x);

  std::unique_ptr<Network> network_;
  std::vector<Input> inputs_;
  std::string remark_;
};

}  // namespace osler
