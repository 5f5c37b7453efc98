// Slices that a scanner spaced unevenly, with and without a tilted gantry. Values are a linear
// function of the place, so that linear interpolation must give them back wherever a voxel lies.

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "core/error.hpp"
#include "throws.hpp"
#include "volume/exchange.hpp"
#include "volume/regular.hpp"
#include "volume_phantom.hpp"

namespace osler {
namespace {

using testing::PhantomSeries;
using testing::PlannedSeries;
using testing::ramp;
using testing::ramp_series;
using testing::worst_misplacement;

constexpr double kRoundingOfRamp = 0.5 + 1e-6;
constexpr double kTilt = 18.5 * std::numbers::pi / 180;

/// Below the table every 2 mm, above it every 5 mm, as old head scans are; `step` is along z or
/// leans.
PhantomSeries uneven_series(const Vec3& direction = {0, 0, 1}) {
  PhantomSeries series = ramp_series({});
  for (const double z : {0.0, 2.0, 4.0, 6.0, 11.0, 16.0}) {
    series.positions_mm.push_back(Vec3{-10, 20, -30} + z * direction);
  }
  return series;
}

TEST(UnevenSlices, AreUsedAsTheyLieWithAWarning) {  // case 8
  const PlannedSeries found(uneven_series());
  ASSERT_TRUE(found.warned_of("variable_spacing"));
  EXPECT_NE(found.reason("variable_spacing")->detail.find("from 2.000 to 5.000 mm"),
            std::string::npos);
  const Volume volume = load_volume(found.plan.volumes.at(0));
  EXPECT_FALSE(volume.grid.is_regular());
  EXPECT_EQ(volume.grid.centre_mm(0, 0, 3), (Vec3{-10, 20, -24}));
  EXPECT_EQ(volume.grid.centre_mm(4, 3, 4), (Vec3{-6, 23, -19}));
  EXPECT_LE(worst_misplacement(volume), kRoundingOfRamp);
}

TEST(UnevenSlices, TheirVoxelsReachHalfWayToTheNeighbours) {
  const Grid grid = PlannedSeries(uneven_series()).plan.volumes.at(0).grid;
  // Pixels of 1 mm2: (2 + 2)/2, (2 + 5)/2, (5 + 5)/2; the outermost as far out as in.
  const double expected[] = {2, 2, 2, 3.5, 5, 5};
  for (int k = 0; k < 6; ++k) EXPECT_NEAR(grid.voxel_mm3(k), expected[k], 1e-12) << k;
  EXPECT_NEAR(grid.slice_distances_mm()[0], 2, 1e-12);
  EXPECT_NEAR(grid.slice_distances_mm()[1], 5, 1e-12);
}

TEST(UnevenSlices, PlacesAndSlicesAreEachOthersInverse) {
  const Grid grid = PlannedSeries(uneven_series()).plan.volumes.at(0).grid;
  for (int k = 0; k < 6; ++k) EXPECT_NEAR(grid.slice_at_place(grid.place_of_slice(k)), k, 1e-12);
  const double between = (grid.place_of_slice(3) + grid.place_of_slice(4)) / 2;
  EXPECT_NEAR(grid.slice_at_place(between), 3.5, 1e-12);
  // Outside the outermost distances go on: 1 mm is half of 2 and a fifth of 5.
  const double mm = grid.place_of_slice(1) / 2;
  EXPECT_NEAR(grid.slice_at_place(-mm), -.5, 1e-12);
  EXPECT_NEAR(grid.slice_at_place(grid.place_of_slice(5) + mm), 5.2, 1e-12);
}

TEST(UnevenSlices, ATiltedGantryStaysAShear) {  // cases 4 and 8
  PhantomSeries series = uneven_series();
  series.column = {0, std::cos(kTilt), -std::sin(kTilt)};
  const PlannedSeries found(series);
  EXPECT_TRUE(found.warned_of("variable_spacing"));
  EXPECT_TRUE(found.warned_of("gantry_tilt"));
  const Volume volume = load_volume(found.plan.volumes.at(0));
  EXPECT_NEAR(volume.grid.tilt_deg(), 18.5, 1e-6);
  EXPECT_LE(worst_misplacement(volume), kRoundingOfRamp);
  EXPECT_NEAR(volume.grid.voxel_mm3(4), 5 * std::cos(kTilt), 1e-9);
}

TEST(UnevenSlices, AsThickAsTheyLieApartMissNothing) {
  // 10 mm after 5 mm looks like one missing slice, but slices of that thickness fill it.
  PhantomSeries series = ramp_series({});
  for (const double z : {0.0, 5.0, 10.0, 15.0, 25.0, 35.0}) {
    series.positions_mm.push_back({0, 0, z});
  }
  EXPECT_TRUE(PlannedSeries(series).refused_for("missing_slice"));
  series.edit = [](DcmDataset& data, std::size_t file) {
    data.putAndInsertString(DCM_SliceThickness, file < 3 ? "5" : "10");
  };
  const PlannedSeries found(series);
  EXPECT_EQ(found.reason("missing_slice"), nullptr);
  EXPECT_TRUE(found.warned_of("variable_spacing"));
}

TEST(UnevenSlices, MissingSlicesAreBridgedIfThePolicySaysSo) {  // case 5
  PhantomSeries series = ramp_series(testing::stack_of(6, {0, 0, 0}, {0, 0, 2}));
  series.positions_mm.erase(series.positions_mm.begin() + 3);
  const PlannedSeries strict(series);
  EXPECT_TRUE(strict.refused_for("missing_slice"));
  const SeriesPlan plan = plan_series(strict.series, {}, {.interpolate_missing_slices = true});
  EXPECT_EQ(plan.verdict(), Verdict::usable_with);
  ASSERT_EQ(plan.volumes.size(), 1U);
  EXPECT_EQ(plan.reasons.at(0).code, "missing_slice");
  EXPECT_LE(worst_misplacement(load_volume(plan.volumes[0])), kRoundingOfRamp);
}

TEST(UnevenSlices, SpacingThatDriftsIsUneven) {
  // Each distance is within a hundredth of the median, but the middle lies .24 mm off.
  PhantomSeries series = ramp_series({});
  double z = 0;
  for (int k = 0; k < 49; ++k, z += k < 25 ? 1.01 : 0.99) series.positions_mm.push_back({0, 0, z});
  const PlannedSeries found(series);
  EXPECT_TRUE(found.warned_of("variable_spacing"));
  EXPECT_LE(worst_misplacement(load_volume(found.plan.volumes.at(0))), kRoundingOfRamp);
}

TEST(MakeRegular, GivesALinearRampBackEverywhere) {
  for (const bool tilted : {false, true}) {
    PhantomSeries series = uneven_series();
    if (tilted) series.column = {0, std::cos(kTilt), -std::sin(kTilt)};
    const PlannedSeries planned(series);
    const Volume even = make_regular(load_volume(planned.plan.volumes.at(0)));
    ASSERT_TRUE(even.grid.is_regular());
    EXPECT_EQ(even.grid.size, (Size3{5, 4, 9})) << "16 mm in steps of 2 mm";
    EXPECT_EQ(even.slices.size(), 9U);
    const auto* value = reinterpret_cast<const float*>(even.voxels.get());
    for (int k = 0; k < 9; ++k) {
      for (int r = 0; r < 4; ++r) {
        for (int c = 0; c < 5; ++c) {
          EXPECT_NEAR(*value++, ramp(even.grid.index_to_lps({1.0 * c, 1.0 * r, 1.0 * k})),
                      kRoundingOfRamp);
        }
      }
    }
  }
}

TEST(MakeRegular, IsNoFinerThanThePixels) {
  PhantomSeries series = uneven_series();
  series.positions_mm[1][2] = -29.75;  // 0 .25 4 6 11 16
  const Grid grid = regular_grid(PlannedSeries(series).plan.volumes.at(0).grid);
  EXPECT_EQ(grid.size[2], 17) << "steps of 1 mm, as the pixels, not of .25 mm";
}

TEST(MakeRegular, PaddingReachesHalfWayToItsNeighbours) {
  PhantomSeries series = uneven_series();
  series.stored = [](const Vec3& p) { return p[2] > -25 && p[2] < -23 ? -2000 : 100; };  // slice 3
  series.padding_value = -2000;
  series.slope = 2;
  series.intercept = -10;
  const PlannedSeries planned(series);
  const Volume even = make_regular(load_volume(planned.plan.volumes.at(0)));
  ASSERT_TRUE(even.padding);
  EXPECT_EQ(even.padding->low, -4010);
  const auto* value = reinterpret_cast<const float*>(even.voxels.get());
  // Slice 3 lies at 6 mm, its neighbours at 4 and 11: 6 and 8 mm are nearest to it.
  for (int k = 0; k < 9; ++k) EXPECT_EQ(value[20 * k], k == 3 || k == 4 ? -4010 : 190) << k;
}

TEST(MakeRegular, HoldsTheLimitBeforeItAllocates) {
  const PlannedSeries planned(uneven_series());
  const Volume volume = load_volume(planned.plan.volumes.at(0));
  dicom::Limits limits;
  limits.max_volume_bytes = 9 * 20 * 4 - 1;
  testing::expect_error(ErrorCode::bad_input, "9 slices", [&] { make_regular(volume, limits); });
}

TEST(WriteExchange, RefusesUnevenSlices) {
  const testing::TemporaryFolder folder;
  const PlannedSeries planned(uneven_series());
  const Volume volume = load_volume(planned.plan.volumes.at(0));
  testing::expect_error(ErrorCode::bad_argument, "uneven",
                        [&] { write_nifti(volume, folder.path() / "a.nii"); });
  testing::expect_error(ErrorCode::bad_argument, "uneven",
                        [&] { write_meta_image(volume, folder.path() / "a.mha"); });
}

}  // namespace
}  // namespace osler
