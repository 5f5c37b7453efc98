#include <gtest/gtest.h>

#include <chrono>
#include <cmath>

#include "reading/content_tree.hpp"
#include "reading/result.hpp"
#include "reading/segmentation_summary.hpp"
#include "reading_objects.hpp"
#include "temporary_folder.hpp"
#include "throws.hpp"

namespace osler::reading {
namespace {

using namespace osler::testing;  // NOLINT

/// Explicit little endian: a Content Sequence in a Content Sequence, as deep as asked for.
std::string nested(int depth, bool defined_length) {
  std::string inside;
  for (int i = 0; i < depth; ++i) {
    const auto with_length = [&](const std::string& head, const std::string& value) {
      std::string out = head;
      const auto size = static_cast<std::uint32_t>(value.size());
      for (int b = 0; b < 4; ++b) {
        out += static_cast<char>(defined_length ? size >> (8 * b) & 0xFF : 0xFF);
      }
      return out + value;
    };
    const std::string item = with_length(std::string("\xFE\xFF\x00\xE0", 4), inside) +
                             (defined_length ? "" : std::string("\xFE\xFF\x0D\xE0\0\0\0\0", 8));
    inside = with_length(std::string("\x40\x00\x30\xA7SQ\0\0", 8), item) +
             (defined_length ? "" : std::string("\xFE\xFF\xDD\xE0\0\0\0\0", 8));
  }
  return inside;
}

std::string report_bytes(const std::filesystem::path& folder) {
  DcmFileFormat format;
  make_report(*format.getDataset());
  add_group(add_measurements(*format.getDataset()), "a", "1.1", "1");
  write_object(format, folder / "report.dcm");
  return read_text(folder / "report.dcm");
}

TEST(Object, DeepNestingIsRefusedBeforeAnyoneRecurses) {
  TemporaryFolder folder;
  DcmFileFormat format;
  make_report(*format.getDataset());
  write_object(format, folder.path() / "report.dcm");
  const std::string head = read_text(folder.path() / "report.dcm");
  for (const bool defined : {true, false}) {
    // Each level makes the strings longer: what is deep in defined lengths is quadratic to write.
    write_text(folder.path() / "deep.dcm", head + nested(defined ? 2000 : 20000, defined));
    expect_error(ErrorCode::bad_input, "nested", [&] { read_result(folder.path() / "deep.dcm"); });
  }
  write_text(folder.path() / "flat.dcm", head + nested(3, true));
  EXPECT_NO_THROW(read_result(folder.path() / "flat.dcm"));
}

TEST(Object, TruncatedFilesAreTypedErrorsOrRead) {
  TemporaryFolder folder;
  const std::string whole = report_bytes(folder.path());
  for (std::size_t size = 0; size < whole.size(); size += 7) {
    write_text(folder.path() / "cut.dcm", whole.substr(0, size));
    try {
      read_result(folder.path() / "cut.dcm");
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::bad_input) << error.what();
    }
  }
}

TEST(Object, HeadersOverTheLimitAreRefused) {
  TemporaryFolder folder;
  report_bytes(folder.path());
  dicom::Limits limits;
  limits.max_header_bytes = 600;
  expect_error(ErrorCode::bad_input, "header",
               [&] { read_result(folder.path() / "report.dcm", limits); });
  write_text(folder.path() / "no.dcm", "these are words and no DICOM");
  expect_error(ErrorCode::bad_input, "not a DICOM file",
               [&] { read_result(folder.path() / "no.dcm"); });
}

TEST(Json, ThePatientIsWithheldUnlessAskedFor) {
  TemporaryFolder folder;
  DcmFileFormat format;
  DcmItem& object = *format.getDataset();
  make_report(object);
  set(object, DCM_PatientName, "Hidden^Person");
  set(object, DCM_PatientID, "H-1");
  DcmItem& subject = content(object, "HAS OBS CONTEXT", "PNAME", {"121029", "DCM", "Subject Name"});
  set(subject, DCM_PersonName, "Hidden^Person");
  write_object(format, folder.path() / "a.dcm");
  const Result result = read_result(folder.path() / "a.dcm");
  EXPECT_EQ(to_json(result, false).dump().find("Hidden"), std::string::npos);
  EXPECT_EQ(to_json(result, false).dump().find("H-1"), std::string::npos);
  EXPECT_TRUE(to_json(result, false)["content"]["children"][0]["withheld"]);
  EXPECT_EQ(to_json(result, true)["object"]["patient"]["name"], "Hidden^Person");
  EXPECT_EQ(to_json(result, true)["content"]["children"][0]["value"], "Hidden^Person");
}

/// Two frames of 3 x 3, so that the second one begins in the middle of a byte.
TEST(SegmentationSummary, CountsBitsThatDoNotBeginOnBytes) {
  TemporaryFolder folder;
  DcmFileFormat format;
  DcmItem& object = *format.getDataset();
  set(object, DCM_SOPClassUID, UID_SegmentationStorage);
  set(object, DCM_SOPInstanceUID, "1.2.3.4.6");
  set(object, DCM_SegmentationType, "BINARY");
  set(object, DCM_NumberOfFrames, "2");
  for (const DcmTagKey& tag : {DCM_Rows, DCM_Columns}) object.putAndInsertUint16(tag, 3);
  for (const DcmTagKey& tag : {DCM_BitsAllocated, DCM_BitsStored, DCM_SamplesPerPixel}) {
    object.putAndInsertUint16(tag, 1);
  }
  DcmItem& segment = added(object, DCM_SegmentSequence);
  segment.putAndInsertUint16(DCM_SegmentNumber, 4);
  set(segment, DCM_SegmentLabel, "thing");
  // White in D50: L* 100, a* 0, b* 0.
  const Uint16 white[] = {65535, 32896, 32896};
  segment.putAndInsertUint16Array(DCM_RecommendedDisplayCIELabValue, white, 3);
  DcmItem& shared = added(object, DCM_SharedFunctionalGroupsSequence);
  DcmItem& measures = added(shared, DCM_PixelMeasuresSequence);
  set(measures, DCM_PixelSpacing, "2\\0.5");
  set(measures, DCM_SpacingBetweenSlices, "3");
  set(added(shared, DCM_PlaneOrientationSequence), DCM_ImageOrientationPatient, "1\\0\\0\\0\\1\\0");
  for (const char* z : {"10", "13"}) {
    DcmItem& frame = added(object, DCM_PerFrameFunctionalGroupsSequence);
    set(added(frame, DCM_PlanePositionSequence), DCM_ImagePositionPatient,
        std::string("0\\0\\") + z);
    added(frame, DCM_SegmentIdentificationSequence)
        .putAndInsertUint16(DCM_ReferencedSegmentNumber, 4);
  }
  // Frame 1: row 0 column 0; frame 2 (bits 9 to 17): row 0 column 0 and row 2 column 2.
  const Uint8 bits[] = {0x01, 0x02, 0x02, 0x00};
  object.putAndInsertUint8Array(DCM_PixelData, bits, 4);
  write_object(format, folder.path() / "seg.dcm");

  const Result result = read_result(folder.path() / "seg.dcm");
  EXPECT_TRUE(result.problems.empty());
  const SegmentSummary& s = result.segmentation->segments.at(0);
  EXPECT_EQ(s.frames, 2);
  EXPECT_EQ(s.voxels, 3);
  EXPECT_DOUBLE_EQ(s.volume_mm3.value(), 3 * 2 * 0.5 * 3);
  // Centres (0,0,10), (0,0,13), (1,4,13): columns are 0.5 mm apart, rows 2 mm.
  EXPECT_NEAR(s.centroid_mm.value()[0], 1.0 / 3, 1e-12);
  EXPECT_NEAR(s.centroid_mm.value()[1], 4.0 / 3, 1e-12);
  EXPECT_NEAR(s.centroid_mm.value()[2], 12, 1e-12);
  EXPECT_EQ(s.colour.value(), (std::array<std::uint8_t, 3>{255, 255, 255}));

  // 3 x 3 pixels, a byte each where they are decoded.
  dicom::Limits limits;
  limits.max_frame_bytes = 9;
  EXPECT_TRUE(read_result(folder.path() / "seg.dcm", limits).problems.empty());
  limits.max_frame_bytes = 8;
  const Result over = read_result(folder.path() / "seg.dcm", limits);
  ASSERT_EQ(over.problems.size(), 1U);
  EXPECT_EQ(over.problems[0].where, "Rows, Columns");
  EXPECT_FALSE(over.segmentation->segments.at(0).voxels);
  EXPECT_EQ(over.segmentation->segments.at(0).frames, 2);
}

// Found by hand beside the fuzzer: an orientation of millions of numbers was copied for each frame,
// which took minutes.
TEST(SegmentationSummary, WhatAllFramesShareIsNotCopiedWhateverItIs) {
  DcmDataset object;
  set(object, DCM_SegmentationType, "BINARY");
  set(object, DCM_NumberOfFrames, "60000");
  added(object, DCM_SegmentSequence).putAndInsertUint16(DCM_SegmentNumber, 1);
  std::string numbers = "1";
  for (int i = 1; i < 3'000'000; ++i) numbers += "\\1";
  DcmItem& shared = added(object, DCM_SharedFunctionalGroupsSequence);
  set(added(shared, DCM_PlaneOrientationSequence), DCM_ImageOrientationPatient, numbers);
  for (int i = 0; i < 60000; ++i) {
    added(added(object, DCM_PerFrameFunctionalGroupsSequence), DCM_SegmentIdentificationSequence)
        .putAndInsertUint16(DCM_ReferencedSegmentNumber, 1);
  }
  std::vector<Problem> problems;
  const auto begin = std::chrono::steady_clock::now();
  const SegmentationSummary summary =
      summarise_segmentation(object, UID_LittleEndianExplicitTransferSyntax, {}, problems);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10));
  EXPECT_EQ(summary.segments.at(0).frames, 60000);
  EXPECT_FALSE(summary.segments.at(0).centroid_mm);
}

}  // namespace
}  // namespace osler::reading
