#include "preprocess/head_frame.hpp"

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

Affine turned(const Vec3& degrees) {
  Affine result;
  for (int axis = 0; axis < 3; ++axis) {
    const double a = degrees[static_cast<std::size_t>(axis)] * std::numbers::pi / 180;
    const int u = (axis + 1) % 3, v = (axis + 2) % 3;
    Affine one;
    one.m[static_cast<std::size_t>(4 * u + u)] = std::cos(a);
    one.m[static_cast<std::size_t>(4 * v + v)] = std::cos(a);
    one.m[static_cast<std::size_t>(4 * v + u)] = std::sin(a);
    one.m[static_cast<std::size_t>(4 * u + v)] = -std::sin(a);
    result = one * result;
  }
  return result;
}

void expect_same(const Affine& found, const Affine& expected, double tolerance = kRounding) {
  for (std::size_t i = 0; i < 12; ++i)
    EXPECT_NEAR(found.m[i], expected.m[i], tolerance) << "m" << i;
}

/// One way to store an image: which patient axis each index axis runs along, and in which sense.
struct StorageOrder {
  std::array<std::size_t, 3> axis;
  std::array<bool, 3> flipped;
};

/// All 48.
std::vector<StorageOrder> storage_orders() {
  std::vector<StorageOrder> orders;
  std::array<std::size_t, 3> axis{0, 1, 2};
  do {
    for (int bits = 0; bits < 8; ++bits) {
      orders.push_back({axis, {(bits & 1) != 0, (bits & 2) != 0, (bits & 4) != 0}});
    }
  } while (std::next_permutation(axis.begin(), axis.end()));
  return orders;
}

/// An image of `size` voxels along L, P and S with its first voxel at `first`.
struct Image {
  Size3 size;
  Vec3 spacing_mm;
  Vec3 first_mm;
};

Grid stored_in(const Image& image, const StorageOrder& order) {
  Grid grid;
  std::array<Vec3, 3> columns{};
  Vec3 origin = image.first_mm;
  for (std::size_t i = 0; i < 3; ++i) {
    const std::size_t a = order.axis[i];
    grid.size[i] = image.size[a];
    columns[i][a] = (order.flipped[i] ? -1 : 1) * image.spacing_mm[a];
    if (order.flipped[i]) origin[a] += static_cast<double>(image.size[a] - 1) * image.spacing_mm[a];
  }
  grid.index_to_lps = Affine::from_columns(columns[0], columns[1], columns[2], origin);
  return grid;
}

const Image kHead{{9, 11, 7}, {0.9, 1.1, 2}, {-40, 10, 25}};
// Half the extent between the first and the last centre: (8 * .9, 10 * 1.1, 6 * 2) / 2.
const Vec3 kMiddle{-40 + 3.6, 10 + 5.5, 25 + 6};

TEST(HeadFrame, AxesAreLpsForEveryStorageOrderAndFlip) {
  const Affine expected = Affine::from_columns({1, 0, 0}, {0, 1, 0}, {0, 0, 1}, kMiddle);
  int count = 0;
  for (const StorageOrder& order : storage_orders()) {
    const Grid grid = stored_in(kHead, order);
    const HeadFrame frame = head_frame(grid);
    expect_same(frame.head_to_lps, expected);
    expect_same(frame.head_to_lps * frame.index_to_head, grid.index_to_lps, 1e-6);
    ++count;
  }
  EXPECT_EQ(count, 48);
}

TEST(HeadFrame, HowTheHeaderTurnsTheVolumeDoesNotMatter) {
  for (const StorageOrder& order : storage_orders()) {
    const Grid straight = stored_in(kHead, order);
    const HeadFrame expected = head_frame(straight);
    for (const Vec3& degrees : {Vec3{20, 0, 0}, Vec3{0, -20, 0}, Vec3{0, 0, 20}, Vec3{20, 20, 20},
                                Vec3{-20, 20, -20}, Vec3{13, -7, 20}}) {
      Grid posed = straight;
      posed.index_to_lps = turned(degrees) * straight.index_to_lps;
      const HeadFrame frame = head_frame(posed);
      expect_same(frame.index_to_head, expected.index_to_head);
      expect_same(frame.head_to_lps, turned(degrees) * expected.head_to_lps);
      EXPECT_NEAR(frame.head_to_lps.determinant(), 1, kRounding) << "not right-handed";
    }
  }
}

TEST(HeadFrame, AShearStaysInTheIndexMap) {
  Grid grid{{4, 4, 4}, Affine::from_columns({1, 0, 0}, {0, 1, 0}, {0, .5, 2}, {0, 0, 0})};
  const HeadFrame frame = head_frame(grid);
  expect_same(nearest_rotation(frame.head_to_lps),
              Affine::from_columns({1, 0, 0}, {0, 1, 0}, {0, 0, 1}, {0, 0, 0}));
  EXPECT_NEAR(frame.index_to_head.column(2)[1], .5, kRounding);
  EXPECT_NEAR(frame.index_to_head.column(2)[2], 2, kRounding);
}

TEST(HeadFrame, RefusesADegenerateGrid) {
  Grid grid{{4, 4, 4}, Affine::from_columns({1, 0, 0}, {2, 0, 0}, {0, 0, 1}, {0, 0, 0})};
  testing::expect_error(ErrorCode::bad_argument, "degenerate", [&] { head_frame(grid); });
}

