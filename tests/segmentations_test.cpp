#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <random>

#include "dicom/scan.hpp"
#include "report/elements.hpp"
#include "report/segmentation.hpp"
#include "report/structure_set.hpp"
#include "report_phantom.hpp"
#include "segmentation_bytes.hpp"
#include "segmentations/polygon_fill.hpp"
#include "segmentations/segmentation_files.hpp"
#include "segmentations/segmentations.hpp"
#include "segmentations/stored_text.hpp"
#include "throws.hpp"

namespace osler::segmentations {
namespace {

namespace fs = std::filesystem;
using osler::testing::expect_error;
using osler::testing::StoredFrame;
using osler::testing::StoredSeg;
using phantom::Phantom;
using phantom::TemporaryFolder;
using Voxels = std::vector<std::uint8_t>;

Segmentation read(const fs::path& file, const std::vector<Reference>& references = {},
                  const dicom::Limits& limits = {}) {
  const std::vector<fs::path> inputs{file};
  const dicom::ScanResult scanned = dicom::scan(inputs, limits);
  if (scanned.studies.empty()) throw Error(ErrorCode::bad_input, "nothing was read");
  const dicom::Instance& instance = scanned.studies[0].series[0].instances[0];
  return is_structure_set(instance) ? read_structure_set(instance, references, limits)
                                    : read_segmentation(instance, references, limits);
}

Segmentation read(const StoredSeg& seg, const std::vector<Reference>& references = {},
                  const dicom::Limits& limits = {}) {
  const TemporaryFolder folder;
  osler::testing::write(seg, folder.path / "seg.dcm");
  return read(folder.path / "seg.dcm", references, limits);
}

const Affine kStraight = Affine::from_columns({1, 0, 0}, {0, 1.25, 0}, {0, 0, 2.5}, {-30, -40, 17});
const Affine kOblique = phantom::oblique({0.7, 0.9, 1.6}, {-12.25, 8.5, -71}, 23, -11);

// ---------------------------------------------------------------- what this program writes

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
  report::write_segmentation(phantom_.findings, phantom_.labels, phantom_.volume,
                             folder_.path / "seg.dcm");
  const Segmentation s = read(folder_.path / "seg.dcm");
  EXPECT_EQ(s.grid.size[2], GetParam().size[2] - 2) << "without the empty slices at its ends";
  expect_same(s, phantom_, 1);
  for (const std::int64_t k : {0, 2, 4}) {  // the third is empty in the file
    EXPECT_LT(norm(s.grid.centre_mm(2, 5, k) - phantom_.labels.grid.centre_mm(2, 5, k + 1)), 1e-6);
  }
}

TEST_P(OwnObjects, BothComeBackOnTheSourceGrid) {
  report::write_segmentation(phantom_.findings, phantom_.labels, phantom_.volume,
                             folder_.path / "seg.dcm");
  report::write_structure_set(phantom_.findings, phantom_.labels, phantom_.volume,
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
  const Phantom p = phantom::make(folder.path / "source", grid, [&](int c, int r, int k) {
    return phantom::two_boxes(grid.size, c, r, k);
  });
  report::write_structure_set(p.findings, p.labels, p.volume, folder.path / "rtstruct.dcm");
  expect_same(read(folder.path / "rtstruct.dcm",
                   {{p.volume.series_uid, p.volume.frame_of_reference_uid, grid}}),
              p, 0);
}

// ---------------------------------------------------------------- what others may write

TEST(ReadSegmentation, FramesInAnyOrderThatShareBytesAndGapsBetweenThem) {
  StoredSeg seg;
  seg.frames = {{1, 15, {0, 0, 0, 0, 0, 0, 0, 0, 1}},
                {1, 10, {1, 0, 1, 0, 1, 0, 0, 0, 0}},
                {1, 12.5, {1, 1, 1, 0, 0, 0, 1, 1, 1}},
                {1, 22.5, {0, 0, 0, 1, 0, 0, 0, 0, 0}}};
  const Segmentation s = read(seg);
  EXPECT_EQ(s.grid.size, (Size3{3, 3, 6}));
  ASSERT_EQ(s.maps.size(), 1U);
  EXPECT_EQ(s.maps[0], (Voxels{1, 0, 1, 0, 1, 0, 0, 0, 0, 1, 1, 1, 0, 0, 0, 1, 1, 1,
                               0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0,
                               0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0}));
  const Vec3 at = s.grid.centre_mm(2, 1, 5);  // by hand: -5 + 2, 7 + 2, 22.5
  EXPECT_LT(norm(at - Vec3{-3, 9, 22.5}), 1e-9);
  EXPECT_EQ(s.segments[0].voxels, 11);
  EXPECT_NEAR(s.segments[0].volume_mm3, 11 * 1 * 2 * 2.5, 1e-9);
}

// PS3.5 H.3.1.
TEST(ReadSegmentation, ReadsLabelsOfEveryCharacterSet) {
  StoredSeg seg;
  seg.frames = {{1, 10, {1, 0, 0, 0, 0, 0, 0, 0, 0}}};
  seg.character_set = "\\ISO 2022 IR 87";
  seg.label = "\x1B$B;3ED\x1B(B";
  EXPECT_EQ(read(seg).segments.at(0).label, "山田 1");
}

TEST(ReadSegmentation, KeepsWhatIsSaidOfASegment) {
  StoredSeg seg;
  seg.frames = {{1, 10, {1, 0, 0, 0, 0, 0, 0, 0, 0}}};
  const Segmentation s = read(seg);
  const StoredSegment& segment = s.segments.at(0);
  EXPECT_EQ(segment.label, "L\u00e4sion 1");
  ASSERT_TRUE(segment.type);
  EXPECT_EQ(segment.type->value, "52988006");
  EXPECT_EQ(segment.type->meaning, "Lesion");
  EXPECT_FALSE(segment.category);
  EXPECT_EQ(segment.tracking_uid, "1.2.3.9.1");
  EXPECT_EQ(segment.algorithm_type, "MANUAL");
  ASSERT_TRUE(segment.rgb);
  EXPECT_NEAR((*segment.rgb)[0], 255, 2);
  EXPECT_NEAR((*segment.rgb)[1], 0, 2);
  EXPECT_NEAR((*segment.rgb)[2], 0, 2);
}

TEST(ReadSegmentation, OverlappingSegmentsKeepAllTheirVoxels) {
  StoredSeg seg;
  seg.segments = {1, 2, 3, 4};
  seg.frames = {{1, 10, {1, 1, 1, 0, 0, 0, 0, 0, 0}},
                {2, 10, {0, 0, 1, 0, 0, 1, 0, 0, 1}},   // shares a voxel with 1
                {3, 10, {0, 0, 0, 1, 1, 0, 1, 1, 0}},   // is apart from both
                {4, 10, {1, 1, 1, 1, 1, 1, 1, 1, 1}}};  // covers all
  const Segmentation s = read(seg);
  ASSERT_EQ(s.maps.size(), 3U);
  EXPECT_EQ(s.maps[0], (Voxels{1, 1, 1, 3, 3, 0, 3, 3, 0}));
  EXPECT_EQ(s.maps[1], (Voxels{0, 0, 2, 0, 0, 2, 0, 0, 2}));
  EXPECT_EQ(s.maps[2], (Voxels(9, 4)));
  EXPECT_EQ(s.segments[2].map, 0U);
  EXPECT_EQ(s.segments[3].map, 2U);
  EXPECT_EQ(s.segments[1].voxels, 3);
}

TEST(ReadSegmentation, AFractionCountsFromAHalfOn) {
  StoredSeg seg;
  seg.type = "FRACTIONAL";
  seg.bits = 8;
  seg.frames = {{1, 10, {0, 1, 100, 126, 127, 128, 129, 200, 255}}};
  EXPECT_EQ(read(seg).maps[0], (Voxels{0, 0, 0, 0, 0, 1, 1, 1, 1}));  // 127 / 255 is less
  seg.maximum_fraction = 100;
  seg.frames = {{1, 10, {0, 1, 48, 49, 50, 51, 99, 100, 0}}};
  EXPECT_EQ(read(seg).maps[0], (Voxels{0, 0, 0, 0, 1, 1, 1, 1, 0}));
  seg.maximum_fraction = 0;
  expect_error(ErrorCode::bad_input, "Maximum Fractional Value", [&] { read(seg); });
}

TEST(ReadSegmentation, LabelsOfSixteenBitsGetValuesThatAByteHolds) {
  StoredSeg seg;
  seg.type = "LABELMAP";
  seg.bits = 16;
  seg.segments = {0, 300, 1, 65535};
  seg.frames = {{0, 10, {0, 300, 300, 1, 0, 65535, 0, 0, 0}}};
  const Segmentation s = read(seg);
  ASSERT_EQ(s.maps.size(), 1U);
  ASSERT_EQ(s.segments.size(), 3U) << "0 is the background";
  EXPECT_EQ(s.maps[0], (Voxels{0, 2, 2, 1, 0, 3, 0, 0, 0}));
  EXPECT_EQ(s.segments[0].number, 300);
  EXPECT_EQ(s.segments[0].value, 2);
  EXPECT_EQ(s.segments[0].voxels, 2);
}

TEST(ReadSegmentation, PaddingIsTheBackgroundOfLabels) {
  StoredSeg seg;
  seg.type = "LABELMAP";
  seg.bits = 8;
  seg.padding = 5;
  seg.segments = {0, 1, 5};
  seg.frames = {{0, 10, {5, 5, 0, 0, 1, 1, 1, 5, 5}}};
  const Segmentation s = read(seg);
  ASSERT_EQ(s.segments.size(), 2U);
  EXPECT_EQ(s.maps[0], (Voxels{0, 0, 2, 2, 1, 1, 1, 0, 0}));
  seg.segments = {0, 5};
  expect_error(ErrorCode::bad_input, "label 1", [&] { read(seg); });
}

TEST(ReadSegmentation, ManyLabelsNeedSeveralMaps) {
  StoredSeg seg;
  seg.type = "LABELMAP";
  seg.bits = 16;
  seg.segments.clear();
  for (int i = 1; i <= 600; ++i) seg.segments.push_back(i);
  seg.frames = {{0, 10, {1, 255, 256, 257, 510, 511, 599, 600, 0}}};
  const Segmentation s = read(seg);
  EXPECT_EQ(s.maps.size(), 3U);  // 255 in each
  Voxels any(9);
  for (const int label : seg.frames[0].pixels) {
    if (label == 0) continue;
    const StoredSegment& segment = s.segments[static_cast<std::size_t>(label) - 1];
    const auto at = std::find(seg.frames[0].pixels.begin(), seg.frames[0].pixels.end(), label) -
                    seg.frames[0].pixels.begin();
    EXPECT_EQ(segment.voxels, 1);
    EXPECT_EQ(s.maps[segment.map][static_cast<std::size_t>(at)], segment.value);
  }
}

TEST(ReadSegmentation, BigEndianAndDeflated) {
  StoredSeg seg;
  seg.frames = {{1, 10, {1, 0, 1, 0, 1, 0, 0, 0, 0}}, {1, 12.5, {1, 1, 1, 0, 0, 0, 1, 1, 1}}};
  const Segmentation plain = read(seg);
  for (const E_TransferSyntax syntax :
       {EXS_BigEndianExplicit, EXS_DeflatedLittleEndianExplicit, EXS_LittleEndianImplicit}) {
    const TemporaryFolder folder;
    osler::testing::write(seg, folder.path / "seg.dcm", syntax);
    EXPECT_EQ(read(folder.path / "seg.dcm").maps, plain.maps);
  }
}

TEST(ReadSegmentation, RefusesWhatItCannotPlace) {
  const std::vector<int> one = {1, 0, 0, 0, 0, 0, 0, 0, 0};
  StoredSeg seg;
  const auto refused = [&](const std::string& word) {
    expect_error(ErrorCode::bad_input, word, [&] { read(seg); });
  };
  seg.frames = {{1, 10, one}, {1, 12.5, one}, {1, 14, one}};
  refused("regular grid");  // 2.5 and 1.5 mm
  seg.frames = {{1, 10, one}, {1, 12.5, one, -3}, {1, 15, one}};
  refused("regular grid");  // one frame is shifted to the side
  seg.frames = {{1, 10, one}, {1, 10, one}};
  refused("two frames");
  seg.frames = {{1, 10, one}, {2, 10, one}};
  refused("segment 2, which is not listed");
  seg.segments = {1, 1};
  seg.frames = {{1, 10, one}};
  refused("numbers of their own");
  seg.segments = {1};
  seg.bits = 8;
  refused("Segmentation Type");
  seg.bits = 1;
  seg.spacing_between_slices = "0.01";
  seg.frames = {{1, -400'000, one}, {1, 400'000, one}};
  refused("steps apart");
}

TEST(ReadSegmentation, LimitsHoldBeforeMapsAreMade) {
  StoredSeg seg;
  seg.segments = {1, 2};
  seg.frames = {{1, 0, std::vector<int>(9, 1)}, {2, 2500, std::vector<int>(9, 1)}};
  dicom::Limits limits;
  limits.max_volume_bytes = 2 * 9 * 1001;  // a map and a mask
  EXPECT_EQ(read(seg, {}, limits).grid.size[2], 1001);
  --limits.max_volume_bytes;
  expect_error(ErrorCode::bad_input, "label maps", [&] { read(seg, {}, limits); });
  seg.frames[1].z_mm = 0;  // they overlap now: one map more
  limits.max_volume_bytes = 26;
  expect_error(ErrorCode::bad_input, "3 label maps", [&] { read(seg, {}, limits); });
}

TEST(ReadSegmentation, LiesOnAReferenceOrNot) {
  StoredSeg seg;
  seg.frames = {{1, 12.5, {1, 0, 0, 0, 0, 0, 0, 0, 0}}};
  Reference reference{
      "1.9",
      "1.2.3.4",
      {{3, 3, 5}, Affine::from_columns({1, 0, 0}, {0, 2, 0}, {0, 0, 1.25}, {-5, 7, 10})}};
  const Segmentation s = read(seg, {reference});
  EXPECT_EQ(s.grid, reference.grid);
  EXPECT_EQ(s.maps[0][2 * 9], 1);
  EXPECT_EQ(s.segments[0].voxels, 1);
  EXPECT_NEAR(s.segments[0].volume_mm3, 2.5, 1e-9);  // 1 x 2 x 1.25 of the reference

  const auto refused = [&](const char* word, const Reference& other) {
    expect_error(ErrorCode::bad_input, word, [&] { read(seg, {other}); });
  };
  Reference other = reference;
  other.frame_of_reference_uid = "1.2.3.5";
  refused("frame of reference", other);
  EXPECT_EQ(read(seg, {other, reference}).grid, reference.grid) << "the first that fits";
  other = reference;
  other.grid.size = {4, 3, 5};
  refused("pixels", other);
  other = reference;
  other.grid.index_to_lps =
      Affine::from_columns({1.02, 0, 0}, {0, 2, 0}, {0, 0, 1.25}, {-5, 7, 10});
  refused("Pixel Spacing", other);
  other.grid.index_to_lps =
      Affine::from_columns({0.99, 0.141, 0}, {-0.282, 1.98, 0}, {0, 0, 1.25}, {-5, 7, 10});
  refused("orientation", other);
  other.grid.index_to_lps = Affine::from_columns({1, 0, 0}, {0, 2, 0}, {0, 0, 1.25}, {-5, 7, 10.6});
  refused("nearest slice", other);
  other.grid.index_to_lps = Affine::from_columns({1, 0, 0}, {0, 2, 0}, {0, 0, 1.25}, {-4, 7, 10});
  refused("nearest slice", other);
}

TEST(ReadStructureSet, WantsTheSeriesThatItNames) {
  const TemporaryFolder folder;
  const Phantom p = phantom::make(folder.path / "source", {8, 8, 4}, kStraight,
                                  [](int c, int, int) { return c % 4; });
  const fs::path file = folder.path / "rtstruct.dcm";
  report::write_structure_set(p.findings, p.labels, p.volume, file);
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

// ---------------------------------------------------------------- polygons

TEST(FillEvenOdd, ByHand) {
  // A square whose sides run through centres: left and upper ones are inside.
  Voxels mask(25);
  fill_even_odd(std::vector<Polygon>{{{1, 1}, {3, 1}, {3, 3}, {1, 3}}}, 5, 5, mask);
  EXPECT_EQ(mask,
            (Voxels{0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}));
  // A keyhole: the outline runs in along row 2.5, around the hole and out again.
  Voxels key(49);
  fill_even_odd(std::vector<Polygon>{{{-.5, -.5},
                                      {6.5, -.5},
                                      {6.5, 6.5},
                                      {-.5, 6.5},
                                      {-.5, 2.5},
                                      {1.5, 2.5},
                                      {1.5, 4.5},
                                      {4.5, 4.5},
                                      {4.5, 1.5},
                                      {1.5, 1.5},
                                      {1.5, 2.5},
                                      {-.5, 2.5}}},
                7, 7, key);
  // The same hole as a contour of its own.
  Voxels nested(49);
  fill_even_odd(std::vector<Polygon>{{{-.5, -.5}, {6.5, -.5}, {6.5, 6.5}, {-.5, 6.5}},
                                     {{1.5, 1.5}, {4.5, 1.5}, {4.5, 4.5}, {1.5, 4.5}}},
                7, 7, nested);
  EXPECT_EQ(std::count(nested.begin(), nested.end(), 1), 40);
  EXPECT_EQ(nested[3 * 7 + 3], 0);
  EXPECT_EQ(key, nested);
}

TEST(FillEvenOdd, PolygonsMayReachFarOutside) {
  Voxels mask(9);
  fill_even_odd(
      std::vector<Polygon>{{{-1e300, -1e300}, {1e300, -1e300}, {1e300, 1e300}, {-1e300, 1e300}}}, 3,
      3, mask);
  EXPECT_EQ(mask, Voxels(9, 1));
  Voxels none(9);
  fill_even_odd(std::vector<Polygon>{{{5, 5}, {9, 5}, {9, 9}}, {{1, 1}}, {}}, 3, 3, none);
  EXPECT_EQ(none, Voxels(9, 0));
}

// ---------------------------------------------------------------- files

TEST(SegmentationFiles, NameTheirSegments) {
  StoredSeg seg;
  seg.segments = {1, 2};
  seg.frames = {{1, 10, std::vector<int>(9, 1)}, {2, 10, {1, 0, 0, 0, 0, 0, 0, 0, 0}}};
  const Segmentation s = read(seg);
  const TemporaryFolder folder;
  StagedFolder staged(folder.path / "out");
  const Json json = write_segmentation_files(s, staged);
  staged.commit();
  EXPECT_EQ(json["files"], (std::vector<std::string>{"labels-1.nii.gz", "labels-2.nii.gz"}));
  for (const char* name : {"labels-1.nii.gz", "labels-2.nii.gz", "segments.json"}) {
    EXPECT_TRUE(fs::exists(folder.path / "out" / name)) << name;
  }
  const Json& second = json["segments"][1];
  EXPECT_EQ(second["file"], "labels-2.nii.gz");
  EXPECT_EQ(second["value"], 2);
  EXPECT_EQ(second["voxels"], 1);
  EXPECT_NEAR(second["volume_mm3"].get<double>(), 1 * 2 * 2.5, 1e-9);
  EXPECT_EQ(second["type"]["value"], "52988006");
  EXPECT_NE(json["notice"].get<std::string>().find("unverified"), std::string::npos);
}

TEST(Colours, ComeBackFromCielab) {
  for (const std::array<std::uint8_t, 3> rgb :
       {std::array<std::uint8_t, 3>{255, 255, 255}, {0, 0, 0}, {12, 200, 99}, {255, 0, 0}}) {
    const auto lab = report::cielab_of(rgb);
    const auto back = rgb_of_cielab({lab.begin(), lab.end()});
    ASSERT_TRUE(back);
    for (std::size_t c = 0; c < 3; ++c) EXPECT_NEAR((*back)[c], rgb[c], 1);
  }
  EXPECT_FALSE(rgb_of_cielab({1, 2}));
}

// ---------------------------------------------------------------- damage

/// Reads a damaged copy: a result or an Error, nothing else. @return whether there was a result
bool survives(const std::string& bytes, const fs::path& file,
              const std::vector<Reference>& references) {
  std::ofstream(file, std::ios::binary | std::ios::trunc)
      .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  dicom::Limits limits;
  limits.max_volume_bytes = 16 << 20;
  limits.max_frame_bytes = 4 << 20;
  try {
    const Segmentation s = read(file, references, limits);
    for (const StoredSegment& segment : s.segments) EXPECT_LT(segment.map, s.maps.size());
    for (const Voxels& map : s.maps) {
      EXPECT_EQ(static_cast<std::int64_t>(map.size()), voxel_count(s.grid.size));
    }
    return true;
  } catch (const Error& error) {
    EXPECT_NE(error.code(), ErrorCode::internal) << error.what();
    EXPECT_NE(error.code(), ErrorCode::bad_argument) << error.what();
    return false;
  }
}

TEST(Damage, NeverCrashes) {
  const TemporaryFolder folder;
  const Phantom p = phantom::make(folder.path / "source", {9, 11, 5}, kOblique,
                                  [](int c, int r, int k) { return k == 2 ? 0 : (c + r) / 5; });
  const std::vector<Reference> references = {
      {p.volume.series_uid, p.volume.frame_of_reference_uid, p.labels.grid}};
  report::write_segmentation(p.findings, p.labels, p.volume, folder.path / "seg.dcm");
  report::write_structure_set(p.findings, p.labels, p.volume, folder.path / "rtstruct.dcm");
  StoredSeg labels;
  labels.type = "LABELMAP";
  labels.bits = 16;
  labels.segments = {1, 300};
  labels.frames = {{0, 10, {1, 0, 300, 0, 1, 1, 0, 0, 0}}, {0, 15, {1, 0, 300, 0, 1, 1, 0, 0, 0}}};
  osler::testing::write(labels, folder.path / "labels.dcm");
  std::mt19937 random(77);
  for (const char* name : {"seg.dcm", "rtstruct.dcm", "labels.dcm"}) {
    std::ifstream in(folder.path / name, std::ios::binary);
    const std::string whole{std::istreambuf_iterator<char>(in), {}};
    const std::vector<Reference> on =
        std::string(name) == "rtstruct.dcm" ? references : std::vector<Reference>{};
    ASSERT_TRUE(survives(whole, folder.path / "copy.dcm", on));
    int read = 0, refused = 0;
    for (int i = 0; i < 150; ++i) {
      (survives(whole.substr(0, random() % whole.size()), folder.path / "copy.dcm", on)
           ? read
           : refused)++;
    }
    for (int i = 0; i < 1500; ++i) {
      std::string flipped = whole;
      for (unsigned n = 1 + random() % 8; n > 0; --n) {
        auto& byte = flipped[random() % flipped.size()];
        byte = static_cast<char>(byte ^ (1 << random() % 8));
      }
      (survives(flipped, folder.path / "copy.dcm", on) ? read : refused)++;
    }
    EXPECT_GT(read, 50) << name;
    EXPECT_GT(refused, 50) << name;
  }
}

}  // namespace
}  // namespace osler::segmentations
