// Series of real scanners, against values of other people's tools on the same files, taken once:
// geometry by SimpleITK 2.5.7 (GDCM), SHA-256 of the stored int16 in slice order by pydicom 3.0.2.

#include <gtest/gtest.h>

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/sha256.hpp"
#include "test_data.hpp"
#include "volume/plan.hpp"

namespace osler {
namespace {

constexpr double kAffineTolerance_mm = 1e-4;

struct RealSeries {
  dicom::ScanResult scan;
  SeriesPlan plan;

  explicit RealSeries(const std::filesystem::path& folder) {
    scan = dicom::scan(std::vector<std::filesystem::path>{folder});
    if (scan.studies.size() == 1 && scan.studies[0].series.size() == 1) {
      plan = plan_series(scan.studies[0].series[0]);
    }
  }
  const Reason* reason(const std::string& code) const {
    for (const Reason& r : plan.reasons) {
      if (r.code == code) return &r;
    }
    return nullptr;
  }
};

/// Index of a voxel -> its place.
using Places = std::vector<std::pair<Vec3, Vec3>>;

void expect_places(const Grid& grid, const Places& places) {
  for (const auto& [index, lps] : places) {
    const Vec3 found = grid.index_to_lps(index);
    for (std::size_t i = 0; i < 3; ++i) EXPECT_NEAR(found[i], lps[i], kAffineTolerance_mm);
  }
}

std::string digest_of(const Volume& volume) {
  return sha256_hex(std::span(volume.voxels.get(), volume.bytes()));
}

TEST(RealSeries, LidcChestCtIsUsable) {
  const auto folder = testing::unpacked_series() / "LIDC-IDRI-0001";
  OSLER_NEEDS(folder, "ct/LIDC-IDRI-0001.tar.zst");
  const RealSeries found(folder);
  EXPECT_EQ(found.scan.unreadable.size(), 1U) << "the XML with the radiologists' contours";
  EXPECT_EQ(found.plan.verdict(), Verdict::usable);
  ASSERT_EQ(found.plan.volumes.size(), 1U);
  const Volume volume = load_volume(found.plan.volumes[0]);
  EXPECT_EQ(volume.grid.size, (Size3{512, 512, 133}));
  expect_places(volume.grid, {{{0, 0, 0}, {-166, -171.699997, -340}},
                              {{511, 0, 0}, {193.296875, -171.699997, -340}},
                              {{511, 511, 132}, {193.296875, 187.596878, -10}}});
  EXPECT_EQ(digest_of(volume), "9716691a9363263d3850e98eab6343580f8e6aab1d1e35330a3576e00b9c883e");
  EXPECT_EQ(volume.slices.at(7).slope, 1);
  EXPECT_EQ(volume.slices.at(7).intercept, -1024);
  ASSERT_TRUE(volume.padding);
  EXPECT_EQ(volume.padding->low, -2000) << "63536 as US is -2000 as SS";
  EXPECT_EQ(volume.padding->high, -2000);
}

// SimpleITK says that its slices are not evenly spaced and takes (last - first) / 27 for all;
// dcm2niix's first file takes 4.002 mm for all of them and drops the tilt. Its second one,
// "_Tilt_Eq", shears and resamples: the places of the first and the last slice are those here. The
// positions are the header's own: 14 slices 4.22 mm apart along the table, one 1.14, 13 of 7.38.
TEST(RealSeries, GeHeadCtWithTiltAndUnevenSlicesStandsOnItsOwnSlices) {
  const auto folder = testing::unpacked_series() / "GE_tilt_variable_spacing";
  OSLER_NEEDS(folder, "ct/GE_tilt_variable_spacing.tar.zst");
  const RealSeries found(folder);
  EXPECT_EQ(found.plan.verdict(), Verdict::usable_with);
  ASSERT_NE(found.reason("variable_spacing"), nullptr);
  // The header's Gantry/Detector Tilt is +18.5.
  const Reason* tilt = found.reason("gantry_tilt");
  ASSERT_NE(tilt, nullptr);
  EXPECT_NE(tilt->detail.find("18.50 degrees"), std::string::npos) << tilt->detail;
  ASSERT_EQ(found.plan.volumes.size(), 1U);
  const Volume volume = load_volume(found.plan.volumes[0]);
  ASSERT_EQ(volume.grid.size, (Size3{512, 512, 28}));
  for (int k = 0; k < 28; ++k) {
    const Vec3 place = volume.grid.centre_mm(0, 0, k);
    EXPECT_NEAR(place[0], -125, kAffineTolerance_mm) << k;
    EXPECT_NEAR(place[1], -123.5404569, kAffineTolerance_mm) << k;
    const double z = k < 14 ? 5.8360586 + 4.22 * k : 61.8360586 + 7.38 * (k - 14);
    EXPECT_NEAR(place[2], z, kAffineTolerance_mm) << k;
  }
  EXPECT_EQ(digest_of(volume), "b9f11236dfdde50d12b3566822e91d0ab3effd7e3f3b5f086bea6384932e19c1");
}

TEST(RealSeries, DataladHeadMrLiesWhereSimpleItkPutsIt) {
  const auto folder = testing::unpacked_series() / "datalad_T1w_adult";
  OSLER_NEEDS(folder, "mr/datalad_T1w_adult.tar.zst");
  const RealSeries found(folder);
  EXPECT_EQ(found.plan.verdict(), Verdict::usable);
  ASSERT_EQ(found.plan.volumes.size(), 1U);
  const Volume volume = load_volume(found.plan.volumes[0]);
  EXPECT_EQ(volume.grid.size, (Size3{274, 384, 384}));
  expect_places(volume.grid,
                {{{0, 0, 0}, {-91.4495864331908, -160.06035870244, -142.505487236053}},
                 {{273, 0, 0}, {99.46214294967223, -164.22404460031197, -135.20375063611624}},
                 {{0, 383, 0}, {-84.67827978635395, 93.0806570525533, -175.1993788041649}},
                 {{0, 0, 383}, {-100.40966857125456, -127.13937981449482, 110.5380684498825}},
                 {{273, 383, 383}, {97.27336745844532, 121.83795004262652, 85.14591348170737}}});
  EXPECT_EQ(digest_of(volume), "f47a49c3cfdb0cc235b1b1fd73c6d80fd7808aa228f045eac343dcd165b0da47");
}

}  // namespace
}  // namespace osler
