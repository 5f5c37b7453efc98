// Labels and scores from one grid to another, at places worked out by hand.

#include "postprocess/grid_transfer.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "postprocess/grid_axes.hpp"
#include "throws.hpp"

namespace osler {
namespace {

using Labels = std::vector<std::uint8_t>;

/// Six source columns of 1 on a network grid of three voxels of 2, edges aligned.
GridPlace halved() {
  GridPlace place;
  place.network = {3, 1, 1};
  place.to_network = Affine::from_columns({.5, 0, 0}, {0, 1, 0}, {0, 0, 1}, {-.25, 0, 0});
  return place;
}

TEST(GridTransfer, TakesTheNearestLabel) {
  Labels labels(6, 9);
  labels_to_source(Labels{1, 2, 3}, halved(), {{6, 1, 1}, {}, {}}, labels);
  EXPECT_EQ(labels, (Labels{1, 1, 2, 2, 3, 3}));
}

TEST(GridTransfer, LeavesWhatLiesOutside) {
  GridPlace place = halved();
  place.to_network = Affine::from_columns({.5, 0, 0}, {0, 1, 0}, {0, 0, 1}, {-1.25, 0, 0});
  Labels labels(8, 0);
  labels_to_source(Labels{1, 2, 3}, place, {{8, 1, 1}, {}, {}}, labels);
  EXPECT_EQ(labels, (Labels{0, 0, 1, 1, 2, 2, 3, 3}));
}

TEST(GridTransfer, FollowsAxesInAnotherOrder) {
  GridPlace place;  // the network's x is the source's slices, turned
  place.network = {3, 2, 1};
  place.to_network = Affine::from_columns({0, 1, 0}, {0, 0, 1}, {-1, 0, 0}, {2, 0, 0});
  Labels labels(6, 0);
  labels_to_source(Labels{1, 2, 3, 4, 5, 6}, place, {{2, 1, 3}, {}, {}}, labels);
  EXPECT_EQ(labels, (Labels{3, 6, 2, 5, 1, 4}));
}

TEST(GridTransfer, InterpolatesNumbersOfLabelsWhereThatIsWanted) {
  Labels labels(6, 0);
  label_numbers_to_source(Labels{0, 4, 0}, halved(), {{6, 1, 1}, {}, {}}, labels);
  EXPECT_EQ(labels, (Labels{0, 1, 3, 3, 1, 0}));
}

TEST(GridTransfer, InterpolatesScoresOfOneSlice) {
  const std::vector<float> scores{0, 4, 0, 1, 1, 3};  // two classes
  const Grid grid{{6, 1, 1}, {}, {}};
  std::vector<float> out(12);
  scores_of_slice(scores, 2, halved(), grid, 0, out);
  const std::vector<float> expected{0, 1, 3, 3, 1, 0, 1, 1, 1, 1.5, 2.5, 3};
  EXPECT_EQ(out, expected);
  GridPlace closest = halved();
  closest.nearest[0] = true;
  scores_of_slice(scores, 2, closest, grid, 0, out);
  EXPECT_EQ(out, (std::vector<float>{0, 0, 4, 4, 0, 0, 1, 1, 1, 1, 3, 3}));
}

TEST(GridTransfer, PutsABoxBackInItsPlace) {
  // A box of 40 x 3 x 2 whose x runs along the source's rows, backwards, y along its slices.
  const Size3 size{40, 3, 2}, source{4, 45, 5};
  const Affine to_source = Affine::from_columns({0, -1, 0}, {0, 0, 1}, {1, 0, 0}, {1, 42, 2});
  Labels box(240), labels(900, 0), expected(900, 0);
  for (std::int64_t i = 0; i < 240; ++i) {
    const std::int64_t x = i % 40, y = i / 40 % 3, z = i / 120;
    box[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(1 + i);
    const Vec3 at =
        to_source({static_cast<double>(x), static_cast<double>(y), static_cast<double>(z)});
    const auto voxel = std::llround((at[2] * 45 + at[1]) * 4 + at[0]);
    expected[static_cast<std::size_t>(voxel)] = static_cast<std::uint8_t>(1 + i);
  }
  put_back(box, size, to_source, source, labels);
  EXPECT_EQ(labels, expected);
}

TEST(GridTransfer, PutsUnevenSlicesWhereTheyLie) {
  GridPlace place;
  place.network = {1, 1, 5};
  Labels labels(3, 0);
  labels_to_source(Labels{1, 2, 3, 4, 5}, place, {{1, 1, 3}, {}, {0, 1, 4}}, labels);
  EXPECT_EQ(labels, (Labels{1, 2, 5}));
}

TEST(GridAxes, RefusesGridsThatAreTurnedAgainstEachOther) {
  const Affine turned = Affine::from_columns({.9, .1, 0}, {-.1, .9, 0}, {0, 0, 1}, {0, 0, 0});
  testing::expect_error(ErrorCode::bad_argument, "turned", [&] {
    grid_axes(turned, {2, 2, 2}, {}, {2, 2, 2}, {});
  });
}

}  // namespace
}  // namespace osler
