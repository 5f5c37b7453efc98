// What others may write.

#include <gtest/gtest.h>

#include <algorithm>

#include "segmentations_reading.hpp"
#include "throws.hpp"

namespace osler::segmentations {
namespace {

using osler::testing::expect_error;
using osler::testing::StoredSeg;
using phantom::TemporaryFolder;

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

}  // namespace
}  // namespace osler::segmentations
