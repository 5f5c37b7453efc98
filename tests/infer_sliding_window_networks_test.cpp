// Means as nnU-Net rounds them, several networks, and networks of planes.

#include <gtest/gtest.h>
#include <torch/script.h>

#include <string>
#include <vector>

#include "collected_scores.hpp"
#include "throws.hpp"
#include "torchscript.hpp"

namespace osler {
namespace {

using namespace testing;

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
      run_sliding_window(
          sessions, {image.data(), 1, size}, options, nullptr, {}, [&](const ScoreSlab& slab) {
            const kernels::ScoresView& s = slab.scores;
            const bool halves = s.type == kernels::FloatType::f16;
            EXPECT_EQ(halves, networks == 1);
            const auto first = static_cast<std::size_t>(s.first_plane * 20 * 17);
            const auto count = static_cast<std::size_t>(s.planes * 20 * 17);
            for (std::size_t i = 0; i < count; ++i) {
              found[first + i] = static_cast<double>(
                  halves ? kernels::to_float(static_cast<const kernels::Half*>(s.scores)[i])
                         : static_cast<const float*>(s.scores)[i]);
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

}  // namespace
}  // namespace osler
