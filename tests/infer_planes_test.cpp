// Networks of planes, of one score per class, and those that give more than one tensor.

#include <ATen/CPUGeneratorImpl.h>
#include <gtest/gtest.h>
#include <torch/script.h>

#include <cmath>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "infer/session.hpp"
#include "infer/sliding_window.hpp"
#include "throws.hpp"
#include "torchscript.hpp"

namespace osler {
namespace {

using testing::expect_error;
using testing::torchscript;
using testing::Weights;

const Device kCpu{Backend::cpu, 0, "cpu"};
/// Largest difference between fused and plain, as a share of the largest value.
constexpr float kBound = 1e-4F;

at::Tensor random(at::IntArrayRef sizes) {
  static at::Generator generator = at::detail::createCPUGenerator(11);
  return at::randn(sizes, generator);
}

std::vector<float> input_of(const TensorShape& shape) {
  const at::Tensor x = random(shape);
  return {x.data_ptr<float>(), x.data_ptr<float>() + x.numel()};
}

Session plain_session(const std::vector<std::byte>& bytes) {
  SessionOptions options;
  options.way = Way::frozen;
  return Session(bytes, kCpu, options);
}

void expect_same_as_plain(const std::vector<std::byte>& bytes, const TensorShape& shape,
                          const TensorShape& given, const std::string& graph = "fused graph") {
  const std::vector<float> input = input_of(shape);
  SessionOptions options;
  options.check_shape = shape;
  Session fused(bytes, kCpu, options), plain = plain_session(bytes);
  const Tensor expected = plain.forward(input, shape);
  for (int again = 0; again < 2; ++again) {
    const Tensor found = fused.forward(input, shape);
    ASSERT_EQ(found.shape, given);
    float largest = 0, apart = 0;
    for (std::size_t i = 0; i < found.values.size(); ++i) {
      largest = std::max(largest, std::abs(expected.values[i]));
      apart = std::max(apart, std::abs(found.values[i] - expected.values[i]));
    }
    EXPECT_GT(largest, 0.01F);
    EXPECT_LE(apart, kBound * largest);
  }
  EXPECT_EQ(fused.graph(), graph);
}

Weights backbone() {
  return {{"w1", random({16, 3, 3, 3}) / 5},
          {"b1", random({16})},
          {"w2", random({24, 16, 3, 3}) / 12},
          {"gain", random({16})},
          {"shift", random({16})},
          {"mean", random({16})},
          {"var", random({16}).abs() + 0.5},
          {"head", random({5, 24})},
          {"head_b", random({5})},
          {"top", random({4, 24, 1, 1})},
          {"wide", random({5, 24 * 8 * 6}) / 30}};
}

constexpr char kBackbone[] =
    "    y = torch.conv2d(x, self.w1, self.b1, [1, 1], [1, 1])\n"
    "    y = torch.batch_norm(y, self.gain, self.shift, self.mean, self.var, False, 0.1, 1e-5, "
    "True)\n"
    "    y = torch.relu_(y)\n"
    "    y = torch.conv2d(y, self.w2, None, [2, 2], [1, 1])\n"
    "    y = torch.instance_norm(y, None, None, None, None, True, 0.1, 1e-5, True)\n"
    "    y = torch.leaky_relu(y, 0.01)\n";

TEST(Planes, AreFusedAsVolumesAre) {
  const std::string body = std::string(kBackbone) + "    return torch.conv2d(y, self.top)\n";
  expect_same_as_plain(torchscript(body, backbone()), {1, 3, 32, 24}, {1, 4, 16, 12});
  expect_same_as_plain(torchscript(body, backbone()), {2, 3, 18, 31}, {2, 4, 9, 16});
}

TEST(Planes, AClassifierGivesAScorePerClass) {
  const std::string body = std::string(kBackbone) +
                           "    y = torch.flatten(torch.adaptive_avg_pool2d(y, [1, 1]), 1)\n"
                           "    return torch.addmm(self.head_b, y, self.head.t())\n";
  expect_same_as_plain(torchscript(body, backbone()), {2, 3, 32, 24}, {2, 5});
}

TEST(Planes, AHeadThatWantsItsOwnSizeAndOrderOfMemoryRunsPlainAndSaysSo) {
  // Half of the size is refused by the head, and `view` wants NCHW in memory.
  const std::string body = std::string(kBackbone) +
                           "    y = y.view(y.size(0), -1)\n"
                           "    return torch.addmm(self.head_b, y, self.wide.t())\n";
  expect_same_as_plain(torchscript(body, backbone()), {1, 3, 16, 12}, {1, 5},
                       "plain graph: the fused one cannot run");
}

TEST(Planes, AreTakenAsTheyAreByAPlainGraphToo) {
  Session session(torchscript("    return x * 2.0\n"), kCpu);
  const Tensor out = session.forward(std::vector<float>{1, 2, 3, 4, 5, 6}, {1, 1, 2, 3});
  EXPECT_EQ(out.shape, (TensorShape{1, 1, 2, 3}));
  EXPECT_EQ(out.values, (std::vector<float>{2, 4, 6, 8, 10, 12}));
}

TEST(Planes, OtherNumbersOfDimensionsAreRefused) {
  Session session(torchscript("    return x\n"), kCpu);
  for (const TensorShape& shape :
       {TensorShape{6}, TensorShape{1, 2, 3}, TensorShape{1, 1, 1, 1, 2, 3}}) {
    expect_error(ErrorCode::bad_argument, "NCHW",
                 [&] { session.forward(std::vector<float>(6), shape); });
  }
}

// ---------------------------------------------------------------- more than one tensor

std::vector<float> first_of(const std::string& body) {
  Session session(torchscript(body), kCpu);
  return session.forward(std::vector<float>{1, 2}, {1, 1, 1, 2}).values;
}

TEST(NetworkOutput, IsTheFirstOfSeveral) {
  const std::vector<float> doubled{2, 4};
  EXPECT_EQ(first_of("    return (x * 2.0, x)\n"), doubled);
  EXPECT_EQ(first_of("    return [x * 2.0, x, x]\n"), doubled);
  EXPECT_EQ(first_of("    return ([x * 2.0, x], x)\n"), doubled);
}

TEST(NetworkOutput, OfADictionaryIsFoundByItsName) {
  const std::vector<float> doubled{2, 4};
  EXPECT_EQ(first_of("    return {'aux': x, 'out': x * 2.0}\n"), doubled);
  EXPECT_EQ(first_of("    return {'pred': x, 'logits': x * 2.0}\n"), doubled);
  EXPECT_EQ(first_of("    return {'scores': x * 2.0}\n"), doubled);
  expect_error(ErrorCode::model, "aux, scores",
               [] { first_of("    return {'aux': x, 'scores': x * 2.0}\n"); });
}

TEST(NetworkOutput, ThatIsNoTensorIsRefused) {
  expect_error(ErrorCode::model, "int", [] { first_of("    return x.size(0)\n"); });
  expect_error(ErrorCode::model, "empty", [] { first_of("    return [x][1:]\n"); });
  expect_error(ErrorCode::model, "0 dimensions", [] { first_of("    return x.sum()\n"); });
}

TEST(NetworkOutput, OfAFusedGraphIsTheSame) {
  const std::string body =
      std::string(kBackbone) + "    return {'out': torch.conv2d(y, self.top), 'aux': y}\n";
  expect_same_as_plain(torchscript(body, backbone()), {1, 3, 32, 24}, {1, 4, 16, 12});
}

// ---------------------------------------------------------------- window by window

TEST(PlanarWindows, GiveEachPlaneWhatTheNetworkGivesForIt) {
  Session session(torchscript("    return torch.cat([x, -x], 1)\n"), kCpu);
  const Size3 size{9, 7, 3};
  constexpr std::size_t kPlane = 9 * 7;
  std::vector<float> values(3 * kPlane), found(values.size(), -1);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i);
  SlidingWindowOptions options;
  options.windows.patch = {4, 4, 1};
  options.planar = true;
  run_sliding_window({&session, 1}, {values.data(), 1, size}, options, nullptr, {},
                     [&](const ScoreSlab& slab) {
                       const kernels::ScoresView& s = slab.scores;
                       std::copy_n(static_cast<const float*>(s.scores),
                                   static_cast<std::size_t>(s.planes) * kPlane,
                                   found.data() + static_cast<std::size_t>(s.first_plane) * kPlane);
                     });
  for (std::size_t i = 0; i < values.size(); ++i) EXPECT_NEAR(found[i], values[i], 1e-3F) << i;
}

TEST(PlanarWindows, OfSeveralPlanesAreRefused) {
  Session session(torchscript("    return x\n"), kCpu);
  const std::vector<float> values(64, 1);
  SlidingWindowOptions options;
  options.windows.patch = {4, 4, 2};
  options.planar = true;
  expect_error(ErrorCode::bad_argument, "planar", [&] {
    run_sliding_window({&session, 1}, {values.data(), 1, {4, 4, 4}}, options, nullptr, {},
                       [](const ScoreSlab&) {});
  });
}

}  // namespace
}  // namespace osler
