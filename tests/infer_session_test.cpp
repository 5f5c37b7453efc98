// Networks that are made here, whose answers are known.

#include "infer/session.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "backends.hpp"
#include "core/error.hpp"
#include "throws.hpp"
#include "torchscript.hpp"

namespace osler {
namespace {

using testing::expect_error;

std::vector<std::byte> network(const std::string& body) {
  return testing::torchscript(body, {}, true);
}

std::vector<std::byte> bytes_of(std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

class SessionTest : public testing::OnBackend {};

TEST(Precision, HasTheWordsOfTheCommandLine) {
  for (const char* word : {"fp32", "tf32", "fp16", "bf16"}) {
    EXPECT_EQ(to_string(parse_precision(word)), word);
  }
  expect_error(ErrorCode::usage, "fp64", [] { parse_precision("fp64"); });
}

TEST(Precision, IsSingleOnTheProcessor) {
  SessionOptions options;
  options.precision = Precision::f16;
  expect_error(ErrorCode::usage, "fp16",
               [&] { Session(network("    return x\n"), Device{}, options); });
}

class PrecisionOnGpu : public testing::OnBackend {};

TEST_P(PrecisionOnGpu, IsWhatIsWanted) {
  SessionOptions options;
  // 2048 + 1 is 2048 in f16 (11 bits), 256 + 1 is 256 in bf16 (8 bits).
  options.precision = Precision::f16;
  Session half(network("    return x + 1.0\n"), device, options);
  EXPECT_EQ(half.forward(std::vector<float>{2048, 2}, {1, 1, 1, 1, 2}).values,
            (std::vector<float>{2048, 3}));
  options.precision = Precision::bf16;
  Session brain(network("    return x + 1.0\n"), device, options);
  EXPECT_EQ(brain.forward(std::vector<float>{256, 2}, {1, 1, 1, 1, 2}).values,
            (std::vector<float>{256, 3}));
}

TEST_P(SessionTest, GivesTheNetworksValues) {
  Session session(network("    return x * 2.0 + 1.0\n"), device);
  const std::vector<float> input{0, 1, -2, 3.5F, 10, 100};
  for (int again = 0; again < 2; ++again) {
    const Tensor out = session.forward(input, {1, 1, 1, 2, 3});
    EXPECT_EQ(out.shape, (TensorShape{1, 1, 1, 2, 3}));
    EXPECT_EQ(out.values, (std::vector<float>{1, 3, -3, 8, 21, 201}));
  }
}

TEST_P(SessionTest, KeepsTheOrderOfAxes) {
  // Each value becomes its own place in NCDHW; the last axis is fastest.
  Session session(network("    return x.permute(0, 1, 4, 3, 2)\n"), device);
  const std::vector<float> input{0, 1, 2, 3, 4, 5};  // D 1, H 2, W 3
  const Tensor out = session.forward(input, {1, 1, 1, 2, 3});
  EXPECT_EQ(out.shape, (TensorShape{1, 1, 3, 2, 1}));
  EXPECT_EQ(out.values, (std::vector<float>{0, 3, 1, 4, 2, 5}));
}

TEST_P(SessionTest, RunsInEvaluationMode) {
  Session session(network("    return torch.dropout(x, 0.9, self.training)\n"), device);
  const std::vector<float> input(64, 1);
  EXPECT_EQ(session.forward(input, {1, 1, 4, 4, 4}).values, input);
}

TEST_P(SessionTest, LeavesTheInputAlone) {
  Session session(network("    return x + 1.0\n"), device);
  const std::vector<float> input{1, 2};
  session.forward(input, {1, 1, 1, 1, 2});
  EXPECT_EQ(input, (std::vector<float>{1, 2}));
}

TEST_P(SessionTest, RefusesBytesThatAreNoNetwork) {
  const std::vector<std::byte> good = network("    return x\n");
  ASSERT_NO_THROW(Session(good, device));
  const auto refuses = [&](const std::vector<std::byte>& bytes, const char* what) {
    SCOPED_TRACE(what);
    expect_error(ErrorCode::model, "weights cannot be loaded", [&] { Session(bytes, device); });
  };
  refuses({}, "empty");
  refuses(bytes_of("x"), "one letter");
  refuses(bytes_of("this is a text, of some length, that is no network at all\n"), "text");
  refuses({good.begin(), good.begin() + static_cast<std::ptrdiff_t>(good.size() / 2)}, "half");
  refuses({good.begin(), good.end() - 1}, "one byte short");
  std::vector<std::byte> corrupt = good;
  for (std::size_t i = corrupt.size() / 4; i < corrupt.size() / 2; ++i)
    corrupt[i] ^= std::byte{0x5A};
  refuses(corrupt, "corrupt");
}

TEST_P(SessionTest, RefusesAnOutputOfOtherDimensions) {
  const std::vector<float> input(8, 1);
  for (const char* body : {"    return x.sum()\n", "    return x[0]\n", "    return (x[0], x)\n"}) {
    Session session(network(body), device);
    expect_error(ErrorCode::model, "network", [&] { session.forward(input, {1, 1, 2, 2, 2}); });
  }
}

TEST_P(SessionTest, AFailureInsideTheNetworkIsAnErrorInOneLine) {
  Session session(network("    return x.reshape(7, 1, 1, 1, 1)\n"), device);
  const std::vector<float> input(8, 1);
  const auto error = testing::error_of([&] { session.forward(input, {1, 1, 2, 2, 2}); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ErrorCode::model);
  EXPECT_EQ(std::string(error->what()).find('\n'), std::string::npos);
}

TEST_P(SessionTest, RefusesInputThatDoesNotFillItsShape) {
  Session session(network("    return x\n"), device);
  const std::vector<float> input(8, 1);
  expect_error(ErrorCode::bad_argument, "shape", [&] { session.forward(input, {1, 1, 2, 2, 3}); });
  expect_error(ErrorCode::bad_argument, "shape", [&] { session.forward({}, {1, 1, 2, 2, 2}); });
}

INSTANTIATE_TEST_SUITE_P(Backends, PrecisionOnGpu, testing::gpu_only(), testing::backend_name);
INSTANTIATE_TEST_SUITE_P(Backends, SessionTest, testing::both_backends(), testing::backend_name);

}  // namespace
}  // namespace osler
