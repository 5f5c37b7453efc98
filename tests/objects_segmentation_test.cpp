#include <gtest/gtest.h>

#include "core/error.hpp"
#include "objects/elements.hpp"
#include "objects/segmentation.hpp"
#include "objects/segmentation_reader.hpp"
#include "objects_reading.hpp"

namespace osler::objects {
namespace {

using phantom::Phantom;

constexpr double kCentroidToleranceMm = 1e-6;  // Decimal Strings hold 14 digits or more

DcmItem& sub_item(DcmItem& item, const DcmTagKey& tag, long index = 0) {
  DcmItem* found = nullptr;
  EXPECT_TRUE(item.findAndGetSequenceItem(tag, found, index).good());
  return *found;
}

struct Case {
  const char* name;
  Size3 size;
  Affine affine;
  std::vector<double> slice_at{};
};

class SegmentationRoundTrip : public testing::TestWithParam<Case> {};

TEST_P(SegmentationRoundTrip, CountsAndCentroidsComeBack) {
  const Case& c = GetParam();
  phantom::TemporaryFolder folder;
  const Phantom p = boxes(folder.path / "source", {c.size, c.affine, c.slice_at});
  const auto file = folder.path / "seg.dcm";
  write_segmentation(p.findings, p.labels, p.volume, file);
  const MeasuredSegmentation measured = measure_segmentation(file);
  ASSERT_EQ(measured.segments.size(), 4U);
  for (const Finding& finding : p.findings.findings) {
    if (finding.segments.size() != 1) continue;
    const MeasuredSegment& segment =
        measured.segments[static_cast<std::size_t>(finding.segments[0] - 1)];
    EXPECT_GT(finding.voxels, 0);
    EXPECT_EQ(segment.voxels, finding.voxels);
    EXPECT_NEAR(segment.volume_mm3, finding.volume_mm3, 1e-9 * finding.volume_mm3);
    EXPECT_LT(norm(segment.centroid_mm - finding.centroid_mm), kCentroidToleranceMm);
  }
  EXPECT_NO_THROW(verify_against_segmentation(p.findings, file));
}

INSTANTIATE_TEST_SUITE_P(
    Grids, SegmentationRoundTrip,
    testing::Values(Case{"EvenStraight", {16, 16, 6}, kStraight},
                    Case{"OddStraight", {7, 9, 5}, kStraight},
                    Case{"OddOblique", {7, 9, 5}, kOblique},
                    Case{"WideOblique", {511, 3, 4}, kOblique},
                    Case{"OddTilted", {15, 10, 8}, phantom::sheared(kOblique, 0.5)},
                    Case{"Uneven", {15, 10, 8}, kOblique, {0, 1, 2, 2.5, 3, 4.25, 5.5, 7}},
                    Case{"UnevenTilted",
                         {15, 10, 8},
                         phantom::sheared(kOblique, 0.5),
                         {0, 1, 2, 2.5, 3, 4.25, 5.5, 7}},
                    Case{"EvenTilted", {32, 24, 9}, phantom::sheared(kStraight, -0.9)}),
    [](const auto& info) { return info.param.name; });

TEST(Segmentation, CentroidOfOneVoxelIsWhereTheHeaderPutsIt) {
  phantom::TemporaryFolder folder;
  // Rows run to the feet, columns to the back, slices to the right and 0.5 mm to the head: by hand,
  // voxel (2, 3, 4) lies at (10 - 4 * 3, 20 + 2 * 1, 30 - 3 * 2 + 4 * 0.5).
  const Affine affine = Affine::from_columns({0, 1, 0}, {0, 0, -2}, {-3, 0, 0.5}, {10, 20, 30});
  const Phantom p = phantom::make(folder.path / "source", {5, 7, 6}, affine,
                                  [](int c, int r, int k) { return c == 2 && r == 3 && k == 4; });
  write_segmentation(p.findings, p.labels, p.volume, folder.path / "seg.dcm");
  const auto measured = measure_segmentation(folder.path / "seg.dcm");
  EXPECT_EQ(measured.segments[0].voxels, 1);
  EXPECT_NEAR(measured.segments[0].volume_mm3, 6.0, 1e-9);
  EXPECT_NEAR(measured.segments[0].centroid_mm[0], -2.0, 1e-9);
  EXPECT_NEAR(measured.segments[0].centroid_mm[1], 22.0, 1e-9);
  EXPECT_NEAR(measured.segments[0].centroid_mm[2], 26.0, 1e-9);
}

TEST(Segmentation, LeavesEmptyFramesOutButKeepsOne) {
  phantom::TemporaryFolder folder;
  const Phantom one = phantom::make(folder.path / "a", {6, 6, 5}, kStraight,
                                    [](int, int, int k) { return k == 1 || k == 3 ? 2 : 0; });
  write_segmentation(one.findings, one.labels, one.volume, folder.path / "a.dcm");
  DcmFileFormat format;
  EXPECT_EQ(text_of(load(format, folder.path / "a.dcm"), DCM_NumberOfFrames), "2");

  const Phantom none =
      phantom::make(folder.path / "b", {6, 6, 5}, kStraight, [](int, int, int) { return 0; });
  write_segmentation(none.findings, none.labels, none.volume, folder.path / "b.dcm");
  EXPECT_EQ(text_of(load(format, folder.path / "b.dcm"), DCM_NumberOfFrames), "1");
  EXPECT_EQ(measure_segmentation(folder.path / "b.dcm").segments[0].voxels, 0);
  EXPECT_NO_THROW(verify_against_segmentation(none.findings, folder.path / "b.dcm"));
}

TEST(Segmentation, NamesItsSourcesTwice) {
  phantom::TemporaryFolder folder;
  phantom::Header lossy;
  lossy.lossy = true;
  const Phantom p = boxes(folder.path / "source", {{9, 8, 8}, kOblique}, lossy);
  write_segmentation(p.findings, p.labels, p.volume, folder.path / "seg.dcm");
  DcmFileFormat format;
  DcmItem& object = load(format, folder.path / "seg.dcm");
  DcmItem& series = sub_item(object, DCM_ReferencedSeriesSequence);
  EXPECT_EQ(text_of(series, DCM_SeriesInstanceUID), p.volume.series_uid);
  EXPECT_EQ(items_of(series, DCM_ReferencedInstanceSequence).size(), 8U);

  DcmItem& frame = sub_item(object, DCM_PerFrameFunctionalGroupsSequence, 0);
  DcmItem& image = sub_item(sub_item(frame, DCM_DerivationImageSequence), DCM_SourceImageSequence);
  // The first frame with a label is slice 2 of 8.
  EXPECT_EQ(text_of(image, DCM_ReferencedSOPInstanceUID), phantom::uid_of(1002));
  EXPECT_EQ(text_of(sub_item(frame, DCM_FrameContentSequence), DCM_DimensionIndexValues), "1\\1");
  EXPECT_EQ(text_of(object, DCM_LossyImageCompression), "01");
  EXPECT_EQ(text_of(object, DCM_LossyImageCompressionMethod), "ISO_10918_1");
  EXPECT_EQ(text_of(object, DcmTagKey(0x0062, 0x0013)), "NO");
  EXPECT_EQ(text_of(object, DCM_FrameOfReferenceUID), p.volume.frame_of_reference_uid);
  EXPECT_EQ(items_of(object, DCM_SegmentSequence).size(), 4U);
}

TEST(Segmentation, CopiesThePatientByteForByte) {
  phantom::TemporaryFolder folder;
  phantom::Header header;
  header.patient_name = "M\xFCller^J\xF6rg";  // Latin-1
  header.character_set = "ISO_IR 100";
  header.timezone = "+0900";
  header.patient_age = "053Y";
  const Phantom p = phantom::make(
      folder.path / "source", {6, 6, 4}, kStraight, [](int, int, int) { return 1; }, header);
  write_segmentation(p.findings, p.labels, p.volume, folder.path / "seg.dcm");
  DcmFileFormat format;
  DcmItem& object = load(format, folder.path / "seg.dcm");
  EXPECT_EQ(text_of(object, DCM_PatientName), header.patient_name);
  EXPECT_EQ(text_of(object, DCM_SpecificCharacterSet), "ISO_IR 100");
  EXPECT_EQ(text_of(object, DCM_TimezoneOffsetFromUTC), "+0900");
  EXPECT_EQ(text_of(object, DCM_PatientAge), "053Y");
  EXPECT_EQ(text_of(object, DCM_PatientID), "P-0042");
  EXPECT_EQ(text_of(object, DCM_StudyInstanceUID), p.volume.study_uid);
  EXPECT_NE(text_of(object, DCM_SeriesInstanceUID), p.volume.series_uid);
}

TEST(Segmentation, LeavesOptionalAttributesOutThatAreNotValid) {
  phantom::TemporaryFolder folder;
  phantom::Header header;
  header.patient_age = "42";  // as a converter in use writes it; an Age String ends in D, W, M or Y
  const Phantom p = phantom::make(
      folder.path / "source", {6, 6, 4}, kStraight, [](int, int, int) { return 1; }, header);
  write_segmentation(p.findings, p.labels, p.volume, folder.path / "seg.dcm");
  DcmFileFormat format;
  EXPECT_FALSE(load(format, folder.path / "seg.dcm").tagExists(DCM_PatientAge));
}

TEST(Segmentation, SameInputGivesTheSameUidsAndAnotherModelOthers) {
  phantom::TemporaryFolder folder;
  Phantom p =
      phantom::make(folder.path / "source", {6, 6, 4}, kStraight, [](int, int, int) { return 1; });
  const auto first = write_segmentation(p.findings, p.labels, p.volume, folder.path / "1.dcm");
  const auto second = write_segmentation(p.findings, p.labels, p.volume, folder.path / "2.dcm");
  EXPECT_EQ(first.sop_instance_uid, second.sop_instance_uid);
  EXPECT_EQ(first.series_uid, second.series_uid);
  EXPECT_NE(first.sop_instance_uid, first.series_uid);
  p.findings.model.digest = std::string(64, 'd');
  const auto third = write_segmentation(p.findings, p.labels, p.volume, folder.path / "3.dcm");
  EXPECT_NE(first.sop_instance_uid, third.sop_instance_uid);
  EXPECT_NE(first.series_uid, third.series_uid);
}

TEST(Segmentation, SaysWhenFindingsDisagreeWithTheFile) {
  phantom::TemporaryFolder folder;
  const Size3 size{12, 10, 8};
  const Phantom p = phantom::make(folder.path / "source", size, kOblique, [&](int x, int y, int z) {
    return phantom::two_boxes(size, x, y, z);
  });
  const auto file = folder.path / "seg.dcm";
  write_segmentation(p.findings, p.labels, p.volume, file);
  const auto code_of = [&](const std::function<void(Finding&)>& change) {
    Findings wrong = p.findings;
    change(wrong.findings[0]);
    try {
      verify_against_segmentation(wrong, file);
    } catch (const Error& error) {
      return std::string(to_string(error.code()));
    }
    return std::string("accepted");
  };
  const std::string internal(to_string(ErrorCode::internal));
  EXPECT_EQ(code_of([](Finding&) {}), "accepted");
  EXPECT_EQ(code_of([](Finding& f) { ++f.voxels; }), internal);
  EXPECT_EQ(code_of([](Finding& f) { f.volume_mm3 *= 1.05; }), internal);
  EXPECT_EQ(code_of([](Finding& f) { f.centroid_mm[2] += 0.36; }), internal);  // voxel: 0.7 mm
  EXPECT_EQ(code_of([](Finding& f) { f.segments = {9}; }), internal);
}

TEST(Segmentation, ASegmentWithoutANameHasItsNumber) {
  phantom::TemporaryFolder folder;
  Phantom p = phantom::make(folder.path / "source", {6, 6, 5}, kStraight,
                            [](int, int, int k) { return k == 1 ? 2 : 0; });
  p.findings.segments[0].label = "";
  p.findings.segments[1].label = " \n ";
  p.findings.segments[2].label = std::string(80, 'x') + "<script>";
  write_segmentation(p.findings, p.labels, p.volume, folder.path / "seg.dcm");
  DcmFileFormat format;
  DcmItem& object = load(format, folder.path / "seg.dcm");
  EXPECT_EQ(text_of(sub_item(object, DCM_SegmentSequence, 0), DCM_SegmentLabel), "segment 1");
  EXPECT_EQ(text_of(sub_item(object, DCM_SegmentSequence, 1), DCM_SegmentLabel), "segment 2");
  EXPECT_EQ(text_of(sub_item(object, DCM_SegmentSequence, 2), DCM_SegmentLabel),
            std::string(64, 'x'));
}

TEST(Segmentation, RefusesLabelsWithoutASegment) {
  phantom::TemporaryFolder folder;
  Phantom p =
      phantom::make(folder.path / "source", {4, 4, 3}, kStraight, [](int, int, int) { return 4; });
  p.labels.labels[5] = 5;
  EXPECT_THROW(write_segmentation(p.findings, p.labels, p.volume, folder.path / "seg.dcm"), Error);
}

TEST(Segmentation, PixelDataAreBytesThatFollowEachOtherWithoutPadding) {
  phantom::TemporaryFolder folder;
  // 3 x 3 x 2, label 1: a cross, then the corners; label 2: the corners, then the centre.
  const Phantom p =
      phantom::make(folder.path / "source", {3, 3, 2}, kStraight, [](int c, int r, int k) {
        const bool corner = c != 1 && r != 1, centre = c == 1 && r == 1;
        return k == 0 ? (corner ? 2 : 1) : corner ? 1 : centre ? 2 : 0;
      });
  write_segmentation(p.findings, p.labels, p.volume, folder.path / "seg.dcm");
  DcmFileFormat format;
  DcmItem& object = load(format, folder.path / "seg.dcm");
  DcmElement* element = nullptr;
  ASSERT_TRUE(object.findAndGetElement(DCM_PixelData, element).good());
  EXPECT_EQ(element->getTag().getEVR(), EVR_OB);
  const Uint8* bytes = nullptr;
  unsigned long count = 0;
  ASSERT_TRUE(object.findAndGetUint8Array(DCM_PixelData, bytes, &count).good());
  // As worked out in kernels_bit_planes_test.cpp.
  EXPECT_EQ(std::vector<std::uint8_t>(bytes, bytes + count),
            (std::vector<std::uint8_t>{0xba, 0x8a, 0x16, 0x85, 0x00, 0x00}));
}

TEST(Elements, CielabOfWhiteBlackAndRed) {
  const auto white = cielab_of({255, 255, 255});
  EXPECT_NEAR(white[0], 65535, 2);
  EXPECT_NEAR(white[1], 128 * 65535 / 255, 40);
  EXPECT_NEAR(white[2], 128 * 65535 / 255, 40);
  EXPECT_EQ(cielab_of({0, 0, 0})[0], 0);
  // sRGB red under D50: L* 54.29, a* 80.81, b* 69.89.
  const auto red = cielab_of({255, 0, 0});
  EXPECT_NEAR(red[0] * 100.0 / 65535, 54.29, 0.05);
  EXPECT_NEAR(red[1] * 255.0 / 65535 - 128, 80.81, 0.1);
  EXPECT_NEAR(red[2] * 255.0 / 65535 - 128, 69.89, 0.1);
}

}  // namespace
}  // namespace osler::objects
