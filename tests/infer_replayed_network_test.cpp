// Networks whose runs are recorded: the answers are those of the network, whatever becomes of the
// recording.

#include "infer/replayed_network.hpp"

#include <gtest/gtest.h>
#include <torch/script.h>

#include <functional>
#include <stdexcept>
#include <string>

#include "backends.hpp"
#include "infer/torch_device.hpp"

namespace osler {
namespace {

/// Gives what a function of the input and of the number of earlier runs gives.
class Stub final : public Network {
 public:
  using F = std::function<at::Tensor(const at::Tensor&, int)>;
  explicit Stub(F f) : f_(std::move(f)) {}
  at::Tensor run(const at::Tensor& x) override { return f_(x, runs_++); }
  std::string description() const override { return "stub"; }

 private:
  F f_;
  int runs_ = 0;
};

class Replayed : public testing::OnBackend {
 protected:
  at::Tensor input(double first, std::int64_t width) const {
    return at::arange(first, first + static_cast<double>(width), at::kFloat)
        .reshape({1, 1, 1, 1, width})
        .to(torch_device(device));
  }
};

at::Tensor doubled(const at::Tensor& x) {
  return x * 2 + 1;
}

TEST_P(Replayed, GivesTheNetworksValueForEveryInputOfEverySize) {
  const c10::InferenceMode guard;
  const Stream stream(device);
  const OnStream on(&stream);
  ReplayedNetwork network(
      std::make_unique<Stub>([](const at::Tensor& x, int) { return doubled(x); }));
  for (int i = 0; i < 12; ++i) {
    for (const std::int64_t width : {5, 7, 3, 4}) {  // more sizes than are recorded
      const at::Tensor x = input(10 * i, width);
      EXPECT_TRUE(at::equal(network.run(x), doubled(x))) << i << " " << width;
    }
  }
  EXPECT_EQ(network.description(), "stub, replayed");
  network.give_back();
  const at::Tensor x = input(3, 5);
  EXPECT_TRUE(at::equal(network.run(x), doubled(x)));
}

TEST_P(Replayed, IsNotReplayedWhereThatGivesSomethingElse) {
  const c10::InferenceMode guard;
  const Stream stream(device);
  const OnStream on(&stream);
  // Each run adds what no earlier one did: a replay could not know.
  ReplayedNetwork network(
      std::make_unique<Stub>([](const at::Tensor& x, int run) { return x + 100.0 * run; }));
  int wrong = 0;
  for (int i = 0; i < 8; ++i) {
    // Of the input at which it was tried the network was run twice.
    const int runs = i <= ReplayedNetwork::kRunsBefore ? i : i + 1;
    const at::Tensor x = input(i, 4);
    wrong += at::equal(network.run(x), x + 100.0 * runs) ? 0 : 1;
  }
  EXPECT_EQ(wrong, 0);
  EXPECT_NE(network.description().find("not replayed: it would give something else"),
            std::string::npos)
      << network.description();
}

TEST_P(Replayed, RunsOnWhereItCannotBeRecorded) {
  const c10::InferenceMode guard;
  const Stream stream(device);
  const OnStream on(&stream);
  ReplayedNetwork network(std::make_unique<Stub>([](const at::Tensor& x, int run) {
    if (run == ReplayedNetwork::kRunsBefore + 1) throw std::runtime_error("no such recording");
    return doubled(x);
  }));
  for (int i = 0; i < 8; ++i) {
    const at::Tensor x = input(i, 6);
    EXPECT_TRUE(at::equal(network.run(x), doubled(x))) << i;
  }
  EXPECT_EQ(network.description(), "stub, not replayed: no such recording");
}

INSTANTIATE_TEST_SUITE_P(Backends, Replayed, testing::gpu_only(), testing::backend_name);

}  // namespace
}  // namespace osler
