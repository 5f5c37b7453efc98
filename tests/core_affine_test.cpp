#include <gtest/gtest.h>

#include <numbers>

#include "core/affine.hpp"

namespace osler {
namespace {

constexpr double kRounding = 1e-12;

void expect_near(const Vec3& found, const Vec3& expected, double tolerance = kRounding) {
  for (std::size_t i = 0; i < 3; ++i) EXPECT_NEAR(found[i], expected[i], tolerance) << "axis " << i;
}

// x' = 2 y + 1, y' = -x + 2, z' = 4 z + 3: columns (0,-1,0), (2,0,0), (0,0,4).
const Affine kTurned = Affine::from_columns({0, -1, 0}, {2, 0, 0}, {0, 0, 4}, {1, 2, 3});

TEST(Affine, MapsAPointAsWritten) {
  expect_near(kTurned({5, 6, 7}), {13, -3, 31});
}

TEST(Affine, DeterminantIsThatOfTheLinearPart) {
  // |0 2 0; -1 0 0; 0 0 4| = 4 (0*0 - 2*(-1)) = 8
  EXPECT_DOUBLE_EQ(kTurned.determinant(), 8);
}

TEST(Affine, InverseEqualsTheHandInverse) {
  // x = 2 - y', y = (x' - 1)/2, z = (z' - 3)/4
  const std::array<double, 12> expected{0, -1, 0, 2, .5, 0, 0, -.5, 0, 0, .25, -.75};
  const Affine found = inverse(kTurned);
  for (std::size_t i = 0; i < 12; ++i) EXPECT_NEAR(found.m[i], expected[i], kRounding) << i;
}

TEST(Affine, InverseUndoesAShearedMap) {
  const Affine sheared =
      Affine::from_columns({.7, 0, 0}, {.1, .6, -.2}, {0, .9, 2.5}, {-80, 12, 7});
  expect_near(inverse(sheared)(sheared({3, -5, 11})), {3, -5, 11}, 1e-11);
}

TEST(Affine, ProductAppliesTheRightFactorFirst) {
  const Affine shift = Affine::from_columns({1, 0, 0}, {0, 1, 0}, {0, 0, 1}, {10, 20, 30});
  // First kTurned: (5,6,7) -> (13,-3,31), then the shift; the other way round (15,26,37) ->
  // (53,-13,151).
  expect_near((shift * kTurned)({5, 6, 7}), {23, 17, 61});
  expect_near((kTurned * shift)({5, 6, 7}), {53, -13, 151});
}

TEST(Vec3, CrossProductIsRightHanded) {
  expect_near(cross({1, 0, 0}, {0, 1, 0}), {0, 0, 1});
  expect_near(cross({1, 2, 3}, {4, 5, 6}), {-3, 6, -3});
}

TEST(Size3, VoxelCountDoesNotOverflow32Bits) {
  EXPECT_EQ(voxel_count({65536, 65536, 4}), 17179869184LL);
}

}  // namespace
}  // namespace osler
