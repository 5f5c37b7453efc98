// A network's activations lie in memory that runs share.

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <torch/script.h>
#include <unistd.h>

#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "infer/session.hpp"
#include "torchscript.hpp"

namespace osler {
namespace {

const TensorShape kShape{1, 1, 64, 64, 64};
constexpr std::int64_t kVoxels = 64 * 64 * 64;
constexpr std::int64_t kChannels = 32;
/// Of one activation: 32 MiB.
constexpr std::int64_t kActivationBytes = kVoxels * kChannels * 4;

Session session() {
  const auto weights = [](at::IntArrayRef sizes) { return at::full(sizes, 0.01); };
  const std::vector<std::byte> bytes = testing::torchscript(
      "    y = torch.conv3d(x, self.a, None, [1, 1, 1], [1, 1, 1])\n"
      "    y = torch.relu(torch.conv3d(y, self.b))\n"
      "    return torch.conv3d(y, self.c)\n",
      {{"a", weights({kChannels, 1, 3, 3, 3})},
       {"b", weights({kChannels, kChannels, 1, 1, 1})},
       {"c", weights({1, kChannels, 1, 1, 1})}});
  SessionOptions options;
  options.check_shape = kShape;
  return Session(bytes, Device{Backend::cpu, 0, "cpu"}, options);
}

/// Pages that the system has given this process so far.
std::int64_t pages_given() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  return used.ru_minflt;
}

std::int64_t resident_bytes() {
  std::int64_t size = 0, resident = 0;
  std::ifstream("/proc/self/statm") >> size >> resident;
  return resident * ::sysconf(_SC_PAGESIZE);
}

TEST(ActivationMemory, ARunTakesTheMemoryOfTheOneBefore) {
  Session s = session();
  const std::vector<float> input(kVoxels, 1.0F);
  const Tensor first = s.forward(input, kShape);
  EXPECT_EQ(s.graph(), "fused graph");
  const std::int64_t before = pages_given();
  const Tensor second = s.forward(input, kShape);
  EXPECT_LT((pages_given() - before) * ::sysconf(_SC_PAGESIZE), kActivationBytes / 2);
  EXPECT_EQ(first.values, second.values);
}

TEST(ActivationMemory, IsGivenBackWhenAskedAndAtTheEnd) {
  const std::vector<float> input(kVoxels, 1.0F);
  {
    Session s = session();
    const Tensor first = s.forward(input, kShape);
    const std::int64_t kept = resident_bytes();
    s.give_back();
    EXPECT_LT(resident_bytes(), kept - kActivationBytes);
    EXPECT_EQ(s.forward(input, kShape).values, first.values);
  }
  Session again = session();
  again.forward(input, kShape);
  const std::int64_t kept = resident_bytes();
  { const Session gone(std::move(again)); }
  EXPECT_LT(resident_bytes(), kept - kActivationBytes);
}

TEST(ActivationMemory, SessionsInSeveralThreadsGiveTheSame) {
  const std::vector<float> input(kVoxels, 1.0F);
  const Tensor expected = session().forward(input, kShape);
  std::vector<std::thread> threads;
  std::vector<int> same(3);
  for (int& equal : same) {
    threads.emplace_back([&] {
      Session s = session();
      for (int i = 0; i < 5; ++i) equal += s.forward(input, kShape).values == expected.values;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(same, std::vector<int>(3, 5));
}

}  // namespace
}  // namespace osler
