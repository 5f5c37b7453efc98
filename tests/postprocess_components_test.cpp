#include "postprocess/components.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "core/error.hpp"
#include "throws.hpp"

namespace osler {
namespace {

using Mask = std::vector<std::uint8_t>;

TEST(LargestComponent, KeepsTheLargerOfTwoAndItsShare) {
  const Mask mask{1, 1, 0, 0, 1, 1, 1, 0};
  const LargestComponent found = largest_component(mask, {8, 1, 1});
  EXPECT_EQ(found.mask, (Mask{0, 0, 0, 0, 1, 1, 1, 0}));
  EXPECT_EQ(found.voxels, 3);
  EXPECT_DOUBLE_EQ(found.share, 3.0 / 5);
}

TEST(LargestComponent, VoxelsThatTouchAtACornerAreOne) {
  // (0,0,0) and (1,1,1) share only a corner.
  const Mask mask{1, 0, 0, 0, 0, 0, 0, 1};
  const LargestComponent found = largest_component(mask, {2, 2, 2});
  EXPECT_EQ(found.mask, mask);
  EXPECT_EQ(found.voxels, 2);
  EXPECT_DOUBLE_EQ(found.share, 1);
}

TEST(LargestComponent, DoesNotWrapAroundTheEndOfARow) {
  // x 2 of row 0 and x 0 of row 1 are neighbours in memory, not in space.
  const LargestComponent found = largest_component(Mask{0, 0, 1, 1, 0, 0}, {3, 2, 1});
  EXPECT_EQ(found.voxels, 1);
  EXPECT_DOUBLE_EQ(found.share, .5);
}

TEST(LargestComponent, OfTwoOfOneSizeTheFirstInMemory) {
  EXPECT_EQ(largest_component(Mask{0, 1, 1, 0, 1, 1}, {6, 1, 1}).mask, (Mask{0, 1, 1, 0, 0, 0}));
  // Along z, so that their rows interleave in memory.
  EXPECT_EQ(largest_component(Mask{1, 0, 0, 1, 0, 1, 0, 0, 1}, {3, 1, 3}).mask,
            (Mask{1, 0, 0, 1, 0, 0, 0, 0, 0}));
  EXPECT_EQ(largest_component(Mask{1, 0, 1, 1, 0, 1, 0, 0, 0}, {3, 3, 1}).mask,
            (Mask{1, 0, 0, 1, 0, 0, 0, 0, 0}));
}

TEST(LargestComponent, AnyValueButZeroIsInside) {
  EXPECT_EQ(largest_component(Mask{7, 255, 0}, {3, 1, 1}).mask, (Mask{1, 1, 0}));
}

TEST(LargestComponent, OfNothingIsNothing) {
  const LargestComponent found = largest_component(Mask(8, 0), {2, 2, 2});
  EXPECT_EQ(found.mask, Mask(8, 0));
  EXPECT_EQ(found.voxels, 0);
  EXPECT_EQ(found.share, 0);
}

TEST(BoundsOf, IsTheSmallestBox) {
  Mask mask(5 * 4 * 3, 0);
  const auto at = [&](int x, int y, int z) -> std::uint8_t& {
    return mask[static_cast<std::size_t>((z * 4 + y) * 5 + x)];
  };
  at(1, 3, 0) = 1;
  at(4, 2, 1) = 9;
  const Bounds box = bounds_of(mask, {5, 4, 3});
  EXPECT_EQ(box.begin, (Size3{1, 2, 0}));
  EXPECT_EQ(box.size, (Size3{4, 2, 2}));
}

TEST(BoundsOf, OfAnEmptyMaskIsAMistakeOfTheCaller) {
  testing::expect_error(ErrorCode::bad_argument, "empty", [] { bounds_of(Mask(8, 0), {2, 2, 2}); });
}

}  // namespace
}  // namespace osler