TEST(NearestRotation, TakesTheScalesOff) {
  const Affine rotation = turned({25, -40, 70});
  const Affine scaled = Affine::from_columns(1.2 * rotation.column(0), .8 * rotation.column(1),
                                             1.05 * rotation.column(2), {9, 9, 9});
  expect_same(nearest_rotation(scaled), rotation);
  // (R S) with S symmetric positive has the polar factor R: here S mixes the axes.
  const Affine s = Affine::from_columns({1.1, .2, 0}, {.2, .9, .1}, {0, .1, 1.3}, {0, 0, 0});
  expect_same(nearest_rotation(rotation * s), rotation);
}

class CoarseHeadTest : public ::testing::Test {
 protected:
  // 5 x 7 x 4 voxels of 1 mm; blocks of 2 leave one of 5, one of 7 over, blocks of 3 two of 5 and
  // one of 4.
  const Image image_{{5, 7, 4}, {1, 1, 1}, {0, 0, 0}};
  static float value(std::int64_t x, std::int64_t y, std::int64_t z) {
    return static_cast<float>((x * 31 + y * 17 + z * 57) % 64);
  }
  CoarseHead coarse(const StorageOrder& order, double spacing_mm) {
    const Grid grid = stored_in(image_, order);
    std::vector<float> voxels;
    for (std::int64_t k = 0; k < grid.size[2]; ++k) {
      for (std::int64_t j = 0; j < grid.size[1]; ++j) {
        for (std::int64_t i = 0; i < grid.size[0]; ++i) {
          const Vec3 p = grid.index_to_lps(
              {static_cast<double>(i), static_cast<double>(j), static_cast<double>(k)});
          voxels.push_back(value(std::lround(p[0]), std::lround(p[1]), std::lround(p[2])));
        }
      }
    }
    const std::vector<float> slope(static_cast<std::size_t>(grid.size[2]), 1);
    const std::vector<float> intercept(slope.size(), 0);
    kernels::SourceView view;
    view.voxels = voxels.data();
    view.type = ScalarType::f32;
    view.size = grid.size;
    view.slope = slope.data();
    view.intercept = intercept.data();
    return coarse_head({view}, grid, head_frame(grid), spacing_mm);
  }
  /// Mean of the block of `edge`^3 voxels that begins at (x, y, z).
  static float block_mean(int edge, std::int64_t x, std::int64_t y, std::int64_t z) {
    double sum = 0;
    for (std::int64_t c = z; c < z + edge; ++c) {
      for (std::int64_t b = y; b < y + edge; ++b) {
        for (std::int64_t a = x; a < x + edge; ++a) sum += value(a, b, c);
      }
    }
    return static_cast<float>(sum / (edge * edge * edge));
  }
};

TEST_F(CoarseHeadTest, HoldsTheMeansOfBlocksForEveryStorageOrder) {
  for (const StorageOrder& order : storage_orders()) {
    const CoarseHead found = coarse(order, 2);
    ASSERT_EQ(found.size, (Size3{2, 3, 2}));
    std::size_t n = 0;
    for (int k = 0; k < 2; ++k) {
      for (int j = 0; j < 3; ++j) {
        for (int i = 0; i < 2; ++i, ++n) {
          ASSERT_FLOAT_EQ(found.voxels[n], block_mean(2, 2 * i, 2 * j, 2 * k)) << i << j << k;
        }
      }
    }
    // The middle of the image is (2, 3, 1.5); that of the first block (.5, .5, .5).
    expect_same(found.index_to_head,
                Affine::from_columns({2, 0, 0}, {0, 2, 0}, {0, 0, 2}, {-1.5, -2.5, -1}));
  }
}

TEST_F(CoarseHeadTest, TheLastDigitsOfAHeaderDoNotReachTheSearch) {
  // .7 x .6667 x 1.2 mm as DICOM has them, and as single precision keeps them (4e-8 off at most).
  const std::vector<std::int16_t> voxels(20 * 30 * 10, 7);
  const std::vector<float> slope(10, 1), intercept(10, 0);
  kernels::SourceView view;
  view.voxels = reinterpret_cast<const std::byte*>(voxels.data());
  view.type = ScalarType::i16;
  view.size = {20, 30, 10};
  view.slope = slope.data();
  view.intercept = intercept.data();
  const Affine exact = turned({13, -7, 20}) *
                       Affine::from_columns({.7, 0, 0}, {0, .6667, 0}, {0, 0, 1.2}, {-70, 80, 90});
  Affine single = exact;
  for (double& m : single.m) m = static_cast<float>(m);
  ASSERT_NE(single.m, exact.m);
  std::vector<CoarseHead> found;
  for (const Affine& affine : {exact, single}) {
    const Grid grid{view.size, affine};
    found.push_back(coarse_head({view}, grid, head_frame(grid), 2));
  }
  EXPECT_EQ(found[0].index_to_head.m, found[1].index_to_head.m);
}

TEST_F(CoarseHeadTest, WhatIsLeftOverIsSharedBetweenBothEnds) {
  const CoarseHead found = coarse({{0, 1, 2}, {false, false, false}}, 3);
  ASSERT_EQ(found.size, (Size3{1, 2, 1}));
  EXPECT_FLOAT_EQ(found.voxels[0], block_mean(3, 1, 0, 0));
  EXPECT_FLOAT_EQ(found.voxels[1], block_mean(3, 1, 3, 0));
  expect_same(found.index_to_head,
              Affine::from_columns({3, 0, 0}, {0, 3, 0}, {0, 0, 3}, {0, -2, -.5}));
}

}  // namespace
}  // namespace osler
