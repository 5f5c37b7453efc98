// Small networks with random weights: the fused graph is held against LibTorch's own operators.

#include <ATen/CPUGeneratorImpl.h>
#include <gtest/gtest.h>
#include <omp.h>
#include <torch/script.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "backends.hpp"
#include "core/error.hpp"
#include "infer/fused_graph.hpp"
#include "infer/session.hpp"
#include "torchscript.hpp"

namespace osler {
namespace {

/// Largest difference as a share of the largest value: single precision, sums in another order.
constexpr float kBound = 1e-4F;

using testing::torchscript;
using testing::Weights;

at::Tensor random(at::IntArrayRef sizes) {
  static at::Generator generator = at::detail::createCPUGenerator(7);
  return at::randn(sizes, generator);
}

/// A convolution's weights, scaled so that values keep their size.
at::Tensor kernel(at::IntArrayRef sizes) {
  return random(sizes) / std::sqrt(static_cast<float>(27 * std::min(sizes[0], sizes[1])));
}

const Device kCpu{Backend::cpu, 0, "cpu"};

Session plain_session(const std::vector<std::byte>& bytes) {
  SessionOptions options;
  options.way = Way::frozen;
  return Session(bytes, kCpu, options);
}

std::vector<float> input_of(const TensorShape& shape) {
  const at::Tensor x = random(shape) * 3 + 5;
  return {x.data_ptr<float>(), x.data_ptr<float>() + x.numel()};
}

void expect_equal_within_bound(const Tensor& fused, const Tensor& plain) {
  ASSERT_EQ(fused.shape, plain.shape);
  float largest = 0, apart = 0;
  for (std::size_t i = 0; i < plain.values.size(); ++i) {
    largest = std::max(largest, std::abs(plain.values[i]));
    apart = std::max(apart, std::abs(fused.values[i] - plain.values[i]));
  }
  EXPECT_GT(largest, 0.1F);
  EXPECT_LE(apart, kBound * largest);
}

/// @param graph what the session must say about its graph
void expect_same_as_plain(const std::vector<std::byte>& bytes, const TensorShape& shape,
                          const std::string& graph = "fused graph") {
  const std::vector<float> input = input_of(shape);
  Session fused(bytes, kCpu), plain = plain_session(bytes);
  EXPECT_EQ(plain.graph(), "plain graph");
  for (int again = 0; again < 2; ++again) {
    expect_equal_within_bound(fused.forward(input, shape), plain.forward(input, shape));
  }
  EXPECT_EQ(fused.graph(), graph);
}

std::string convolution(const std::string& input, const std::string& weight,
                        const std::string& bias = "None") {
  return "torch.conv3d(" + input + ", self." + weight + ", " +
         (bias == "None" ? bias : "self." + bias) + ", [1, 1, 1], [1, 1, 1])";
}

std::string norm(const std::string& input, const std::string& affine) {
  return "torch.instance_norm(" + input + ", " + affine + ", None, None, True, 0.1, 1e-05, True)";
}

std::vector<std::byte> conv_norm_activation(std::int64_t channels, bool affine,
                                            const std::string& activation) {
  Weights weights{{"w", kernel({channels, 2, 3, 3, 3})}, {"b", random({channels})}};
  if (affine) weights.insert(weights.end(), {{"g", random({channels})}, {"h", random({channels})}});
  return torchscript("    y = " + convolution("x", "w", "b") +
                         "\n    y = " + norm("y", affine ? "self.g, self.h" : "None, None") +
                         "\n    return " + activation + "\n",
                     weights);
}

TEST(CpuGraph, ConvolutionNormAndActivationGiveWhatThePlainGraphGives) {
  for (const std::int64_t channels : {1, 3, 21, 25, 33, 130}) {
    for (const bool affine : {true, false}) {
      for (const char* activation :
           {"torch.leaky_relu_(y, 0.01)", "torch.leaky_relu(y, 0.2)", "torch.relu(y)", "y"}) {
        SCOPED_TRACE(std::to_string(channels) + (affine ? " affine " : " ") + activation);
        const auto bytes = conv_norm_activation(channels, affine, activation);
        expect_same_as_plain(bytes, {1, 2, 5, 11, 7});
        expect_same_as_plain(bytes, {2, 2, 9, 6, 13});
      }
    }
  }
}

TEST(CpuGraph, AnActivationRightBehindAConvolutionIsFused) {
  for (const char* activation : {"relu_(", "relu(", "leaky_relu(0.1, "}) {
    const std::string name(activation);
    const bool leaky = name.starts_with("leaky");
    const std::string call = leaky ? "torch.leaky_relu(y, 0.1)" : "torch." + name + "y)";
    SCOPED_TRACE(call);
    expect_same_as_plain(
        torchscript("    y = " + convolution("x", "w", "b") + "\n    return " + call + "\n",
                    {{"w", kernel({21, 3, 3, 3, 3})}, {"b", random({21})}}),
        {1, 3, 7, 9, 10});
  }
}

TEST(CpuGraph, APointwiseConvolutionThatIsTheResultGivesWhatThePlainGraphGives) {
  for (const std::int64_t classes : {1, 3, 4, 25}) {
    for (const bool bias : {true, false}) {
      SCOPED_TRACE(std::to_string(classes) + (bias ? " bias" : ""));
      const std::string call =
          std::string("torch.conv3d(y, self.head, ") + (bias ? "self.head_b" : "None") + ")";
      const Weights weights{{"w", kernel({21, 2, 3, 3, 3})},
                            {"head", random({classes, 21, 1, 1, 1})},
                            {"head_b", random({classes})}};
      const std::string first = "    y = " + convolution("x", "w") + "\n    return ";
      const auto result = torchscript(first + call + "\n", weights);
      expect_same_as_plain(result, {1, 2, 5, 11, 7});
      expect_same_as_plain(result, {3, 2, 16, 4, 8});
      // Not the result, or not all of it: oneDNN's.
      expect_same_as_plain(torchscript(first + "torch.relu(" + call + ")\n", weights),
                           {1, 2, 5, 11, 7});
      expect_same_as_plain(torchscript(first + call + " + y.mean()\n", weights), {1, 2, 5, 11, 7});
    }
  }
}

TEST(CpuGraph, AUNetWithTransposedConvolutionAndSkipGivesWhatThePlainGraphGives) {
  const std::string body = "    a = torch.leaky_relu_(" +
                           norm(convolution("x", "w1"), "self.g, self.h") +
                           ", 0.01)\n"
                           "    b = torch.conv3d(a, self.w2, None, [2, 2, 2], [1, 1, 1])\n"
                           "    b = torch.leaky_relu_(" +
                           norm("b", "None, None") +
                           ", 0.01)\n"
                           "    u = torch.conv_transpose3d(b, self.up, self.up_b, [2, 2, 2])\n"
                           "    c = torch.cat([u, a], 1)\n"
                           "    c = torch.relu_(" +
                           norm(convolution("c", "w3"), "self.g, self.h") +
                           ")\n"
                           "    return torch.conv3d(c, self.head, self.head_b)\n";
  const auto bytes = torchscript(body, {{"w1", kernel({12, 1, 3, 3, 3})},
                                        {"w2", kernel({25, 12, 3, 3, 3})},
                                        {"w3", kernel({12, 24, 3, 3, 3})},
                                        {"up", kernel({25, 12, 2, 2, 2})},
                                        {"up_b", random({12})},
                                        {"g", random({12})},
                                        {"h", random({12})},
                                        {"head", kernel({3, 12, 1, 1, 1})},
                                        {"head_b", random({3})}});
  expect_same_as_plain(bytes, {1, 1, 12, 10, 14});
  expect_same_as_plain(bytes, {2, 1, 6, 18, 22});
}

TEST(CpuGraph, AValueThatIsUsedAgainIsNotOverwritten) {
  const auto bytes = torchscript("    y = " + convolution("x", "w") + "\n    z = torch.relu(" +
                                     norm("y", "None, None") + ")\n    return y + z\n",
                                 {{"w", kernel({5, 2, 3, 3, 3})}});
  expect_same_as_plain(bytes, {1, 2, 6, 7, 8});
}

TEST(CpuGraph, TheInputIsNotOverwritten) {
  const auto bytes = torchscript("    return torch.relu(" + norm("x", "None, None") + ")\n", {});
  const TensorShape shape{1, 3, 4, 5, 6};
  const std::vector<float> input = input_of(shape);
  const std::vector<float> before = input;
  Session session(bytes, kCpu);
  session.forward(input, shape);
  session.forward(input, shape);
  EXPECT_EQ(session.graph(), "fused graph");
  EXPECT_EQ(input, before);
}

TEST(CpuGraph, WhatIsNotKnownStaysAndIsSaid) {
  const TensorShape shape{1, 2, 6, 7, 8};
  expect_same_as_plain(torchscript("    return torch.tanh(x) * 2.0\n", {}), shape,
                       "plain graph: no operator that could be fused");
  // The second convolution's weights are computed from the input.
  expect_same_as_plain(
      torchscript(
          "    y = " + convolution("x", "w") +
              "\n    return torch.conv3d(torch.tanh(y), self.w * x.mean(), None, [1, 1, 1])\n",
          {{"w", kernel({2, 2, 3, 3, 3})}}),
      shape, "graph fused in part, 1 of 2 operators");
}

TEST(CpuGraph, AGraphThatCannotRunChannelsLastStaysPlain) {
  // `view` wants NCDHW in memory.
  const auto bytes = torchscript(
      "    y = " + convolution("x", "w") + "\n    return y.view(-1).view(y.size(0), -1, 1, 1, 1)\n",
      {{"w", kernel({4, 2, 3, 3, 3})}});
  expect_same_as_plain(bytes, {1, 2, 6, 7, 8}, "plain graph: the fused one cannot run");
}

TEST(CpuGraph, AGraphWhoseMeaningDependsOnMemoryStaysPlain) {
  // as_strided reads memory as it lies.
  const auto bytes =
      torchscript("    y = " + convolution("x", "w") +
                      "\n    return y.as_strided([1, 4, 6, 7, 8], [336, 84, 14, 2, 1])\n",
                  {{"w", kernel({4, 2, 3, 3, 3})}});
  const TensorShape shape{1, 2, 6, 7, 8};
  const std::vector<float> input = input_of(shape);
  Session fused(bytes, kCpu), plain = plain_session(bytes);
  fused.forward(input, shape);
  EXPECT_TRUE(fused.graph().starts_with("plain graph: the fused one differs by")) << fused.graph();
  EXPECT_EQ(fused.forward(input, shape).values, plain.forward(input, shape).values);
}

TEST(CpuGraph, WeightsForOtherChannelsAreAnError) {
  const auto bytes = torchscript(
      "    y = " + convolution("x", "w") + "\n    return " + norm("y", "self.g, None") + "\n",
      {{"w", kernel({8, 2, 3, 3, 3})}, {"g", random({4})}});
  const TensorShape shape{1, 2, 6, 7, 8};
  Session session(bytes, kCpu);
  EXPECT_THROW(session.forward(input_of(shape), shape), Error);
}

TEST(CpuGraph, IsCheckedAtLoadOnASizeThatTheNetworkTakes) {
  // Two halvings and back: 6 of 12 is refused, 12 is taken.
  const auto bytes = torchscript(
      "    y = torch.conv3d(x, self.w, None, [2, 2, 2], [1, 1, 1])\n"
      "    y = torch.conv3d(y, self.w, None, [2, 2, 2], [1, 1, 1])\n"
      "    y = torch.conv_transpose3d(y, self.up, None, [2, 2, 2])\n"
      "    y = torch.conv_transpose3d(y, self.up, None, [2, 2, 2])\n"
      "    return y + x\n",
      {{"w", kernel({1, 1, 3, 3, 3})}, {"up", kernel({1, 1, 2, 2, 2})}});
  SessionOptions options;
  options.check_shape = TensorShape{1, 1, 12, 12, 12};
  Session session(bytes, kCpu, options);
  EXPECT_EQ(session.graph(), "fused graph");
  expect_same_as_plain(bytes, {1, 1, 12, 12, 12});
}

TEST(CpuGraph, InstanceNormKeepsItsDigitsFarFromZero) {
  // A mean of 1000 standard deviations: E[x^2] - E[x]^2 in single precision has no digit left.
  const auto bytes = torchscript("    return " + norm("x", "None, None") + "\n", {});
  const TensorShape shape{1, 3, 20, 21, 22};
  const at::Tensor x = random(shape) + 1000;
  const at::Tensor wide = x.to(at::kDouble);
  const at::Tensor mean = wide.mean({2, 3, 4}, true);
  const at::Tensor expected =
      (wide - mean) / ((wide - mean).square().mean({2, 3, 4}, true) + 1e-5).sqrt();
  Session session(bytes, kCpu);
  const std::vector<float> input(x.data_ptr<float>(), x.data_ptr<float>() + x.numel());
  const Tensor out = session.forward(input, shape);
  double apart = 0;
  for (std::size_t i = 0; i < input.size(); ++i) {
    apart = std::max(apart, std::abs(out.values[i] - expected.data_ptr<double>()[i]));
  }
  // x itself has steps of 6e-5 here, and x * scale + shift one more rounding of 1000.
  EXPECT_LE(apart, 3e-4);
}

TEST(CpuGraph, GroupNormIsTheDefinitionAlsoOfManyVoxels) {
  // LibTorch's own, of tensors that are channels last, is off by 2e-3 here.
  const auto bytes =
      torchscript("    y = torch.group_norm(x, 4, self.g, self.h)\n    return torch.relu(y)\n",
                  {{"g", random({8})}, {"h", random({8})}});
  const TensorShape shape{2, 8, 60, 61, 62};
  const at::Tensor x = random({2, 8, 60, 61, 62}) + 2;
  std::istringstream stream(std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
  const torch::jit::Module module = torch::jit::load(stream);
  const at::Tensor groups = x.to(at::kDouble).reshape({2, 4, -1});
  const at::Tensor mean = groups.mean(2, true);
  const at::Tensor sd = ((groups - mean).square().mean(2, true) + 1e-5).sqrt();
  const auto per_channel = [&](const char* name) {
    return module.attr(name).toTensor().reshape({1, 8, 1, 1, 1}).to(at::kDouble);
  };
  const at::Tensor expected =
      (((groups - mean) / sd).reshape(x.sizes()) * per_channel("g") + per_channel("h")).relu();
  Session session(bytes, kCpu);
  const std::vector<float> input(x.data_ptr<float>(), x.data_ptr<float>() + x.numel());
  const Tensor out = session.forward(input, shape);
  double apart = 0;
  for (std::size_t i = 0; i < input.size(); ++i) {
    apart = std::max(apart, std::abs(out.values[i] - expected.data_ptr<double>()[i]));
  }
  EXPECT_LE(apart, 2e-5);
}

TEST(CpuGraph, GroupNormBehindAConvolutionGivesWhatThePlainGraphGives) {
  for (const char* groups : {"1", "3", "12"}) {
    SCOPED_TRACE(groups);
    const auto bytes = torchscript(
        "    y = " + convolution("x", "w", "b") + "\n    y = torch.group_norm(y, " + groups +
            ", self.g, self.h, 1e-05)\n    return torch.leaky_relu_(y, 0.1) + x[:, :1]\n",
        {{"w", kernel({12, 2, 3, 3, 3})},
         {"b", random({12})},
         {"g", random({12})},
         {"h", random({12})}});
    expect_same_as_plain(bytes, {2, 2, 5, 11, 7});
  }
}

/// The graph for a GPU, on the processor: the operator is the same and takes either.
TEST(GpuGraph, NormAndActivationAreFusedAndConvolutionsStay) {
  const std::vector<std::byte> bytes = conv_norm_activation(24, true, "torch.leaky_relu_(y, 0.01)");
  std::istringstream stream(std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
  torch::jit::Module plain = torch::jit::load(stream);
  plain.eval();
  plain = torch::jit::freeze(plain);
  torch::jit::Module fused = plain.clone();
  const FusedOperators operators = fuse_for_cuda(fused);
  EXPECT_EQ(operators.fused, 1);
  EXPECT_EQ(operators.left, 0);
  const std::string graph = fused.get_method("forward").graph()->toString();
  EXPECT_NE(graph.find("osler::instance_norm_("), std::string::npos) << graph;
  EXPECT_NE(graph.find("aten::conv3d"), std::string::npos) << graph;
  EXPECT_EQ(graph.find("leaky_relu"), std::string::npos) << graph;
  const c10::InferenceMode guard;
  const at::Tensor x = random({2, 2, 9, 6, 13}) * 3 + 5;
  const at::Tensor expected = plain.forward({x}).toTensor();
  const at::Tensor found =
      fused.forward({x.contiguous(at::MemoryFormat::ChannelsLast3d)}).toTensor();
  EXPECT_LE((found - expected).abs().max().item<float>(),
            kBound * expected.abs().max().item<float>());
}

class GraphOnGpu : public testing::OnBackend {};

TEST_P(GraphOnGpu, RunsFusedAndGivesWhatTheProcessorGives) {
  for (const std::int64_t channels : {3, 24}) {
    const auto bytes = conv_norm_activation(channels, true, "torch.leaky_relu_(y, 0.01)");
    const TensorShape shape{1, 2, 24, 20, 22};
    const std::vector<float> input = input_of(shape);
    Session gpu(bytes, device), cpu(bytes, kCpu);
    const Tensor found = gpu.forward(input, shape), expected = cpu.forward(input, shape);
    EXPECT_EQ(gpu.graph(), "fused graph");
    ASSERT_EQ(found.shape, expected.shape);
    // The GPU's convolutions round their inputs to 10 bits.
    constexpr float kRounded = 0.02F;
    for (std::size_t i = 0; i < found.values.size(); ++i) {
      ASSERT_NEAR(found.values[i], expected.values[i], kRounded) << i;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Backends, GraphOnGpu, testing::gpu_only(), testing::backend_name);

TEST(CpuGraph, GivesTheSameBitsForAnyNumberOfThreads) {
  const auto bytes =
      torchscript("    y = torch.leaky_relu_(" + norm(convolution("x", "w"), "self.g, self.h") +
                      ", 0.01)\n    return torch.conv3d(y, self.head, self.head_b)\n",
                  {{"w", kernel({25, 2, 3, 3, 3})},
                   {"g", random({25})},
                   {"h", random({25})},
                   {"head", random({7, 25, 1, 1, 1})},
                   {"head_b", random({7})}});
  const TensorShape shape{1, 2, 17, 31, 29};
  const std::vector<float> input = input_of(shape);
  const int threads = omp_get_max_threads();
  std::vector<float> first;
  for (int n = 1; n <= 5; ++n) {
    omp_set_num_threads(n);
    Session session(bytes, kCpu);
    const Tensor out = session.forward(input, shape);
    EXPECT_EQ(session.graph(), "fused graph");
    if (first.empty()) first = out.values;
    EXPECT_EQ(out.values, first) << n << " threads";
  }
  omp_set_num_threads(threads);
}

}  // namespace
}  // namespace osler
