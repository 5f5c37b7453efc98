// The grids of peers for one chest CT (sizes: measured with nnU-Net 2.8.1 and MONAI 1.6.1 on
// 512 x 512 x 133 voxels of .703125 x .703125 x 2.5 mm), and places worked out by hand.

#include "preprocess/network_grid.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "preprocess/fused_image.hpp"
#include "throws.hpp"

namespace osler {
namespace {

constexpr std::int64_t kNoLimit = std::int64_t{1} << 40;

Volume on(const Grid& grid) {
  Volume volume;
  volume.grid = grid;
  return volume;
}

Volume chest() {
  return on({{512, 512, 133},
             Affine::from_columns({.703125, 0, 0}, {0, .703125, 0}, {0, 0, 2.5}, {-100, -80, 20}),
             {}});
}

/// The grid behind an orientation and a resampling.
NetworkGrid placed(const Volume& source, double mm, ResampleStep::Alignment alignment,
                   const std::string& axes = "ijk", std::int64_t limit = kNoLimit) {
  ResampleStep step;
  step.spacing_mm = {mm, mm, mm};
  step.alignment = alignment;
  return resampled(orient(source, {axes}), step, limit);
}

TEST(NetworkGrid, HasTheSizesOfThePeers) {
  EXPECT_EQ(placed(chest(), 1.5, ResampleStep::Alignment::edges).size, (Size3{240, 240, 222}));
  EXPECT_EQ(placed(chest(), 1.5, ResampleStep::Alignment::first_voxel).size,
            (Size3{241, 241, 221}));
}

TEST(NetworkGrid, AlignsEdgesOrFirstCentres) {
  // 4 voxels of 1 mm -> 2 of 2 mm: the first one's centre lies between voxels 0 and 1.
  const Volume four = on({{4, 4, 4}, Affine{}, {}});
  const NetworkGrid edges = placed(four, 2, ResampleStep::Alignment::edges);
  EXPECT_EQ(edges.size, (Size3{2, 2, 2}));
  EXPECT_EQ(edges.to_source({0, 0, 0}), (Vec3{.5, .5, .5}));
  EXPECT_EQ(edges.to_source({1, 1, 1}), (Vec3{2.5, 2.5, 2.5}));
  // 3 mm between outermost centres at 2 mm: 1.5 steps and the first voxel, 2.5, half-way to even.
  const NetworkGrid first = placed(four, 2, ResampleStep::Alignment::first_voxel);
  EXPECT_EQ(first.size, (Size3{2, 2, 2})) << "MONAI's Spacing gives 2";
  EXPECT_EQ(first.to_source({1, 0, 1}), (Vec3{2, 0, 2}));
  const Volume six = on({{6, 6, 6}, Affine{}, {}});
  EXPECT_EQ(placed(six, 2, ResampleStep::Alignment::first_voxel).size, (Size3{4, 4, 4}));
}

TEST(NetworkGrid, KeepsTheSourcesSpacingWhereNoneIsWanted) {
  const NetworkGrid same = placed(chest(), 0, ResampleStep::Alignment::edges);
  EXPECT_EQ(same.size, chest().grid.size);
  EXPECT_EQ(same.to_source, Affine{});
}

TEST(NetworkGrid, TurnsAxesToTheNearest) {
  // Sagittal: columns run to the back, rows to the feet, slices to the left; 10 degrees oblique.
  const double c = std::cos(.17), s = std::sin(.17);
  const Volume sagittal =
      on({{4, 6, 8}, Affine::from_columns({s, c, 0}, {0, 0, -1}, {c, -s, 0}, {0, 0, 0}), {}});
  const NetworkGrid ras = placed(sagittal, 0, ResampleStep::Alignment::edges, "RAS");
  EXPECT_EQ(ras.size, (Size3{8, 4, 6}));  // slices, columns, rows
  EXPECT_EQ(ras.to_source({0, 0, 0}), (Vec3{3, 5, 7}));
  EXPECT_EQ(ras.to_source({1, 0, 0}), (Vec3{3, 5, 6}));  // to the right is the slice before
  EXPECT_EQ(ras.to_source({0, 1, 0}), (Vec3{2, 5, 7}));
  EXPECT_EQ(ras.to_source({0, 0, 1}), (Vec3{3, 4, 7}));
  const Vec3 mm = sagittal.grid.index_to_lps(ras.to_source({1, 0, 0})) -
                  sagittal.grid.index_to_lps(ras.to_source({0, 0, 0}));
  EXPECT_LT(mm[0], -.9) << "LPS: right is -x";
}

TEST(NetworkGrid, RefusesMoreVoxelsThanAllowed) {
  testing::expect_error(ErrorCode::bad_input, "too many voxels", [] {
    placed(chest(), .001, ResampleStep::Alignment::edges, "ijk", 1 << 30);
  });
}

TEST(NetworkGrid, TakesTheSourcesOwnAxesInAnyOrder) {
  const NetworkGrid kji = orient(chest(), {"kji"});
  EXPECT_EQ(kji.size, (Size3{133, 512, 512}));
  EXPECT_EQ(kji.spacing_mm, (Vec3{2.5, .703125, .703125}));
  EXPECT_EQ(kji.to_source({1, 2, 3}), (Vec3{3, 2, 1}));
}

TEST(NetworkGrid, CountsSlicesAsTheFileDidThatWasTurnedRound) {
  Volume turned = on({{4, 4, 3}, Affine{}, {}});
  for (const int frame : {3, 2, 1}) {
    turned.slices.emplace_back();
    turned.slices.back().frame = frame;
  }
  EXPECT_EQ(orient(turned, {"ijk"}).to_source({0, 0, 0}), (Vec3{0, 0, 2}));
  EXPECT_EQ(orient(turned, {"LPS"}).to_source({0, 0, 0}), (Vec3{0, 0, 0}));
}

TEST(NetworkGrid, PartsMayReachBeyond) {
  const NetworkGrid part = part_of(orient(chest(), {"ijk"}), {-2, 5, 0}, {4, 3, 2}, kNoLimit);
  EXPECT_EQ(part.size, (Size3{4, 3, 2}));
  EXPECT_EQ(part.to_source({0, 0, 0}), (Vec3{-2, 5, 0}));
}

TEST(SeparateAxis, FollowsTheRuleOfNnunet) {
  const NnunetResampleStep by_rule;
  EXPECT_EQ(separate_axis({1, 1, 3}, {1, 1, 1}, by_rule), -1) << "3 is not above 3";
  EXPECT_EQ(separate_axis({1, 1, 3.1}, {1, 1, 1}, by_rule), 2);
  EXPECT_EQ(separate_axis({1, 1, 1}, {4, 1, 1}, by_rule), 0) << "or by the spacing wanted";
  EXPECT_EQ(separate_axis({.24, 1.25, 1.25}, {1, 1, 1}, by_rule), -1) << "two are as coarse";
  NnunetResampleStep never;
  never.separate = false;
  EXPECT_EQ(separate_axis({1, 1, 9}, {1, 1, 1}, never), -1);
  NnunetResampleStep always;
  always.separate = true;
  EXPECT_EQ(separate_axis({1, 1.1, 1}, {9, 1, 1}, always), 1) << "by the current spacing";
}

TEST(FuseImageSteps, TakesStatisticsOfTheSource) {
  Volume image = on({{4, 1, 1}, Affine{}, {}});
  const std::vector<std::int16_t> voxels{0, 0, 2, 4};
  const float slope = 1, intercept = 0;
  kernels::SourceView source;
  source.voxels = voxels.data();
  source.type = ScalarType::i16;
  source.size = {4, 1, 1};
  source.slope = &slope;
  source.intercept = &intercept;
  NormaliseStep step;
  const auto normalisation = [&] {
    const ImageSteps steps{{}, {step}};
    return fuse_image_steps(steps, image, {source}, kNoLimit).resample.normalisation;
  };
  step.statistics = NormaliseStep::Statistics::nonzero;
  EXPECT_FLOAT_EQ(normalisation().shift, 3);
  EXPECT_FLOAT_EQ(normalisation().scale, 1);
  // mean 1.5, variance (2 * 2.25 + .25 + 6.25) / 4
  step.statistics = NormaliseStep::Statistics::all;
  EXPECT_FLOAT_EQ(normalisation().shift, 1.5F);
  EXPECT_FLOAT_EQ(normalisation().scale, static_cast<float>(1 / std::sqrt(2.75)));
  step = {};
  step.shift = -1024;
  step.scale = 2048;
  EXPECT_FLOAT_EQ(normalisation().shift, -1024);
  EXPECT_FLOAT_EQ(normalisation().scale, 1.0F / 2048);
}

TEST(FuseImageSteps, RefusesAnImageWithoutContrast) {
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
  const ImageSteps steps{{}, {step}};
  testing::expect_error(ErrorCode::bad_input, "no contrast", [&] {
    fuse_image_steps(steps, on({{2, 2, 2}, Affine{}, {}}), {source}, kNoLimit);
  });
}

TEST(FuseImageSteps, LeavesAloneWhatIsNotOnePass) {
  const Volume image = on({{2, 2, 2}, Affine{}, {}});
  const auto fused = [&](std::vector<ImageStep> steps) {
    return can_fuse(ImageSteps{{}, std::move(steps)});
  };
  NormaliseStep clipped;
  clipped.low = -1000;
  NormaliseStep measured;
  measured.statistics = NormaliseStep::Statistics::all;
  EXPECT_TRUE(fused({}));
  EXPECT_TRUE(fused({ResampleStep{}, clipped}));
  EXPECT_FALSE(fused({clipped, ResampleStep{}})) << "a clip does not change places";
  EXPECT_FALSE(fused({ResampleStep{}, measured})) << "statistics of the image as it is then";
  EXPECT_FALSE(fused({RescaleStep{}}));
  EXPECT_FALSE(fused({NnunetResampleStep{}}));
}

}  // namespace
}  // namespace osler
