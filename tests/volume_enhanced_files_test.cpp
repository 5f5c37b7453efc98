// Multi-frame objects of real scanners, each with its verdict and geometry. Places as pydicom 3.0.2
// prints them; SHA-256 of its pixel_array, its frames in reverse where slices ascend the other way.

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/sha256.hpp"
#include "dicom/pixels.hpp"
#include "test_data.hpp"
#include "volume/plan.hpp"

namespace osler {
namespace {

/// The only series of one file of enhanced/, planned.
struct RealFile {
  std::filesystem::path file;
  dicom::ScanResult scan;
  SeriesPlan plan;

  explicit RealFile(const std::filesystem::path& path) : file(path) {
    scan = dicom::scan(std::vector<std::filesystem::path>{file});
    plan = plan_series(scan.studies.at(0).series.at(0));
  }
  const dicom::Instance& instance() const {
    return scan.studies.at(0).series.at(0).instances.at(0);
  }
  bool refused_for(std::string_view code) const {
    return std::any_of(plan.reasons.begin(), plan.reasons.end(),
                       [&](const Reason& r) { return r.refuses && r.code == code; });
  }
};

std::filesystem::path enhanced(const std::string& name) {
  return testing::test_data() / "enhanced" / name;
}

TEST(EnhancedFiles, EnhancedMrOfAScannerIsUsable) {
  OSLER_NEEDS(enhanced("SiemensVida_XA10_enhMR.dcm"), "enhanced/SiemensVida_XA10_enhMR.dcm");
  const RealFile found(enhanced("SiemensVida_XA10_enhMR.dcm"));
  EXPECT_EQ(found.plan.verdict(), Verdict::usable);
  const Volume volume = load_volume(found.plan.volumes.at(0));
  EXPECT_EQ(volume.grid.size, (Size3{64, 64, 6}));
  const Vec3 first = volume.grid.centre_mm(0, 0, 0), last = volume.grid.centre_mm(0, 0, 5);
  EXPECT_NEAR(first[2], -5.40356, 1e-5);
  EXPECT_NEAR(last[2], 6.59644, 1e-5);
  EXPECT_EQ(sha256_hex({volume.voxels.get(), volume.bytes()}),
            "10a6382bc802e54f1f6f201f2f0fc9f5d981d4d89061eeeaf84d56bda0616fc0");
}

TEST(EnhancedFiles, EnhancedCtOfTwoFramesIsUsable) {
  OSLER_NEEDS(enhanced("eCT_Supplemental.dcm"), "enhanced/eCT_Supplemental.dcm");
  const RealFile found(enhanced("eCT_Supplemental.dcm"));
  EXPECT_EQ(found.plan.verdict(), Verdict::usable);
  const Volume volume = load_volume(found.plan.volumes.at(0));
  EXPECT_EQ(volume.grid.size, (Size3{512, 512, 2}));
  // Rows run to the right: row x column points to the feet, and so do the slices.
  EXPECT_EQ(volume.grid.centre_mm(0, 0, 0), (Vec3{99.5, -301.5, -149}));
  EXPECT_EQ(volume.grid.centre_mm(0, 0, 1), (Vec3{99.5, -301.5, -159}));
  EXPECT_EQ(volume.slices.at(1).intercept, -1024);
  EXPECT_EQ(sha256_hex({volume.voxels.get(), volume.bytes()}),
            "8488252af99ad947015de14e93b40d93f09c886598d577d7300f1e6d6ed8fb21");
}

TEST(EnhancedFiles, AMovingKneeIsOneSliceAtNineteenTimes) {
  OSLER_NEEDS(enhanced("MOVEKNEE.dcm"), "enhanced/MOVEKNEE.dcm");
  const RealFile found(enhanced("MOVEKNEE.dcm"));
  EXPECT_TRUE(found.refused_for("single_slice"));
  EXPECT_TRUE(
      std::any_of(found.plan.reasons.begin(), found.plan.reasons.end(), [](const Reason& r) {
        return r.code == "several_volumes" && r.detail.starts_with("19 volumes");
      }));
}

/// Ten frames of a head without functional groups: nothing says where they lie (SimpleITK makes
/// a volume of them all the same, with slices 1 mm apart). Their pixels decode, those of the last
/// file too, which ends eight bytes early: it lacks the delimiter after its last fragment.
class FramesWithoutAPlace : public ::testing::TestWithParam<const char*> {};

TEST_P(FramesWithoutAPlace, AreRefusedAndDecodeAlike) {
  OSLER_NEEDS(enhanced(GetParam()), std::string("enhanced/") + GetParam());
  const RealFile found(enhanced(GetParam()));
  EXPECT_TRUE(found.refused_for("frames_not_described"));
  const std::size_t bytes = dicom::frame_bytes(found.instance().pixels);
  std::vector<std::byte> all(10 * bytes);
  for (int i = 0; i < 10; ++i) {
    dicom::decode_frame(found.instance(), i,
                        std::span(all).subspan(static_cast<std::size_t>(i) * bytes, bytes));
  }
  EXPECT_EQ(sha256_hex(all), "9719c5d0f62ce971a1039c9cd73a6785427f4f80a1d3b6969cb9ffc425fba054");
}

INSTANTIATE_TEST_SUITE_P(
    Emri, FramesWithoutAPlace,
    ::testing::Values("emri_small.dcm", "emri_small_RLE.dcm", "emri_small_big_endian.dcm",
                      "emri_small_jpeg_2k_lossless.dcm", "emri_small_jpeg_ls_lossless.dcm",
                      "emri_small_jpeg_2k_lossless_too_short.dcm"),
    [](const auto& info) {
      std::string name = info.param;
      std::replace_if(
          name.begin(), name.end(), [](char c) { return !std::isalnum(c); }, '_');
      return name;
    });

}  // namespace
}  // namespace osler
