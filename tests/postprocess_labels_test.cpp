// Labels on the source grid, against shapes whose volume and centre are known.

#include "postprocess/labels.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <numbers>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "throws.hpp"

namespace osler {
namespace {

constexpr double kThreshold = .75;
constexpr double kVolumeTolerance = .02;  // of the analytic volume
constexpr double kCentroidTolerance_mm = .1;
const std::vector<std::uint8_t> kLabels{0, 1, 2};

Vec3 index(std::int64_t x, std::int64_t y, std::int64_t z) {
  return {static_cast<double>(x), static_cast<double>(y), static_cast<double>(z)};
}

/// Background and one class, whose probability is a function of the place in the patient.
Probabilities two_classes(const Size3& size, const Affine& index_to_lps,
                          const std::function<double(const Vec3&)>& inside) {
  Probabilities p;
  p.classes = 2;
  p.size = size;
  p.index_to_lps = index_to_lps;
  std::vector<float> one;
  for (std::int64_t z = 0; z < size[2]; ++z) {
    for (std::int64_t y = 0; y < size[1]; ++y) {
      for (std::int64_t x = 0; x < size[0]; ++x) {
        one.push_back(static_cast<float>(inside(index_to_lps(index(x, y, z)))));
      }
    }
  }
  for (const float v : one) p.values.push_back(1 - v);
  p.values.insert(p.values.end(), one.begin(), one.end());
  return p;
}

// 36 mm cubed about (20, -10, 40), turned 25 degrees about z.
const Vec3 kCentre{20, -10, 40};
constexpr double kRadius_mm = 12;
const Affine kNetwork = [] {
  const double c = std::cos(25 * std::numbers::pi / 180), s = std::sin(25 * std::numbers::pi / 180);
  const Vec3 x{c, s, 0}, y{-s, c, 0}, z{0, 0, 1};
  return Affine::from_columns(x, y, z, kCentre - 17.5 * x - 17.5 * y - 17.5 * z);
}();

/// Soft: the log odds against the threshold fall by one per millimetre through the surface.
double soft_ball(const Vec3& p) {
  const double log_odds = std::log(kThreshold / (1 - kThreshold)) + kRadius_mm - norm(p - kCentre);
  return 1 / (1 + std::exp(-log_odds));
}

double sharp_ball(const Vec3& p) {
  return norm(p - kCentre) < kRadius_mm ? 1 : 0;
}

struct SourceGrid {
  const char* name;
  Vec3 x, y, z;         ///< steps, mm
  bool uneven = false;  ///< slices two thirds and four thirds of a step apart in turn
};

class PaintBall : public ::testing::TestWithParam<SourceGrid> {
 protected:
  void expect_ball(double (*probability)(const Vec3&)) {
    const SourceGrid& source = GetParam();
    Grid grid;
    for (std::size_t i = 0; i < 3; ++i) {
      const Vec3& step = i == 0 ? source.x : i == 1 ? source.y : source.z;
      grid.size[i] = std::lround(45 / norm(step));
    }
    grid.index_to_lps = Affine::from_columns(source.x, source.y, source.z, {0, 0, 0});
    // The ball lies about the middle of the grid and on none of its points.
    const Vec3 middle =
        grid.index_to_lps(index(grid.size[0] / 2, grid.size[1] / 2, grid.size[2] / 2));
    const Vec3 origin = kCentre - middle + Vec3{.21, -.13, .37};
    grid.index_to_lps = Affine::from_columns(source.x, source.y, source.z, origin);
    if (source.uneven) {
      for (std::int64_t k = 0; k < grid.size[2]; ++k) {
        grid.slice_at.push_back(static_cast<double>(k) - (k % 2 == 1 ? 1 / 3.0 : 0));
      }
    }

    std::vector<std::uint8_t> labels(static_cast<std::size_t>(voxel_count(grid.size)));
    const Probabilities p = two_classes({36, 36, 36}, kNetwork, probability);
    const std::int64_t written =
        paint(p, kThreshold, std::vector<std::uint8_t>{0, 5}, grid, labels);
    const LabelStatistics found = label_statistics(labels, grid, 5).at(5);
    EXPECT_EQ(found.voxels, written);
    const double expected_mm3 = 4.0 / 3 * std::numbers::pi * std::pow(kRadius_mm, 3);
    EXPECT_NEAR(found.volume_mm3 / expected_mm3, 1, kVolumeTolerance);
    for (std::size_t i = 0; i < 3; ++i) {
      EXPECT_NEAR(found.centroid_mm[i], kCentre[i], kCentroidTolerance_mm) << "axis " << i;
    }
  }
};

TEST_P(PaintBall, ASoftBallHasItsVolumeAndCentre) {
  expect_ball(soft_ball);
}
TEST_P(PaintBall, ASharpBallHasItsVolumeAndCentre) {
  expect_ball(sharp_ball);
}

// Turned by .3 about z, then by .3 about the row.
const Vec3 kRow{std::cos(.3), std::sin(.3), 0};
const Vec3 kColumn{-std::sin(.3) * std::cos(.3), std::cos(.3) * std::cos(.3), std::sin(.3)};
INSTANTIATE_TEST_SUITE_P(
    SourceGrids, PaintBall,
    ::testing::Values(SourceGrid{"isotropic", {1, 0, 0}, {0, 1, 0}, {0, 0, 1}},
                      SourceGrid{"fine", {.5, 0, 0}, {0, .5, 0}, {0, 0, .5}},
                      SourceGrid{"anisotropic", {.6, 0, 0}, {0, .6, 0}, {0, 0, 2.5}},
                      SourceGrid{"not_square", {.5, 0, 0}, {0, 1.5, 0}, {0, 0, 1}},
                      SourceGrid{"oblique", .7 * kRow, .7 * kColumn, 1.2 * cross(kRow, kColumn)},
                      SourceGrid{"sheared", {.8, 0, 0}, {0, .8, 0}, {0, .6, 1.5}},
                      SourceGrid{"uneven", {.8, 0, 0}, {0, .8, 0}, {0, 0, 1.2}, true},
                      SourceGrid{"uneven_sheared", {.8, 0, 0}, {0, .8, 0}, {0, .6, 1.5}, true},
                      SourceGrid{"left_handed", {0, 0, -1}, {0, .9, 0}, {-1.1, 0, 0}}),
    [](const auto& info) { return std::string(info.param.name); });

/// Source voxels of .1 mm along x, .05 off the network's centres, before a network of 1 mm.
class PaintEdge : public ::testing::Test {
 protected:
  const Size3 size_{10, 3, 3};
  Grid grid_{{120, 3, 3}, Affine::from_columns({.1, 0, 0}, {0, 1, 0}, {0, 0, 1}, {-1.05, 0, 0})};
  std::vector<std::uint8_t> labels_ = std::vector<std::uint8_t>(120 * 9, 0);

