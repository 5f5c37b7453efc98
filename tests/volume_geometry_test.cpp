// Where voxels lie. Case numbers: docs/geometry.md.

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "volume/orientation.hpp"
#include "volume_phantom.hpp"

namespace osler {
namespace {

using testing::int16_voxels;
using testing::PhantomSeries;
using testing::PlannedSeries;
using testing::ramp_series;
using testing::stack_of;
using testing::worst_misplacement;

constexpr double kAffineTolerance_mm = 1e-4;    // the contract's
constexpr double kRoundingOfRamp = 0.5 + 1e-6;  // stored values are whole numbers
constexpr double kDegree = std::numbers::pi / 180;

void expect_near(const Vec3& found, const Vec3& expected) {
  for (std::size_t i = 0; i < 3; ++i) EXPECT_NEAR(found[i], expected[i], kAffineTolerance_mm) << i;
}

TEST(PlanSeries, AnOrdinarySeriesIsUsableWithoutAWord) {
  const PlannedSeries found(ramp_series(stack_of(6, {-10, 20, -30}, {0, 0, 2})));
  EXPECT_EQ(found.plan.verdict(), Verdict::usable);
  EXPECT_TRUE(found.plan.reasons.empty());
  ASSERT_EQ(found.plan.volumes.size(), 1U);
  EXPECT_EQ(found.plan.volumes[0].grid.size, (Size3{5, 4, 6}));
  EXPECT_EQ(orientation_name(found.plan.volumes[0].grid), "axial");
  EXPECT_LE(worst_misplacement(load_volume(found.plan.volumes[0])), kRoundingOfRamp);
}

TEST(PlanSeries, ShuffledInstanceNumbersGiveTheSameVolume) {  // case 1
  PhantomSeries series = ramp_series(stack_of(6, {-10, 20, -30}, {0, 0, 2}));
  const PlannedSeries ordered(series);
  series.instance_numbers = {4, 6, 1, 3, 5, 2};
  const PlannedSeries shuffled(series);
  const Volume a = load_volume(ordered.plan.volumes.at(0));
  const Volume b = load_volume(shuffled.plan.volumes.at(0));
  EXPECT_EQ(a.grid.index_to_lps.m, b.grid.index_to_lps.m);
  EXPECT_EQ(int16_voxels(a), int16_voxels(b));
}

TEST(PlanSeries, DescendingSlicesGiveTheSameWorldCoordinates) {  // case 2
  const PlannedSeries found(ramp_series(stack_of(6, {-10, 20, -20}, {0, 0, -2})));
  EXPECT_EQ(found.plan.verdict(), Verdict::usable);
  const Volume volume = load_volume(found.plan.volumes.at(0));
  expect_near(volume.grid.index_to_lps({0, 0, 0}), {-10, 20, -30});
  expect_near(volume.grid.index_to_lps({0, 0, 5}), {-10, 20, -20});
  EXPECT_LE(worst_misplacement(volume), kRoundingOfRamp);
}

TEST(PlanSeries, SlicesAscendAlongRowCrossColumn) {
  // Rows to the left, columns to the head: the normal is (1,0,0) x (0,0,1) = (0,-1,0), to the
  // front.
  PhantomSeries series = ramp_series(stack_of(5, {0, 0, 0}, {0, 3, 0}));
  series.column = {0, 0, 1};
  const PlannedSeries found(series);
  const Volume volume = load_volume(found.plan.volumes.at(0));
  expect_near(volume.grid.index_to_lps({0, 0, 0}), {0, 12, 0});
  expect_near(volume.grid.index_to_lps({1, 2, 4}), {1, 0, 2});
  EXPECT_GT(volume.grid.index_to_lps.determinant(), 0);
  EXPECT_EQ(orientation_name(volume.grid), "coronal");
  EXPECT_LE(worst_misplacement(volume), kRoundingOfRamp);
}

TEST(PlanSeries, AnObliqueAffineIsExact) {  // case 3
  // Turned 30 degrees about z, then 20 about the new row: by hand.
  const double c = std::cos(30 * kDegree), s = std::sin(30 * kDegree);
  const double d = std::cos(20 * kDegree), t = std::sin(20 * kDegree);
  const Vec3 row{c, s, 0}, column{-s * d, c * d, t}, normal{s * t, -c * t, d};
  PhantomSeries series = ramp_series(stack_of(7, {-80, 35, 12}, 1.5 * normal));
  series.row = row;
  series.column = column;
  series.spacing_mm = {0.9, 0.7};
  const PlannedSeries found(series);
  EXPECT_EQ(found.plan.verdict(), Verdict::usable);
  const Volume volume = load_volume(found.plan.volumes.at(0));
  // (c, r, k) = (4, 3, 6): 2.8 mm along the row, 2.7 along the column, 9 along the normal.
  expect_near(volume.grid.index_to_lps({4, 3, 6}),
              Vec3{-80, 35, 12} + 2.8 * row + 2.7 * column + 9 * normal);
  EXPECT_NEAR(volume.grid.voxel_mm3(), 0.9 * 0.7 * 1.5, 1e-9);
  EXPECT_NEAR(volume.grid.tilt_deg(), 0, 1e-6);
  EXPECT_EQ(orientation_name(volume.grid), "axial, oblique 20 deg");
  EXPECT_LE(worst_misplacement(volume), kRoundingOfRamp);
}

TEST(PlanSeries, AGantryTiltIsMeasuredAndKeptAsShear) {  // case 4
  // The table moves along z, the slices lean by 18.5 degrees about x.
  PhantomSeries series = ramp_series(stack_of(6, {0, 0, 0}, {0, 0, 5}));
  series.column = {0, std::cos(18.5 * kDegree), -std::sin(18.5 * kDegree)};
  series.edit = [](DcmDataset& data, std::size_t) {
    data.putAndInsertString(DCM_GantryDetectorTilt, "-3");  // unreliable, not to be used
  };
  const PlannedSeries found(series);
  EXPECT_TRUE(found.warned_of("gantry_tilt"));
  EXPECT_NE(found.reason("gantry_tilt")->detail.find("18.50 degrees"), std::string::npos);
  const Volume volume = load_volume(found.plan.volumes.at(0));
  EXPECT_NEAR(volume.grid.tilt_deg(), 18.5, 1e-6);
  expect_near(volume.grid.index_to_lps.column(2), {0, 0, 5});
  EXPECT_NEAR(volume.grid.voxel_mm3(), 5 * std::cos(18.5 * kDegree), 1e-9) << "not 1 x 1 x 5";
  EXPECT_LE(worst_misplacement(volume), kRoundingOfRamp);
}

TEST(PlanSeries, NonSquarePixelsKeepTheirOrder) {  // case 22
  PhantomSeries series = ramp_series(stack_of(4, {0, 0, 0}, {0, 0, 3}));
  series.spacing_mm = {0.5, 2};  // rows are .5 mm apart, columns 2 mm
  const PlannedSeries found(series);
  const Volume volume = load_volume(found.plan.volumes.at(0));
  const Vec3 spacing = volume.grid.spacing_mm();
  EXPECT_DOUBLE_EQ(spacing[0], 2);
  EXPECT_DOUBLE_EQ(spacing[1], 0.5);
  EXPECT_DOUBLE_EQ(spacing[2], 3);
  expect_near(volume.grid.index_to_lps({4, 3, 0}), {8, 1.5, 0});
  EXPECT_LE(worst_misplacement(volume), kRoundingOfRamp);
}

TEST(PlanSeries, SpacingIsFromPositionsAndNeverFromSliceThickness) {
  PhantomSeries series = ramp_series(stack_of(4, {0, 0, 0}, {0, 0, 3}));
  series.edit = [](DcmDataset& data, std::size_t) {
    data.putAndInsertString(DCM_SliceThickness, "5");
    data.putAndInsertString(DCM_SpacingBetweenSlices, "7");
  };
  const PlannedSeries found(series);
  EXPECT_DOUBLE_EQ(found.plan.volumes.at(0).grid.spacing_mm()[2], 3);
}

TEST(PlanSeries, SpacingIsTheMeanAndNotThatOfTheFirstTwo) {
  // Positions rounded to .005 mm: the first gap is .005 off, the step is 10.02 / 10.
  std::vector<Vec3> positions = stack_of(11, {0, 0, 0}, {0, 0, 1.002});
  positions[1][2] = 1.007;
  const PlannedSeries found(ramp_series(positions));
  EXPECT_EQ(found.plan.verdict(), Verdict::usable);
  EXPECT_NEAR(found.plan.volumes.at(0).grid.spacing_mm()[2], 1.002, 1e-9);
}

TEST(Grid, TiltIsTheAngleBetweenStepAndNormal) {
  Grid grid;
  grid.index_to_lps = Affine::from_columns({2, 0, 0}, {0, 3, 0}, {0, 4, 4}, {0, 0, 0});
  EXPECT_NEAR(grid.tilt_deg(), 45, 1e-12);
  EXPECT_DOUBLE_EQ(grid.voxel_mm3(), 24);
}

TEST(OrientationName, TakesTheNearestPatientAxisOfTheNormal) {
  Grid sagittal;
  sagittal.index_to_lps = Affine::from_columns({0, 1, 0}, {0, 0, -1}, {-1, 0, 0}, {0, 0, 0});
  EXPECT_EQ(orientation_name(sagittal), "sagittal");
}

}  // namespace
}  // namespace osler
