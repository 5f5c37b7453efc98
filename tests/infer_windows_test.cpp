// Places and weights of windows against what MONAI 1.6.1 (dense_patch_slices,
// compute_importance_map) and nnU-Net 2.8.1 (compute_steps_for_sliding_window, compute_gaussian)
// give for the same sizes.

#include "infer/windows.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "throws.hpp"

namespace osler {
namespace {

using Begins = std::vector<std::int64_t>;

WindowSettings settings(WindowRule rule, const Size3& patch, double step) {
  WindowSettings s;
  s.rule = rule;
  s.patch = patch;
  s.step = {step, step, step};
  return s;
}

float weight_at(const Windows& w, std::int64_t x, std::int64_t y, std::int64_t z) {
  return w.weights[static_cast<std::size_t>((z * w.patch[1] + y) * w.patch[0] + x)];
}

TEST(Windows, StandWhereNnunetHasThem) {
  const Windows a = place_windows({110, 128, 64}, settings(WindowRule::nnunet, {64, 128, 48}, .5));
  EXPECT_EQ(a.begins[0], (Begins{0, 23, 46}));
  EXPECT_EQ(a.begins[1], (Begins{0}));
  EXPECT_EQ(a.begins[2], (Begins{0, 16}));
  const Windows b = place_windows({301, 65, 133}, settings(WindowRule::nnunet, {128, 64, 96}, .5));
  EXPECT_EQ(b.begins[0], (Begins{0, 58, 115, 173}));
  EXPECT_EQ(b.begins[1], (Begins{0, 1}));
  EXPECT_EQ(b.begins[2], (Begins{0, 37}));
  const Windows c = place_windows({200, 64, 64}, settings(WindowRule::nnunet, {64, 64, 64}, .3));
  EXPECT_EQ(c.begins[0], (Begins{0, 17, 34, 51, 68, 85, 102, 119, 136}));
}

TEST(Windows, StandWhereMonaiHasThem) {
  const Windows a = place_windows({110, 128, 64}, settings(WindowRule::monai, {64, 128, 48}, .5));
  EXPECT_EQ(a.begins[0], (Begins{0, 32, 46}));
  EXPECT_EQ(a.begins[1], (Begins{0}));
  EXPECT_EQ(a.begins[2], (Begins{0, 16}));
  const Windows b =
      place_windows({301, 65, 133}, settings(WindowRule::monai, {128, 64, 96}, 1 - .25));
  EXPECT_EQ(b.begins[0], (Begins{0, 96, 173}));
  EXPECT_EQ(b.begins[1], (Begins{0, 1}));
  EXPECT_EQ(b.begins[2], (Begins{0, 37}));
  const Windows c = place_windows({96, 97, 200}, settings(WindowRule::monai, {96, 96, 96}, 1));
  EXPECT_EQ(c.begins[1], (Begins{0, 1}));
  EXPECT_EQ(c.begins[2], (Begins{0, 96, 104}));
}

TEST(Windows, ASmallImageLiesInTheMiddleTheOddVoxelBehindIt) {
  for (const WindowRule rule : {WindowRule::nnunet, WindowRule::monai}) {
    const Windows w = place_windows({5, 8, 7}, settings(rule, {8, 8, 8}, .5));
    EXPECT_EQ(w.begins[0], (Begins{-1}));
    EXPECT_EQ(w.begins[1], (Begins{0}));
    EXPECT_EQ(w.begins[2], (Begins{0}));
  }
}

TEST(Windows, WeighAsMonaiDoes) {
  // {z, y, x} of the Python package is {x, y, z} reversed.
  const Windows a = place_windows({8, 16, 32}, settings(WindowRule::monai, {8, 16, 32}, .5));
  EXPECT_FLOAT_EQ(weight_at(a, 0, 0, 0), 1e-3F);
  EXPECT_FLOAT_EQ(weight_at(a, 3, 7, 15), 0.8486889600753784F);
  EXPECT_FLOAT_EQ(weight_at(a, 6, 12, 20), 0.0018564995843917131F);
  EXPECT_FLOAT_EQ(weight_at(a, 4, 8, 8), 0.14748002588748932F);
  const Windows b = place_windows({4, 5, 6}, settings(WindowRule::monai, {4, 5, 6}, .5));
  EXPECT_FLOAT_EQ(weight_at(b, 1, 2, 2), 0.4856717884540558F);
  EXPECT_FLOAT_EQ(weight_at(b, 2, 2, 0), 0.002344799693673849F);
}

TEST(Windows, WeighAsNnunetDoes) {
  const Windows w = place_windows({8, 16, 32}, settings(WindowRule::nnunet, {8, 16, 32}, .5));
  EXPECT_EQ(weight_at(w, 0, 0, 0), 5.960464477539063e-08F);
  EXPECT_EQ(weight_at(w, 4, 8, 16), 10.0F);
  EXPECT_EQ(weight_at(w, 6, 12, 20), 0.111083984375F);
  EXPECT_EQ(weight_at(w, 3, 7, 8), 0.724609375F);
  EXPECT_EQ(weight_at(w, 7, 15, 31), 2.384185791015625e-07F);
}

TEST(Windows, AreFlippedInAllCombinations) {
  WindowSettings s = settings(WindowRule::nnunet, {4, 4, 4}, .5);
  EXPECT_EQ(place_windows({6, 6, 6}, s).flips.size(), 1U);
  s.mirrored = {true, false, true};
  const Windows w = place_windows({6, 6, 6}, s);
  EXPECT_EQ(
      w.flips,
      (std::vector<std::array<bool, 3>>{
          {false, false, false}, {true, false, false}, {false, false, true}, {true, false, true}}));
  EXPECT_EQ(w.runs(), 2 * 2 * 2 * 4);
}

TEST(Windows, SharesAreOneOverTheSumOfTheWeights) {
  WindowSettings s = settings(WindowRule::monai, {4, 2, 2}, .5);
  s.gaussian = false;
  const Windows w = place_windows({6, 2, 3}, s);  // x: 0, 2; z: 0, 1
  std::vector<float> share(6 * 2 * 2);
  weight_shares(w, 1, 3, share);
  const std::vector<float> plane_of_two{.5F, .5F, .25F, .25F, .5F, .5F};
  const std::vector<float> plane_of_one{1, 1, .5F, .5F, 1, 1};
  for (std::size_t i = 0; i < 12; ++i) {
    EXPECT_EQ(share[i], plane_of_two[i % 6]);
    EXPECT_EQ(share[12 + i], plane_of_one[i % 6]);
  }
}

TEST(Windows, RefuseWhatCannotBe) {
  const auto refused = [](const Size3& image, const WindowSettings& s) {
    testing::expect_error(ErrorCode::bad_argument, "sliding window",
                          [&] { place_windows(image, s); });
  };
  refused({0, 4, 4}, settings(WindowRule::monai, {4, 4, 4}, .5));
  refused({4, 4, 4}, settings(WindowRule::monai, {4, 0, 4}, .5));
  refused({4, 4, 4}, settings(WindowRule::monai, {4, 4, 4}, 0));
  refused({4, 4, 4}, settings(WindowRule::nnunet, {4, 4, 4}, 1.5));
  refused({5000, 5000, 5000}, settings(WindowRule::nnunet, {4, 4, 4}, .1));
}

}  // namespace
}  // namespace osler
