#include "preprocess/crop.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include "core/error.hpp"
#include "throws.hpp"

namespace osler {
namespace {

constexpr double kRounding = 1e-9;

void expect_near(const Vec3& found, const Vec3& expected, double tolerance = kRounding) {
  for (std::size_t i = 0; i < 3; ++i) EXPECT_NEAR(found[i], expected[i], tolerance) << "axis " << i;
}

Side side(bool mirrored) {
  return {"", {}, {26, 22, -11}, mirrored};
}

TEST(CropAxes, RunToTheRightTheFrontAndTheHead) {
  // LPS: +x is the patient's left, +y the back.
  const Affine left = crop_axes(Affine{}, side(false));
  expect_near(left.column(0), {-1, 0, 0});
  expect_near(left.column(1), {0, -1, 0});
  expect_near(left.column(2), {0, 0, 1});
  expect_near(left({0, 0, 0}), {26, 22, -11});
  EXPECT_DOUBLE_EQ(left.determinant(), 1);
}

TEST(CropAxes, TheMirroredSideRunsToTheLeft) {
  const Affine right = crop_axes(Affine{}, side(true));
  expect_near(right.column(0), {1, 0, 0});
  expect_near(right.column(1), {0, -1, 0});
  expect_near(right.column(2), {0, 0, 1});
  EXPECT_DOUBLE_EQ(right.determinant(), -1);
}

TEST(CropAxes, TurnWithTheHeadAndStayOneMillimetre) {
  // The head is turned 30 degrees about z and 10, 20, 5 % larger or smaller than the template.
  const double c = std::cos(std::numbers::pi / 6), s = .5;
  const Affine head =
      Affine::from_columns({1.1 * c, 1.1 * s, 0}, {-.8 * s, .8 * c, 0}, {0, 0, 1.05}, {5, -7, 100});
  const Affine crop = crop_axes(head, side(false));
  expect_near(crop.column(0), {-c, -s, 0});
  expect_near(crop.column(1), {s, -c, 0});
  expect_near(crop.column(2), {0, 0, 1});
  EXPECT_NEAR(std::abs(crop.determinant()), 1, kRounding);
  // The place itself is carried by the whole map, scales included.
  expect_near(crop.origin(),
              {26 * 1.1 * c - 22 * .8 * s + 5, 26 * 1.1 * s + 22 * .8 * c - 7, -11 * 1.05 + 100});
}

// numpy: v = float32([3,-1,4,1,-5,9,2,6,5,35]); lo, hi = np.percentile(v, [10, 90]);
// c = np.clip(v, lo, hi); c.mean(), 1/c.std()
const std::vector<float> kValues{3, -1, 4, 1, -5, 9, 2, 6, 5, 35};

TEST(ZScore, AgreesWithNumPy) {
  const kernels::Normalisation n = z_score(kValues, {10, 90});
  EXPECT_NEAR(n.low, -1.4, 1e-6);
  EXPECT_NEAR(n.high, 11.6, 1e-6);
  EXPECT_NEAR(n.shift, 3.92, 1e-6);
  EXPECT_NEAR(n.scale, .2533017772748517, 1e-7);
}

TEST(ZScore, PercentilesZeroAndHundredClipNothing) {
  const kernels::Normalisation n = z_score(kValues, {0, 100});
  EXPECT_EQ(n.low, -5);
  EXPECT_EQ(n.high, 35);
  EXPECT_NEAR(n.shift, 5.9, 1e-6);
  EXPECT_NEAR(n.scale, .09645305072682313, 1e-8);
}

TEST(ZScore, RefusesARegionWithoutContrastOrWithoutVoxels) {
  testing::expect_error(ErrorCode::bad_input, "contrast", [] {
    z_score(std::vector<float>(100, 7.5F), {0, 100});
  });
  // All spread lies outside the percentiles.
  std::vector<float> spike(1000, 1.0F);
  spike[3] = 1000;
  testing::expect_error(ErrorCode::bad_input, "contrast", [&] { z_score(spike, {0.5, 99.5}); });
  testing::expect_error(ErrorCode::bad_input, "empty", [] { z_score({}, {0, 100}); });
}

TEST(FrameOrigin, PutsTheBoxInTheMiddle) {
  EXPECT_EQ(frame_origin({{10, -3, 0}, {4, 4, 4}}, {10, 4, 8}), (Size3{7, -3, -2}));
  // An odd room leaves the extra voxel behind the box: 2 before, 3 after.
  EXPECT_EQ(frame_origin({{0, 0, 0}, {3, 3, 3}}, {8, 3, 3}), (Size3{-2, 0, 0}));
}

TEST(FrameOrigin, ABoxLargerThanTheFrameIsCutOnBothSides) {
  EXPECT_EQ(frame_origin({{5, 0, 0}, {8, 1, 1}}, {4, 1, 1}), (Size3{7, 0, 0}));
  // 7 in 4: 3 voxels are cut, one or two of them in front.
  const std::int64_t begin = frame_origin({{0, 0, 0}, {7, 1, 1}}, {4, 1, 1})[0];
  EXPECT_TRUE(begin == 1 || begin == 2) << begin;
}

class CutOut : public ::testing::Test {
 protected:
  // 12^3 voxels of 2 mm whose value is 10 x + y at index (x, y, z), first at LPS (-5, 0, 0).
  CutOut() {
    for (int z = 0; z < 12; ++z) {
      for (int y = 0; y < 12; ++y) {
        for (int x = 0; x < 12; ++x) voxels_.push_back(static_cast<std::int16_t>(10 * x + y));
      }
    }
    view_.voxels = voxels_.data();
    view_.size = {12, 12, 12};
    view_.slope = ones_.data();
    view_.intercept = zeros_.data();
    lps_to_index_ = Affine::from_columns({.5, 0, 0}, {0, .5, 0}, {0, 0, .5}, {2.5, 0, 0});
  }
  std::vector<std::int16_t> voxels_;
  std::vector<float> ones_ = std::vector<float>(12, 1), zeros_ = std::vector<float>(12, 0);
  kernels::SourceView view_;
  Affine lps_to_index_;
};

TEST_F(CutOut, ShowsTheVisibleBoxZScoredAndZeroElsewhere) {
  CropTask task;
  // Crop index (0,0,0) is source voxel (4, 5, 6); +x runs along -x of the source, a voxel is 1 mm.
  task.crop_to_lps = Affine::from_columns({-1, 0, 0}, {0, 1, 0}, {0, 0, 1}, {3, 10, 12});
  task.frame = {6, 4, 2};
  task.visible = {{-2, 0, 0}, {4, 2, 2}};
  task.statistics = {{0, 0, 0}, {3, 1, 1}};  // 45, 40, 35: mean 40, SD sqrt(50/3)
  const NetworkInput input = cut_out({view_}, lps_to_index_, task);
  EXPECT_EQ(input.size, (Size3{6, 4, 2}));
  EXPECT_EQ(input.origin, (Size3{-3, -1, 0}));
  expect_near(input.index_to_lps({0, 0, 0}), {6, 9, 12});
  const double sd = std::sqrt(50.0 / 3);
  std::size_t n = 0;
  for (int z = 0; z < 2; ++z) {
    for (int y = 0; y < 4; ++y) {
      for (int x = 0; x < 6; ++x, ++n) {
        const int cx = x - 3, cy = y - 1;  // crop index
        const bool visible = cx >= -2 && cx < 2 && cy >= 0 && cy < 2;
        // Source value: 5 down per crop voxel in x, half up in y; held to the statistics' 35
        // ... 45.
        const double value = std::clamp(45 - 5.0 * cx + .5 * cy, 35.0, 45.0);
        EXPECT_NEAR(input.values[n], visible ? (value - 40) / sd : 0, 1e-5) << x << y << z;
      }
    }
  }
}

TEST_F(CutOut, RefusesABoxOutsideTheImage) {
  CropTask task;
  task.crop_to_lps = Affine::from_columns({1, 0, 0}, {0, 1, 0}, {0, 0, 1}, {500, 500, 500});
  task.frame = task.visible.size = task.statistics.size = {4, 4, 4};
  testing::expect_error(ErrorCode::bad_input, "contrast",
                        [&] { cut_out({view_}, lps_to_index_, task); });
}

}  // namespace
}  // namespace osler
