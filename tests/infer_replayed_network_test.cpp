// Networks whose runs are recorded: the answers are those of the network, whatever becomes of the
// recording.

#include "infer/replayed_network.hpp"

#include <gtest/gtest.h>
#include <torch/script.h>

#include <functional>
#include <stdexcept>
#include <string>

#include "backends.hpp"
#include "infer/queueing_graph.hpp"
#include "infer/torch_device.hpp"

namespace osler {
namespace {

/// Gives what a function of the input and of the number of earlier runs gives.
class Stub final : public Network {
 public:
  using F = std::function<at::Tensor(const at::Tensor&, int)>;
  explicit Stub(F f) : f_(std::move(f)) {}
  at::Tensor run(const at::Tensor& x) override { return f_(x, runs_++); }
  bool only_queues() const override { return true; }
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
  network.expect_runs(100);
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
  network.expect_runs(100);
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
  network.expect_runs(100);
  for (int i = 0; i < 8; ++i) {
    const at::Tensor x = input(i, 6);
    EXPECT_TRUE(at::equal(network.run(x), doubled(x))) << i;
  }
  EXPECT_EQ(network.description(), "stub, not replayed: no such recording");
}

TEST_P(Replayed, IsNotRecordedWhereThatDoesNotPay) {
  const c10::InferenceMode guard;
  const Stream stream(device);
  const OnStream on(&stream);
  int runs = 0;
  ReplayedNetwork network(std::make_unique<Stub>([&runs](const at::Tensor& x, int) {
    ++runs;
    return doubled(x);
  }));
  network.expect_runs(ReplayedNetwork::kLeastRuns - 1);
  for (int i = 0; i < 10; ++i) network.run(input(i, 6));
  EXPECT_EQ(runs, 10);
  EXPECT_EQ(network.description(), "stub");
}

/// Operators that wait, or copy from the host, end a recording with the process.
TEST(OnlyQueues, IsTrueOfKnownOperatorsThatDoNotWait) {
  const auto of = [](const std::string& body) {
    torch::jit::Module module("network");
    module.register_attribute("training", c10::BoolType::get(), false);
    module.register_parameter("w", at::ones({2, 1, 3, 3, 3}), false);
    module.define("def forward(self, x):\n" + body);
    module.eval();
    return only_queues(torch::jit::freeze(module));
  };
  EXPECT_TRUE(
      of("    y = torch.conv3d(x, self.w, None, [1, 1, 1], [1, 1, 1])\n"
         "    y = torch.leaky_relu(torch.instance_norm(y, None, None, None, None, True, 0.1, "
         "1e-5, False), 0.01)\n"
         "    return torch.cat([y, x[:, :, :, :, 0:x.size(4)]], 1)\n"));
  EXPECT_TRUE(of("    if x.size(2) > 3:\n        return x + 1.0\n    return 2.0 * x\n"));
  EXPECT_FALSE(of("    return x + x.sum().item()\n"));
  EXPECT_FALSE(of("    if bool(x.sum() > 0):\n        return x + 1.0\n    return 2.0 * x\n"));
  EXPECT_FALSE(of("    return x + torch.nonzero(x).size(0)\n"));
  EXPECT_FALSE(of("    return x + torch.tensor([1.0]).to(x.device)\n"));
  EXPECT_FALSE(of("    return x + float(torch.sum(x))\n"));
}

INSTANTIATE_TEST_SUITE_P(Backends, Replayed, testing::gpu_only(), testing::backend_name);

}  // namespace
}  // namespace osler