  /// x in mm of the first and the last voxel of the middle row that was painted.
  std::pair<double, double> painted(const std::function<double(const Vec3&)>& inside,
                                    double threshold) {
    paint(two_classes(size_, Affine{}, inside), threshold, std::vector<std::uint8_t>{0, 1}, grid_,
          labels_);
    double first = 1e9, last = -1e9;
    for (std::int64_t x = 0; x < 120; ++x) {
      if (labels_[static_cast<std::size_t>(120 * 4 + x)] == 0) continue;
      const double mm = grid_.index_to_lps(index(x, 1, 1))[0];
      first = std::min(first, mm);
      last = std::max(last, mm);
    }
    return {first, last};
  }
};

TEST_F(PaintEdge, ASharpEdgeLiesHalfWayBetweenTwoCentres) {
  for (const double threshold : {.5, .75, .9}) {
    std::fill(labels_.begin(), labels_.end(), 0);
    // Inside at the centres 3 4 5 6: from 2.5 to 6.5 mm.
    const auto [first, last] =
        painted([](const Vec3& p) { return p[0] > 2.1 && p[0] < 6.9 ? 1.0 : 0.0; }, threshold);
    EXPECT_NEAR(first, 2.55, 1e-9) << threshold;
    EXPECT_NEAR(last, 6.45, 1e-9) << threshold;
  }
}

TEST_F(PaintEdge, CertaintyBeyondTheBoundDoesNotMoveTheEdge) {
  // Against .75 the inside is at +3.5 and the outside at -21.8: without the bound the edge would
  // lie .14 mm beyond the last centre inside.
  const auto lopsided = [](const Vec3& p) { return p[0] > 2.1 && p[0] < 6.9 ? .99 : 1e-9; };
  const auto [first, last] = painted(lopsided, .75);
  EXPECT_NEAR(first, 2.55, 1e-9);
  EXPECT_NEAR(last, 6.45, 1e-9);
}

TEST_F(PaintEdge, ASoftEdgeLiesWhereTheLogOddsSay) {
  // Against the threshold of 1/2: +1 at centre 4, -.5 at centre 5: zero at 4 + 1/1.5 = 4.667.
  const auto soft = [](const Vec3& p) {
    const double log_odds = p[0] < 3.5 ? 9 : p[0] < 4.5 ? 1 : p[0] < 5.5 ? -.5 : -9;
    return 1 / (1 + std::exp(-log_odds));
  };
  EXPECT_NEAR(painted(soft, .5).second, 4.65, 1e-9);
}

TEST_F(PaintEdge, WritesNothingBeyondTheNetworksCentres) {
  const auto [first, last] = painted([](const Vec3&) { return 1.0; }, kThreshold);
  EXPECT_NEAR(first, .05, 1e-9);
  EXPECT_NEAR(last, 8.95, 1e-9);
}

/// A network and a source of one grid, 1 mm.
class PaintLabels : public ::testing::Test {
 protected:
  static Grid grid_of(const Size3& size) { return {size, Affine{}}; }
  static Probabilities three_classes(const Size3& size, std::vector<float> one,
                                     std::vector<float> two) {
    Probabilities p;
    p.classes = 3;
    p.size = size;
    for (std::size_t i = 0; i < one.size(); ++i) p.values.push_back(1 - one[i] - two[i]);
    p.values.insert(p.values.end(), one.begin(), one.end());
    p.values.insert(p.values.end(), two.begin(), two.end());
    return p;
  }
};

TEST_F(PaintLabels, TheMoreProbableClassTakesTheVoxelAndTheLowerIfEqual) {
  const Probabilities p =
      three_classes({4, 1, 1}, {.9F, .375F, .4375F, .125F}, {0, .5F, .4375F, .125F});
  std::vector<std::uint8_t> labels(4, 0);
  EXPECT_EQ(paint(p, kThreshold, std::vector<std::uint8_t>{0, 7, 9}, grid_of({4, 1, 1}), labels),
            3);
  EXPECT_EQ(labels, (std::vector<std::uint8_t>{7, 9, 7, 0}));
}

TEST_F(PaintLabels, ClassesAreSummedBeforeTheThreshold) {
  // .4 + .4 = .8 is over .75, though neither class is.
  const Probabilities p = three_classes({2, 1, 1}, {.4F, .4F}, {.4F, .3F});
  std::vector<std::uint8_t> labels(2, 0);
  EXPECT_EQ(paint(p, kThreshold, kLabels, grid_of({2, 1, 1}), labels), 1);
  EXPECT_EQ(labels, (std::vector<std::uint8_t>{1, 0}));
}

TEST_F(PaintLabels, OnlyTheLargestComponentIsWritten) {
  const Probabilities p = three_classes({7, 1, 1}, {1, 0, 0, 1, 0, 0, 1}, {0, 0, 0, 0, 1, 0, 0});
  std::vector<std::uint8_t> labels(7, 0);
  EXPECT_EQ(paint(p, kThreshold, kLabels, grid_of({7, 1, 1}), labels), 2);
  EXPECT_EQ(labels, (std::vector<std::uint8_t>{0, 0, 0, 1, 2, 0, 0}))
      << "classes are one structure";
}

TEST_F(PaintLabels, WhatHasALabelKeepsIt) {
  const Probabilities p = three_classes({4, 1, 1}, {1, 1, 1, 1}, {0, 0, 0, 0});
  std::vector<std::uint8_t> labels{0, 0, 0, 8};
  EXPECT_EQ(paint(p, kThreshold, kLabels, grid_of({4, 1, 1}), labels), 3);
  EXPECT_EQ(labels, (std::vector<std::uint8_t>{1, 1, 1, 8}));
}

TEST_F(PaintLabels, NothingFoundWritesNothing) {
  const Probabilities p = three_classes({3, 1, 1}, {.1F, .2F, .7F}, {0, 0, 0});
  std::vector<std::uint8_t> labels(3, 0);
  EXPECT_EQ(paint(p, kThreshold, kLabels, grid_of({3, 1, 1}), labels), 0);
  EXPECT_EQ(labels, std::vector<std::uint8_t>(3, 0));
}

TEST_F(PaintLabels, ANetworkOffTheSourceWritesNothing) {
  Probabilities p = three_classes({3, 1, 1}, {1, 1, 1}, {0, 0, 0});
  p.index_to_lps = Affine::from_columns({1, 0, 0}, {0, 1, 0}, {0, 0, 1}, {500, 0, 0});
  std::vector<std::uint8_t> labels(3, 0);
  EXPECT_EQ(paint(p, kThreshold, kLabels, grid_of({3, 1, 1}), labels), 0);
}

TEST_F(PaintLabels, RefusesSizesThatContradictEachOther) {
  const Probabilities p = three_classes({3, 1, 1}, {1, 1, 1}, {0, 0, 0});
  std::vector<std::uint8_t> labels(3, 0), few(2, 0);
  testing::expect_error(ErrorCode::bad_argument, "paint", [&] {
    paint(p, kThreshold, std::vector<std::uint8_t>{0, 1}, grid_of({3, 1, 1}), labels);
  });
  testing::expect_error(ErrorCode::bad_argument, "paint", [&] {
    paint(p, kThreshold, kLabels, grid_of({3, 1, 1}), few);
  });
}

TEST(LabelStatistics, CountsAndPlacesEachLabelOnAnObliqueGrid) {
  // x' = 2 j + 10, y' = -3 i + 20, z' = i + 5 k + 30 for index (i, j, k).
  const Grid grid{{3, 2, 2}, Affine::from_columns({0, -3, 1}, {2, 0, 0}, {0, 0, 5}, {10, 20, 30})};
  std::vector<std::uint8_t> labels(12, 0);
  labels[0] = 2;          // (0, 0, 0)
  labels[2] = 2;          // (2, 0, 0)
  labels[6 + 3 + 1] = 2;  // (1, 1, 1)
  labels[6] = 1;          // (0, 0, 1)
  labels[11] = 9;         // beyond max_label: not counted
  const auto found = label_statistics(labels, grid, 3);
  ASSERT_EQ(found.size(), 4U);
  EXPECT_EQ(found[1].voxels, 1);
  EXPECT_EQ(found[1].centroid_mm, (Vec3{10, 20, 35}));
  EXPECT_EQ(found[2].voxels, 3);
  // Mean index (1, 1/3, 1/3).
  EXPECT_NEAR(found[2].centroid_mm[0], 10 + 2.0 / 3, 1e-12);
  EXPECT_NEAR(found[2].centroid_mm[1], 17, 1e-12);
  EXPECT_NEAR(found[2].centroid_mm[2], 31 + 5.0 / 3, 1e-12);
  EXPECT_EQ(found[3].voxels, 0);
}

}  // namespace
}  // namespace osler
