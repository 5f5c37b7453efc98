// What this program writes comes back.

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "objects/segmentation.hpp"
#include "objects/structure_set.hpp"
#include "segmentations_reading.hpp"
#include "throws.hpp"

namespace osler::segmentations {
namespace {

namespace fs = std::filesystem;
using osler::testing::expect_error;
using phantom::kOblique;
using phantom::kStraight;
using phantom::Phantom;
using phantom::TemporaryFolder;

struct Case {
  const char* name;
  Size3 size;
  Affine affine;
};

class OwnObjects : public ::testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    const Case& c = GetParam();
    phantom_ = phantom::make(folder_.path / "source", c.size, c.affine, [&](int x, int y, int z) {
      // The outermost slices are empty, and so is one between.
      if (z == 0 || z == c.size[2] - 1 || z == 3) return 0;
      const int noise = static_cast<int>(
          std::minstd_rand(static_cast<unsigned>(1 + x + 131 * y + 7919 * z))() % 1000);
      return noise < 200 ? noise % 5 : phantom::two_boxes(c.size, x, y, z);
    });
  }
  TemporaryFolder folder_;
  Phantom phantom_;
};

void expect_same(const Segmentation& read, const Phantom& p, std::int64_t first_slice) {
  ASSERT_EQ(read.maps.size(), 1U);
  const Size3& n = read.grid.size;
  const auto begin = p.labels.labels.begin() + first_slice * n[0] * n[1];
  EXPECT_EQ(read.maps[0], Voxels(begin, begin + voxel_count(n)));
  ASSERT_EQ(read.segments.size(), 4U);
  for (std::size_t i = 0; i < 4; ++i) {
    const StoredSegment& s = read.segments[i];
    const Segment& segment = p.findings.segments[i];
    const auto finding = std::find_if(
        p.findings.findings.begin(), p.findings.findings.end(),
        [&](const Finding& f) { return f.segments == std::vector<int>{segment.number}; });
    EXPECT_EQ(s.number, segment.number);
    EXPECT_EQ(s.value, segment.number);
    EXPECT_EQ(s.label, segment.label);
    EXPECT_EQ(s.type, segment.type);
    ASSERT_TRUE(s.rgb);
    for (std::size_t c = 0; c < 3; ++c) EXPECT_NEAR((*s.rgb)[c], segment.rgb[c], 1);
    EXPECT_EQ(s.algorithm_type, "AUTOMATIC");
    EXPECT_EQ(s.voxels, finding->voxels);
    EXPECT_NEAR(s.volume_mm3, finding->volume_mm3, 1e-6 * finding->volume_mm3);
  }
}

TEST_P(OwnObjects, SegmentationComesBackOnItsOwnGrid) {
  objects::write_segmentation(phantom_.findings, phantom_.labels, phantom_.volume,
                              folder_.path / "seg.dcm");
  const Segmentation s = read(folder_.path / "seg.dcm");
  EXPECT_EQ(s.grid.size[2], GetParam().size[2] - 2) << "without the empty slices at its ends";
  expect_same(s, phantom_, 1);
  for (const std::int64_t k : {0, 2, 4}) {  // the third is empty in the file
    EXPECT_LT(norm(s.grid.centre_mm(2, 5, k) - phantom_.labels.grid.centre_mm(2, 5, k + 1)), 1e-6);
  }
}

TEST_P(OwnObjects, BothComeBackOnTheSourceGrid) {
  objects::write_segmentation(phantom_.findings, phantom_.labels, phantom_.volume,
                              folder_.path / "seg.dcm");
  objects::write_structure_set(phantom_.findings, phantom_.labels, phantom_.volume,
                               folder_.path / "rtstruct.dcm");
  const std::vector<Reference> references = {
      {phantom_.volume.series_uid, phantom_.volume.frame_of_reference_uid, phantom_.labels.grid}};
  for (const char* name : {"seg.dcm", "rtstruct.dcm"}) {
    const Segmentation s = read(folder_.path / name, references);
    EXPECT_EQ(s.grid, phantom_.labels.grid);
    expect_same(s, phantom_, 0);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Grids, OwnObjects,
    ::testing::Values(Case{"Straight", {17, 19, 8}, kStraight},
                      Case{"Oblique", {31, 22, 8}, kOblique},
                      Case{"Tilted", {15, 20, 8}, phantom::sheared(kOblique, 0.5)}),
    [](const auto& info) { return info.param.name; });

TEST(ReadStructureSet, OnUnevenSlices) {
  const TemporaryFolder folder;
  const Grid grid{{15, 20, 8}, phantom::sheared(kOblique, 0.5), {0, 1, 2, 2.5, 3, 4.25, 5.5, 7}};
  const Phantom p = phantom::boxes(folder.path / "source", grid);
  objects::write_structure_set(p.findings, p.labels, p.volume, folder.path / "rtstruct.dcm");
  expect_same(read(folder.path / "rtstruct.dcm",
                   {{p.volume.series_uid, p.volume.frame_of_reference_uid, grid}}),
              p, 0);
}

TEST(ReadStructureSet, WantsTheSeriesThatItNames) {
  const TemporaryFolder folder;
  const Phantom p = phantom::make(folder.path / "source", {8, 8, 4}, kStraight,
                                  [](int c, int, int) { return c % 4; });
  const fs::path file = folder.path / "rtstruct.dcm";
  objects::write_structure_set(p.findings, p.labels, p.volume, file);
  expect_error(ErrorCode::bad_input, p.volume.series_uid, [&] { read(file); });
  const Reference right{p.volume.series_uid, p.volume.frame_of_reference_uid, p.labels.grid};
  Reference other = right;
  other.series_uid = "1.2.3";
  expect_error(ErrorCode::bad_input, "none of the references", [&] { read(file, {other}); });
  EXPECT_EQ(read(file, {other, right}).maps[0], p.labels.labels);

  // Half a slice off: no contour lies in a slice, and none is moved into one.
  Reference off = right;
  off.grid.index_to_lps.m[11] += 1.25;
  const Segmentation none = read(file, {off});
  EXPECT_EQ(none.segments.size(), 1U);  // the fourth, which has no contours
  ASSERT_EQ(none.not_read.size(), 3U);
  EXPECT_NE(none.not_read[0].reason.find("1.25 mm"), std::string::npos);
  Reference elsewhere = right;
  elsewhere.frame_of_reference_uid = "1.2.3.4.5";
  EXPECT_EQ(read(file, {elsewhere}).not_read.size(), 4U);
}

}  // namespace
}  // namespace osler::segmentations
