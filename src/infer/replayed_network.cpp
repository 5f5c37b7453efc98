#include "infer/replayed_network.hpp"

#include <torch/script.h>

#include <algorithm>
#include <exception>
#include <optional>
#include <utility>

#include "core/error.hpp"
#include "infer/recording.hpp"
#include "infer/torch_device.hpp"

namespace osler {

/// What is known of inputs of one size.
struct ReplayedNetwork::Input {
  std::vector<std::int64_t> sizes;
  at::ScalarType type;
  int runs = 0;
  bool failed = false;
  std::optional<Recording> recording{};
  at::Tensor in{}, out{};  ///< what the recording reads and writes

  bool takes(const at::Tensor& x) const { return x.sizes() == sizes && x.scalar_type() == type; }
};

namespace {

/// Largest difference to the run without it, as a share of the largest value: other kernels may be
/// chosen, whose sums have another order; of halves a few roundings.
double most_difference(at::ScalarType type) {
  return type == at::kHalf ? 2e-3 : (type == at::kBFloat16 ? 1.6e-2 : 1e-5);
}

double difference(const at::Tensor& a, const at::Tensor& b) {
  const double apart = (a.to(at::kFloat) - b.to(at::kFloat)).abs().max().item<double>();
  return apart == 0 ? 0 : apart / b.abs().max().item<double>();
}

}  // namespace

ReplayedNetwork::ReplayedNetwork(std::unique_ptr<Network> network) : network_(std::move(network)) {}
ReplayedNetwork::~ReplayedNetwork() = default;

at::Tensor ReplayedNetwork::run(const at::Tensor& x) {
  const auto found = std::ranges::find_if(inputs_, [&](const Input& i) { return i.takes(x); });
  if (found == inputs_.end()) {
    inputs_.push_back({x.sizes().vec(), x.scalar_type(), 1});
    return network_->run(x);
  }
  if (found->recording) {
    try {
      found->in.copy_(x);
      found->recording->replay();
      return found->out;
    } catch (const std::exception& error) {
      give_up(*found, error);
      return network_->run(x);
    }
  }
  ++found->runs;
  const auto recorded = static_cast<std::size_t>(
      std::ranges::count_if(inputs_, [](const Input& i) { return i.recording.has_value(); }));
  if (found->failed || found->runs <= kRunsBefore || expected_ < kLeastRuns ||
      recorded >= kMostRecordings || !Recording::possible() || !network_->only_queues()) {
    return network_->run(x);
  }
  return run_and_record(*found, x);
}

at::Tensor ReplayedNetwork::run_and_record(Input& input, const at::Tensor& x) {
  at::Tensor expected = network_->run(x);
  try {
    input.in = x.clone();
    input.out = at::empty_like(expected);
    input.recording.emplace([&] { input.out.copy_(network_->run(input.in)); });
    empty_device_cache();  // a recording's memory is another pool's
    input.recording->replay();
    if (difference(input.out, expected) > most_difference(expected.scalar_type())) {
      throw Error(ErrorCode::device, "it would give something else");
    }
    remark_ = ", replayed";
  } catch (const std::exception& error) {
    give_up(input, error);
  }
  return expected;
}

void ReplayedNetwork::give_up(Input& input, const std::exception& error) {
  remark_ = ", not replayed: " + first_line(error.what());
  input.failed = true;
  input.recording.reset();
  input.in = input.out = at::Tensor();
}

at::Tensor ReplayedNetwork::run_before_last_layer(const at::Tensor& x) {
  return network_->run_before_last_layer(x);
}

void ReplayedNetwork::give_back() {
  inputs_.clear();
  network_->give_back();
}

std::string ReplayedNetwork::description() const {
  return network_->description() + remark_;
}

}  // namespace osler
