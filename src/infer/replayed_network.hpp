#pragma once
// A network on a GPU whose runs on inputs of one size are recorded and replayed.

#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <vector>

#include "infer/network.hpp"

namespace osler {

/// Recorded is a network that only queues, and where many runs are to come. A recording is used
/// only after it gave, for one input, what the run without it gives; where something cannot be
/// recorded, or the device's memory does not suffice for it, the network runs on as it did. What
/// `run` gives is overwritten by the next run of the same size.
class ReplayedNetwork final : public Network {
 public:
  /// Before an input's size is recorded: LibTorch measures and optimises a graph on its first runs.
  static constexpr int kRunsBefore = 3;
  /// Of one size that are expected, or it does not pay: to record takes about as long as two.
  static constexpr std::int64_t kLeastRuns = 20;
  /// Sizes that are recorded: a batch of windows, and the last one's rest.
  static constexpr std::size_t kMostRecordings = 2;

  explicit ReplayedNetwork(std::unique_ptr<Network> network);
  ~ReplayedNetwork() override;

  at::Tensor run(const at::Tensor& x) override;
  bool only_queues() const override { return network_->only_queues(); }
  void expect_runs(std::int64_t count) override { expected_ = count; }
  const LastLayer* last_layer() const override { return network_->last_layer(); }
  at::Tensor run_before_last_layer(const at::Tensor& x) override;
  void give_back() override;
  std::string description() const override;

 private:
  struct Input;
  at::Tensor run_and_record(Input& input, const at::Tensor& x);
  void give_up(Input& input, const std::exception& error);

  std::unique_ptr<Network> network_;
  std::vector<Input> inputs_;
  std::int64_t expected_ = 0;
  std::string remark_;
};

}  // namespace osler
