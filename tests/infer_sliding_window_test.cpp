// Blended scores against a plain sum over all windows in double precision, with a network whose
// answer depends on where a voxel lies in its window and on how it is flipped.

#include "infer/sliding_window.hpp"

#include <gtest/gtest.h>
#include <torch/script.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "backends.hpp"
#include "collected_scores.hpp"
#include "kernels/half_math.hpp"
#include "throws.hpp"
#include "torchscript.hpp"

namespace osler {
namespace {

using namespace testing;

TEST(SlidingWindow, BlendsWhatTheWindowsGive) {
  struct Case {
    Size3 image, patch;
    double step;
    std::array<bool, 3> mirrored;
  };
  for (const Case& c : {Case{{13, 9, 21}, {8, 6, 7}, .5, {}}, Case{{13, 9, 21}, {8, 6, 7}, 1, {}},
                        Case{{5, 9, 4}, {8, 6, 7}, .5, {}},  // smaller than the patch
                        Case{{8, 6, 7}, {8, 6, 7}, .5, {}},  // the patch itself
                        Case{{8, 7, 12}, {5, 5, 5}, .3, {true, false, true}}}) {
    const std::vector<float> image = random_image(c.image);
    for (const WindowRule rule : {WindowRule::monai, WindowRule::nnunet}) {
      for (const bool gaussian : {true, false}) {
        SlidingWindowOptions options;
        options.windows = {rule, c.patch,    {c.step, c.step, c.step}, gaussian,
                           .125, c.mirrored, kernels::Beyond::value,   .25F};
        const std::vector<double> expected = expected_scores(image, c.image, options.windows);
        for (const int batch : {0, 3}) {
          options.batch = batch;
          const Collected found = blended(image, c.image, options);
          EXPECT_LE(largest_difference(found.scores, expected), kTolerance);
        }
      }
    }
  }
}

TEST(SlidingWindow, HoldsOnePatchAndOnePlane) {
  const Size3 size{6, 6, 200};
  SlidingWindowOptions options;
  options.windows.patch = {6, 6, 8};
  const Collected found = blended(random_image(size), size, options);
  EXPECT_EQ(found.most_planes, 9);
  EXPECT_EQ(found.cells.size(), 49U);  // windows along z: (200 - 8) / 4 + 1
  EXPECT_EQ(found.cells[0], 0);
  EXPECT_EQ(found.cells[1], 3);  // plane 3 is the last that the second window does not reach
}

TEST(SlidingWindow, HalfPrecisionSumsAreOffByTheirRounding) {
  const Size3 size{13, 9, 21};
  const std::vector<float> image = random_image(size);
  SlidingWindowOptions options;
  options.windows.patch = {8, 6, 7};
  options.sums = kernels::FloatType::f16;
  const Collected found = blended(image, size, options);
  const double off =
      largest_difference(found.scores, expected_scores(image, size, options.windows));
  EXPECT_LE(off, 8 * 8 * 0x1p-11);  // 8 additions of numbers below 8
  EXPECT_GT(off, 0);
}

/// Ends in a convolution of single voxels that makes five classes of two channels.
std::vector<std::byte> network_with_last_layer() {
  torch::manual_seed(4);
  return torchscript(
      "    y = torch.leaky_relu(torch.conv3d(x, self.a, None, [1, 1, 1], [1, 1, 1]), 0.1)\n"
      "    return torch.conv3d(y, self.b, self.c)\n",
      {{"a", at::randn({2, 1, 3, 3, 3})},
       {"b", at::randn({5, 2, 1, 1, 1})},
       {"c", at::randn({5})}});
}

TEST(SlidingWindow, WhatTheLastLayerTakesMayBeSummedInPlaceOfScores) {
  const Size3 size{20, 18, 50};
  const std::vector<float> image = random_image(size);
  SlidingWindowOptions options;
  options.windows.patch = {12, 10, 14};
  options.windows.mirrored = {true, false, true};
  const auto run = [&](bool fuse) {
    SessionOptions session_options;
    session_options.way = fuse ? Way::fused : Way::frozen;
    session_options.check_shape = TensorShape{1, 1, 14, 10, 12};
    Session session(network_with_last_layer(), Device{}, session_options);
    EXPECT_EQ(session.last_layer() != nullptr, fuse);
    std::vector<double> scores(static_cast<std::size_t>(5 * voxel_count(size)), NAN);
    std::int64_t next_cell = 0;
    run_sliding_window(
        {&session, 1}, {image.data(), 1, size}, options, nullptr, {}, [&](const ScoreSlab& slab) {
          EXPECT_EQ(slab.cell_begin, next_cell);
          next_cell = slab.cell_end;
          const kernels::ScoresView& s = slab.scores;
          ASSERT_EQ(s.classes, 5);
          const std::int64_t plane = size[0] * size[1];
          const std::int64_t end = std::min(slab.cell_end, size[2] - 1) + 1;
          ASSERT_GE(s.first_plane + s.planes, end);
          for (int c = 0; c < 5; ++c) {
            const float* from = static_cast<const float*>(s.scores) +
                                (c * s.planes + slab.cell_begin - s.first_plane) * plane;
            std::copy_n(from, (end - slab.cell_begin) * plane,
                        scores.begin() + (c * size[2] + slab.cell_begin) * plane);
          }
        });
    EXPECT_EQ(next_cell, INT64_MAX);
    return scores;
  };
  EXPECT_LE(largest_difference(run(true), run(false)), kTolerance);
}

TEST(SlidingWindow, SaysHowFarItIs) {
  const Size3 size{8, 8, 12};
  const std::vector<float> image = random_image(size);
  Session session(torchscript(kPlaceDependent), Device{});
  SlidingWindowOptions options;
  options.windows.patch = {8, 8, 8};
  std::vector<std::int64_t> done;
  run_sliding_window(
      {&session, 1}, {image.data(), 1, size}, options, nullptr,
      [&](std::string_view, std::int64_t n, std::int64_t total) {
        EXPECT_EQ(total, 2);
        done.push_back(n);
      },
      [](const ScoreSlab&) {});
  EXPECT_EQ(done, (std::vector<std::int64_t>{0, 1, 2}));
}

TEST(SlidingWindow, RefusesANetworkThatGivesAnotherSize) {
  const Size3 size{8, 8, 8};
  const std::vector<float> image = random_image(size);
  Session session(torchscript("    return x[:, :, 1:]\n"), Device{});
  SlidingWindowOptions options;
  options.windows.patch = {8, 8, 8};
  expect_error(ErrorCode::model, "7 voxels", [&] {
    run_sliding_window({&session, 1}, {image.data(), 1, size}, options, nullptr, {},
                       [](const ScoreSlab&) {});
  });
}

/// A network that takes more memory than any machine has where it is shown more than `most`
/// windows.
std::string hungry(int most) {
  return "    if x.size(0) > " + std::to_string(most) +
         ":\n        n = 1 << 42 if x.is_cuda else 1 << 46\n" +
         "        y = torch.empty([n], device=x.device)\n        return x + y[0]\n" +
         "    return torch.cat([x, 2.0 * x, 3.0 * x], 1)\n";
}

TEST(SlidingWindow, SaysThatMemoryDoesNotSuffice) {
  const Size3 size{8, 8, 8};
  const std::vector<float> image = random_image(size);
  Session session(torchscript(hungry(0)), Device{});
  SlidingWindowOptions options;
  options.windows.patch = {8, 8, 8};
  expect_error(ErrorCode::device, "does not fit into memory", [&] {
    run_sliding_window({&session, 1}, {image.data(), 1, size}, options, nullptr, {},
                       [](const ScoreSlab&) {});
  });
  expect_error(ErrorCode::device, "does not fit into memory", [&] {
    session.forward(image, {1, 1, 8, 8, 8});
  });
}

class SlidingWindowOnGpu : public testing::OnBackend {
 protected:
  static void take(const ScoreSlab& slab, const Size3& size, const Stream& stream,
                   Collected& found) {
    const auto values =
        static_cast<std::size_t>(slab.scores.classes * slab.scores.planes * size[0] * size[1]);
    std::vector<float> host(values);
    ScoreSlab held = slab;
    if (slab.memory == Backend::cuda) {
      copy_to_host(slab.scores.scores, std::as_writable_bytes(std::span(host)), stream);
      stream.synchronize();
      held.scores.scores = host.data();
      held.memory = Backend::cpu;
    }
    found.take(held);
  }
};

TEST_P(SlidingWindowOnGpu, ShowsFewerWindowsAtOnceWhereMemoryDoesNotSuffice) {
  const Size3 size{40, 33, 50};
  const std::vector<float> image = random_image(size);
  SlidingWindowOptions options;
  options.windows.patch = {16, 16, 16};
  Session on_cpu(torchscript(hungry(1)), Device{});
  Collected expected(size);
  run_sliding_window({&on_cpu, 1}, {image.data(), 1, size}, options, nullptr, {},
                     [&](const ScoreSlab& slab) { expected.take(slab); });
  const Stream stream(device);
  const DeviceBuffer there(image.size() * sizeof(float), stream);
  copy_to_device(std::as_bytes(std::span(image)), there, stream);
  const kernels::ImageView view{static_cast<const float*>(there.data()), 1, size};
  for (const int most : {1, 3}) {
    Session session(torchscript(hungry(most)), device);
    for (const int batch : {0, 8}) {
      options.batch = batch;
      Collected found(size);
      run_sliding_window({&session, 1}, view, options, &stream, {},
                         [&](const ScoreSlab& slab) { take(slab, size, stream, found); });
      EXPECT_LE(largest_difference(found.scores, expected.scores), 1e-5) << most << " " << batch;
    }
  }
  Session none(torchscript(hungry(0)), device);
  expect_error(ErrorCode::device, "does not fit into the GPU", [&] {
    run_sliding_window({&none, 1}, view, options, &stream, {}, [](const ScoreSlab&) {});
  });
}

TEST_P(SlidingWindowOnGpu, AgreesWithTheCpu) {
  const Size3 size{40, 33, 50};
  const std::vector<float> image = random_image(size);
  SlidingWindowOptions options;
  options.windows.patch = {16, 16, 16};
  options.windows.mirrored = {true, false, false};
  const Collected expected = blended(image, size, options);
  const Stream stream(device);  // goes behind what LibTorch keeps on it
  Session session(torchscript(kPlaceDependent), device);
  const DeviceBuffer there(image.size() * sizeof(float), stream);
  copy_to_device(std::as_bytes(std::span(image)), there, stream);
  for (const int batch : {0, 1, 5}) {
    options.batch = batch;
    Collected found(size);
    run_sliding_window({&session, 1}, {static_cast<const float*>(there.data()), 1, size}, options,
                       &stream, {}, [&](const ScoreSlab& slab) {
                         ASSERT_EQ(slab.memory, Backend::cuda);
                         take(slab, size, stream, found);
                       });
    EXPECT_LE(largest_difference(found.scores, expected.scores), 1e-4);  // cumsum's order
  }
}

INSTANTIATE_TEST_SUITE_P(Backends, SlidingWindowOnGpu, testing::gpu_only(), testing::backend_name);

}  // namespace
}  // namespace osler
