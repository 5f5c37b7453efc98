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
#include "kernels/half_math.hpp"
#include "throws.hpp"
#include "torchscript.hpp"

namespace osler {
namespace {

using testing::expect_error;
using testing::torchscript;

constexpr char kPlaceDependent[] =
    "    return torch.cat([x, torch.cumsum(x, 4), torch.cumsum(x, 2)], 1)\n";
constexpr int kClasses = 3;

std::vector<float> random_image(const Size3& size) {
  std::mt19937 random(7);
  std::uniform_real_distribution<float> values(-1, 1);
  std::vector<float> image(static_cast<std::size_t>(voxel_count(size)));
  for (float& v : image) v = values(random);
  return image;
}

/// Every plane once, as the slabs gave it.
struct Collected {
  std::vector<double> scores;
  std::int64_t most_planes = 0;
  std::vector<std::int64_t> cells;

  explicit Collected(const Size3& size)
      : scores(static_cast<std::size_t>(kClasses * voxel_count(size)), NAN) {}

  void take(const ScoreSlab& slab) {
    ASSERT_EQ(slab.memory, Backend::cpu);
    const kernels::ScoresView& s = slab.scores;
    ASSERT_EQ(s.classes, kClasses);
    const std::int64_t plane = s.size[0] * s.size[1];
    cells.push_back(slab.cell_begin);
    most_planes = std::max(most_planes, s.planes);
    const std::int64_t end = std::min(slab.cell_end, s.size[2] - 1) + 1;
    ASSERT_GE(slab.cell_begin, s.first_plane);
    ASSERT_LE(end, s.first_plane + s.planes);
    for (int c = 0; c < kClasses; ++c) {
      for (std::int64_t z = slab.cell_begin; z < end; ++z) {
        for (std::int64_t i = 0; i < plane; ++i) {
          const auto at = static_cast<std::size_t>((c * s.planes + z - s.first_plane) * plane + i);
          const float value =
              s.type == kernels::FloatType::f32
                  ? static_cast<const float*>(s.scores)[at]
                  : kernels::to_float(static_cast<const kernels::Half*>(s.scores)[at]);
          double& held = scores[static_cast<std::size_t>((c * s.size[2] + z) * plane + i)];
          ASSERT_TRUE(std::isnan(held) || held == static_cast<double>(value)) << "a plane changed";
          held = static_cast<double>(value);
        }
      }
    }
  }
};

/// The contract, voxel by voxel.
std::vector<double> expected_scores(const std::vector<float>& image, const Size3& n,
                                    const WindowSettings& settings) {
  const Windows w = place_windows(n, settings);
  const Size3& p = w.patch;
  const auto voxels = static_cast<std::size_t>(voxel_count(n));
  std::vector<double> sums(kClasses * voxels, 0), weights(voxels, 0);
  const auto at = [](std::int64_t x, std::int64_t y, std::int64_t z, const Size3& size) {
    return static_cast<std::size_t>((z * size[1] + y) * size[0] + x);
  };
  for (const auto bz : w.begins[2]) {
    for (const auto by : w.begins[1]) {
      for (const auto bx : w.begins[0]) {
        for (const auto& flip : w.flips) {
          std::vector<double> in(static_cast<std::size_t>(voxel_count(p)), 0), row(in), column(in);
          const auto place = [&](std::int64_t x, std::int64_t y, std::int64_t z) {
            return Size3{bx + (flip[0] ? p[0] - 1 - x : x), by + (flip[1] ? p[1] - 1 - y : y),
                         bz + (flip[2] ? p[2] - 1 - z : z)};
          };
          const auto inside = [&](const Size3& i) {
            return i[0] >= 0 && i[1] >= 0 && i[2] >= 0 && i[0] < n[0] && i[1] < n[1] && i[2] < n[2];
          };
          for (std::int64_t z = 0; z < p[2]; ++z) {
            for (std::int64_t y = 0; y < p[1]; ++y) {
              for (std::int64_t x = 0; x < p[0]; ++x) {
                const Size3 i = place(x, y, z);
                const std::size_t here = at(x, y, z, p);
                in[here] = inside(i) ? static_cast<double>(image[at(i[0], i[1], i[2], n)])
                                     : static_cast<double>(settings.value);
                row[here] = in[here] + (x > 0 ? row[at(x - 1, y, z, p)] : 0);
                column[here] = in[here] + (z > 0 ? column[at(x, y, z - 1, p)] : 0);
                if (!inside(i)) continue;
                const std::size_t out = at(i[0], i[1], i[2], n);
                const double weight =
                    static_cast<double>(w.weights[at(i[0] - bx, i[1] - by, i[2] - bz, p)]);
                weights[out] += weight;
                sums[out] += weight * in[here];
                sums[voxels + out] += weight * row[here];
                sums[2 * voxels + out] += weight * column[here];
              }
            }
          }
        }
      }
    }
  }
  for (std::size_t i = 0; i < sums.size(); ++i) sums[i] /= weights[i % voxels];
  return sums;
}

double largest_difference(const std::vector<double>& a, const std::vector<double>& b) {
  double largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    largest = std::isnan(a[i]) ? INFINITY : std::max(largest, std::abs(a[i] - b[i]));
  }
  return largest;
}

Collected blended(const std::vector<float>& image, const Size3& size,
                  const SlidingWindowOptions& options) {
  Session session(torchscript(kPlaceDependent), Device{});
  Collected found(size);
  run_sliding_window({&session, 1}, {image.data(), 1, size}, options, nullptr, {},
                     [&](const ScoreSlab& slab) { found.take(slab); });
  return found;
}

// Sums of up to 8 numbers below 16 in single precision.
constexpr double kTolerance = 1e-5;

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

/// nnU-Net's arithmetic, step by step: predict_from_raw_data.py of version 2.8.1.
std::vector<double> means_in_halves(const std::vector<float>& image, const Size3& n,
                                    const WindowSettings& settings, int networks) {
  const Windows w = place_windows(n, settings);
  const Size3& p = w.patch;
  const auto half = [](float v) { return kernels::to_float(kernels::Half{kernels::to_f16(v)}); };
  std::vector<float> sums(image.size(), 0), weights(image.size(), 0);
  for (const auto bz : w.begins[2]) {
    for (const auto by : w.begins[1]) {
      for (const auto bx : w.begins[0]) {
        for (std::int64_t z = 0; z < p[2]; ++z) {
          for (std::int64_t y = 0; y < p[1]; ++y) {
            for (std::int64_t x = 0; x < p[0]; ++x) {
              const auto at = static_cast<std::size_t>(((bz + z) * n[1] + by + y) * n[0] + bx + x);
              const float weight = w.weights[static_cast<std::size_t>((z * p[1] + y) * p[0] + x)];
              sums[at] = half(sums[at] + image[at] * weight);
              weights[at] = half(weights[at] + weight);
            }
          }
        }
      }
    }
  }
  std::vector<double> means;
  for (std::size_t i = 0; i < sums.size(); ++i) {
    const float one = half(sums[i] / weights[i]);
    float all = one;
    for (int k = 1; k < networks; ++k) all = half(all + one);
    means.push_back(static_cast<double>(networks == 1 ? one : half(all / networks)));
  }
  return means;
}

TEST(SlidingWindow, RoundsMeansAsNnunetDoes) {
  const Size3 size{20, 17, 23};
  const std::vector<float> image = random_image(size);
  SlidingWindowOptions options;
  options.windows.patch = {8, 8, 8};
  options.in_halves = true;
  for (const int networks : {1, 3}) {
    for (const bool mirrored : {false, true}) {
      options.windows.mirrored = {mirrored, false, mirrored};
      std::vector<Session> sessions;
      for (int i = 0; i < networks; ++i)
        sessions.emplace_back(torchscript("    return x\n"), Device{});
      std::vector<double> found(image.size(), NAN);
      run_sliding_window(sessions, {image.data(), 1, size}, options, nullptr, {},
                         [&](const ScoreSlab& slab) {
                           const kernels::ScoresView& s = slab.scores;
                           const auto* values = static_cast<const float*>(s.scores);
                           const auto first = static_cast<std::size_t>(s.first_plane * 20 * 17);
                           const auto count = static_cast<std::size_t>(s.planes * 20 * 17);
                           for (std::size_t i = 0; i < count; ++i) {
                             found[first + i] = static_cast<double>(values[i]);
                           }
                         });
      EXPECT_EQ(found, means_in_halves(image, size, options.windows, networks));
    }
  }
}

TEST(SlidingWindow, GivesTheMeanOfSeveralNetworks) {
  const Size3 size{12, 10, 14};
  const std::vector<float> image = random_image(size);
  std::vector<Session> sessions;
  sessions.emplace_back(torchscript("    return torch.cat([x, 2 * x], 1)\n"), Device{});
  sessions.emplace_back(torchscript("    return torch.cat([x + 1, x], 1)\n"), Device{});
  SlidingWindowOptions options;
  options.windows.patch = {8, 8, 8};
  std::vector<float> first, second;
  const auto take = [&](const ScoreSlab& slab) {
    const kernels::ScoresView& s = slab.scores;
    const auto* values = static_cast<const float*>(s.scores);
    const auto per_class = static_cast<std::size_t>(s.planes * 12 * 10);
    const auto begin = static_cast<std::size_t>(s.first_plane * 12 * 10);
    first.resize(image.size());
    second.resize(image.size());
    std::copy_n(values, per_class, first.begin() + static_cast<std::ptrdiff_t>(begin));
    std::copy_n(values + per_class, per_class, second.begin() + static_cast<std::ptrdiff_t>(begin));
  };
  run_sliding_window(sessions, {image.data(), 1, size}, options, nullptr, {}, take);
  for (std::size_t i = 0; i < image.size(); ++i) {
    ASSERT_NEAR(first[i], image[i] + .5F, 1e-6F) << i;
    ASSERT_NEAR(second[i], 1.5F * image[i], 1e-6F) << i;
  }
  // What becomes of scores, and in which order they are given.
  options.activation = ScoreActivation::sigmoid;
  options.order = {1, 0};
  run_sliding_window(sessions, {image.data(), 1, size}, options, nullptr, {}, take);
  for (std::size_t i = 0; i < image.size(); ++i) {
    ASSERT_NEAR(first[i], 1 / (1 + std::exp(-1.5F * image[i])), 1e-6F) << i;
  }
  options.activation = ScoreActivation::softmax;
  options.order.clear();
  run_sliding_window(sessions, {image.data(), 1, size}, options, nullptr, {}, take);
  for (std::size_t i = 0; i < image.size(); ++i) {
    ASSERT_NEAR(first[i], 1 / (1 + std::exp(.5F * image[i] - .5F)), 1e-6F) << i;
  }
}

TEST(SlidingWindow, ShowsSlicesToANetworkOfTwoDimensions) {
  const Size3 size{12, 10, 3};
  const std::vector<float> image = random_image(size);
  Session session(torchscript("    return x + torch.cumsum(torch.ones_like(x), 3)\n"), Device{});
  SlidingWindowOptions options;
  options.windows.patch = {12, 10, 1};
  options.windows.step = {1, 1, 1};
  options.planar = true;
  std::vector<float> found(image.size());
  run_sliding_window({&session, 1}, {image.data(), 1, size}, options, nullptr, {},
                     [&](const ScoreSlab& slab) {
                       const kernels::ScoresView& s = slab.scores;
                       std::copy_n(static_cast<const float*>(s.scores), s.planes * 120,
                                   found.begin() + s.first_plane * 120);
                     });
  for (std::size_t i = 0; i < image.size(); ++i) {
    ASSERT_NEAR(found[i], image[i] + static_cast<float>(i % 12) + 1, 1e-5F) << i;
  }
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

class SlidingWindowOnGpu : public testing::OnBackend {};

TEST_P(SlidingWindowOnGpu, AgreesWithTheCpu) {
  const Size3 size{40, 33, 50};
  const std::vector<float> image = random_image(size);
  SlidingWindowOptions options;
  options.windows.patch = {16, 16, 16};
  options.windows.mirrored = {true, false, false};
  const Collected expected = blended(image, size, options);
  Session session(torchscript(kPlaceDependent), device);
  const Stream stream(device);
  const DeviceBuffer there(image.size() * sizeof(float), stream);
  copy_to_device(std::as_bytes(std::span(image)), there, stream);
  for (const int batch : {0, 1, 5}) {
    options.batch = batch;
    Collected found(size);
    run_sliding_window({&session, 1}, {static_cast<const float*>(there.data()), 1, size}, options,
                       &stream, {}, [&](const ScoreSlab& slab) {
                         ASSERT_EQ(slab.memory, Backend::cuda);
                         const std::size_t values = static_cast<std::size_t>(
                             slab.scores.classes * slab.scores.planes * size[0] * size[1]);
                         std::vector<float> host(values);
                         copy_to_host(slab.scores.scores, std::as_writable_bytes(std::span(host)),
                                      stream);
                         stream.synchronize();
                         ScoreSlab held = slab;
                         held.scores.scores = host.data();
                         held.memory = Backend::cpu;
                         found.take(held);
                       });
    EXPECT_LE(largest_difference(found.scores, expected.scores), 1e-4);  // cumsum's order
  }
}

INSTANTIATE_TEST_SUITE_P(Backends, SlidingWindowOnGpu, testing::gpu_only(), testing::backend_name);

}  // namespace
}  // namespace osler
