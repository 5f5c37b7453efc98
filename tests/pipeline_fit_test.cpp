#include "pipeline/fit.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "findings_package.hpp"

namespace osler {
namespace {

/// A series that fits: 192 x 256 x 160 voxels of 1 x 1 x 1.2 mm of an MR of the head.
struct Candidate {
  dicom::Series series;
  SeriesPlan plan;

  Candidate() {
    series.modality = "MR";
    series.instances.resize(1);
    series.instances[0].body_part = "HEAD";
    plan.volumes.resize(1);
    set_grid({192, 256, 160}, {1, 1, 1.2});
  }
  void set_grid(const Size3& size, const Vec3& spacing) {
    plan.volumes[0].grid = {size, Affine::from_columns({spacing[0], 0, 0}, {0, spacing[1], 0},
                                                       {0, 0, spacing[2]}, {0, 0, 0})};
  }
  std::vector<std::string> misfit_codes() const {
    std::vector<std::string> codes;
    for (const Reason& r : misfits(series, plan, 0, testing::paired_package())) {
      EXPECT_TRUE(r.refuses) << r.code;
      EXPECT_FALSE(r.detail.empty()) << r.code;
      codes.push_back(r.code);
    }
    return codes;
  }
};

using Codes = std::vector<std::string>;

TEST(Misfits, ASeriesThatFitsHasNone) {
  EXPECT_EQ(Candidate().misfit_codes(), Codes{});
}

TEST(Misfits, AreAllListedAtOnce) {
  Candidate c;
  c.series.modality = "CT";
  c.series.instances[0].body_part = "CHEST";
  c.set_grid({64, 64, 20}, {1, 1, 5});  // 64 x 64 x 100 mm, slices 5 mm apart
  c.plan.reasons = {{"missing_slice", "a gap", true}};
  EXPECT_EQ(c.misfit_codes(),
            (Codes{"modality", "missing_slice", "body_part", "field_of_view", "spacing"}));
}

TEST(Misfits, SayWhatWasFoundAndWhatIsWanted) {
  Candidate c;
  c.series.modality = "CT";
  c.set_grid({64, 64, 20}, {1, 1, 5});
  const auto found = misfits(c.series, c.plan, 0, testing::paired_package());
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found[0].detail, "modality CT; pair wants MR");
  EXPECT_EQ(found[1].detail,
            "field of view 64 x 64 x 100 mm; pair wants at least 110 x 130 x 130 mm");
  EXPECT_EQ(found[2].detail,
            "voxels of 1.00 x 1.00 x 5.00 mm; pair wants none coarser than 2.5 mm");
}

TEST(Misfits, TheFieldOfViewMayLieInAnyOrder) {
  Candidate c;
  c.set_grid({130, 130, 110}, {1, 1, 1});
  EXPECT_EQ(c.misfit_codes(), Codes{});
  c.set_grid({110, 130, 130}, {1, 1, 1});
  EXPECT_EQ(c.misfit_codes(), Codes{});
  c.set_grid({500, 129, 500}, {1, 1, 1});  // only the smallest may be under 130
  EXPECT_EQ(c.misfit_codes(), Codes{});
  c.set_grid({129, 129, 500}, {1, 1, 1});
  EXPECT_EQ(c.misfit_codes(), Codes{"field_of_view"});
  c.set_grid({109, 500, 500}, {1, 1, 1});
  EXPECT_EQ(c.misfit_codes(), Codes{"field_of_view"});
}

TEST(Misfits, TheCoarsestAxisCounts) {
  Candidate c;
  c.set_grid({100, 256, 256}, {2.5, 1, 1});
  EXPECT_EQ(c.misfit_codes(), Codes{});
  c.set_grid({100, 256, 256}, {2.51, 1, 1});
  EXPECT_EQ(c.misfit_codes(), Codes{"spacing"});
}

TEST(Misfits, AnUnnamedBodyPartPassesAndAWarningDoesToo) {
  Candidate c;
  c.series.instances[0].body_part = "";
  c.plan.reasons = {{"lossy", "compressed with loss", false}};
  EXPECT_EQ(c.misfit_codes(), Codes{});
  c.series.instances[0].body_part = "BRAIN";
  EXPECT_EQ(c.misfit_codes(), Codes{});
}

TEST(Misfits, ASeriesWithoutAVolumeHasOneReasonAtLeast) {
  Candidate c;
  c.plan.volumes.clear();
  EXPECT_EQ(c.misfit_codes(), Codes{"no_volume"});
  c.plan.reasons = {{"single_slice", "one slice: not a volume", true}};
  EXPECT_EQ(c.misfit_codes(), Codes{"single_slice"});
}

}  // namespace
}  // namespace osler
