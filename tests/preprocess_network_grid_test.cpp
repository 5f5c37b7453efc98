// The grids of peers for one chest CT (sizes: measured with nnU-Net 2.8.1 and MONAI 1.6.1 on
// 512 x 512 x 133 voxels of .703125 x .703125 x 2.5 mm), and places worked out by hand.

#include "preprocess/network_grid.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "throws.hpp"

namespace osler {
namespace {

constexpr std::int64_t kNoLimit = std::int64_t{1} << 40;

Grid chest() {
  return {{512, 512, 133},
          Affine::from_columns({.703125, 0, 0}, {0, .703125, 0}, {0, 0, 2.5}, {-100, -80, 20}),
          {}};
}

ResampleStep step_of(double mm, ResampleStep::Alignment alignment, const std::string& axes = "") {
  ResampleStep step;
  step.spacing_mm = {mm, mm, mm};
  step.alignment = alignment;
  step.axes = axes;
  return step;
}

TEST(NetworkGrid, HasTheSizesOfThePeers) {
  EXPECT_EQ(
      place_network_grid(chest(), step_of(1.5, ResampleStep::Alignment::edges), kNoLimit).size,
      (Size3{240, 240, 222}));
  EXPECT_EQ(
      place_network_grid(chest(), step_of(1.5, ResampleStep::Alignment::first_voxel), kNoLimit)
          .size,
      (Size3{241, 241, 221}));
}

TEST(NetworkGrid, AlignsEdgesOrFirstCentres) {
  // 4 voxels of 1 mm -> 2 of 2 mm: the first one's centre lies between voxels 0 and 1.
  const Grid four{{4, 4, 4}, Affine{}, {}};
  const NetworkGrid edges =
      place_network_grid(four, step_of(2, ResampleStep::Alignment::edges), kNoLimit);
  EXPECT_EQ(edges.size, (Size3{2, 2, 2}));
  EXPECT_EQ(edges.to_source({0, 0, 0}), (Vec3{.5, .5, .5}));
  EXPECT_EQ(edges.to_source({1, 1, 1}), (Vec3{2.5, 2.5, 2.5}));
  // 3 mm between outermost centres at 2 mm: 1.5 steps, half-way to even, 2, and the first voxel.
  const NetworkGrid first =
      place_network_grid(four, step_of(2, ResampleStep::Alignment::first_voxel), kNoLimit);
  EXPECT_EQ(first.size, (Size3{3, 3, 3}));
  EXPECT_EQ(first.to_source({1, 0, 2}), (Vec3{2, 0, 4}));
}

TEST(NetworkGrid, KeepsTheSourcesSpacingWhereNoneIsWanted) {
  const NetworkGrid same =
      place_network_grid(chest(), step_of(0, ResampleStep::Alignment::edges), kNoLimit);
  EXPECT_EQ(same.size, chest().size);
  EXPECT_EQ(same.to_source, Affine{});
}

TEST(NetworkGrid, TurnsAxesToTheNearest) {
  // Sagittal: columns run to the back, rows to the feet, slices to the left; 10 degrees oblique.
  const double c = std::cos(.17), s = std::sin(.17);
  const Grid sagittal{
      {4, 6, 8}, Affine::from_columns({s, c, 0}, {0, 0, -1}, {c, -s, 0}, {0, 0, 0}), {}};
  const NetworkGrid ras =
      place_network_grid(sagittal, step_of(0, ResampleStep::Alignment::edges, "RAS"), kNoLimit);
  EXPECT_EQ(ras.size, (Size3{8, 4, 6}));  // slices, columns, rows
  EXPECT_EQ(ras.to_source({0, 0, 0}), (Vec3{3, 5, 7}));
  EXPECT_EQ(ras.to_source({1, 0, 0}), (Vec3{3, 5, 6}));  // to the right is the slice before
  EXPECT_EQ(ras.to_source({0, 1, 0}), (Vec3{2, 5, 7}));
  EXPECT_EQ(ras.to_source({0, 0, 1}), (Vec3{3, 4, 7}));
  const Vec3 mm = sagittal.index_to_lps(ras.to_source({1, 0, 0})) -
                  sagittal.index_to_lps(ras.to_source({0, 0, 0}));
  EXPECT_LT(mm[0], -.9) << "LPS: right is -x";
}

TEST(NetworkGrid, RefusesMoreVoxelsThanAllowed) {
  testing::expect_error(ErrorCode::bad_input, "too many voxels", [] {
    place_network_grid(chest(), step_of(.001, ResampleStep::Alignment::edges), 1 << 30);
  });
}

TEST(NormalisationOf, TakesStatisticsOfTheSource) {
  const std::vector<std::int16_t> voxels{0, 0, 2, 4};
  const float slope = 1, intercept = 0;
  kernels::SourceView source;
  source.voxels = voxels.data();
  source.type = ScalarType::i16;
  source.size = {4, 1, 1};
  source.slope = &slope;
  source.intercept = &intercept;
  NormaliseStep step;
  step.statistics = NormaliseStep::Statistics::nonzero;
  kernels::Normalisation by = normalisation_of({}, source, step);
  EXPECT_FLOAT_EQ(by.shift, 3);
  EXPECT_FLOAT_EQ(by.scale, 1);
  step.statistics =
      NormaliseStep::Statistics::all;  // mean 1.5, variance (2 * 2.25 + .25 + 6.25) / 4
  by = normalisation_of({}, source, step);
  EXPECT_FLOAT_EQ(by.shift, 1.5F);
  EXPECT_FLOAT_EQ(by.scale, static_cast<float>(1 / std::sqrt(2.75)));
  step = {};
  step.shift = -1024;
  step.scale = 2048;
  by = normalisation_of({}, source, step);
  EXPECT_FLOAT_EQ(by.shift, -1024);
  EXPECT_FLOAT_EQ(by.scale, 1.0F / 2048);
}

TEST(NormalisationOf, RefusesAnImageWithoutContrast) {
  const std::vector<std::int16_t> voxels(8, 7);
  const float slope[] = {1, 1}, intercept[] = {0, 0};
  kernels::SourceView source;
  source.voxels = voxels.data();
  source.type = ScalarType::i16;
  source.size = {2, 2, 2};
  source.slope = slope;
  source.intercept = intercept;
  NormaliseStep step;
  step.statistics = NormaliseStep::Statistics::all;
  testing::expect_error(ErrorCode::bad_input, "no contrast",
                        [&] { normalisation_of({}, source, step); });
}

}  // namespace
}  // namespace osler
