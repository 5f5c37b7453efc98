#include <gtest/gtest.h>

#include <chrono>
#include <cmath>

#include "reading/content_tree.hpp"
#include "reading/document.hpp"
#include "reading/measurement_report.hpp"
#include "reading/result.hpp"
#include "reading/segmentation_summary.hpp"
#include "reading_objects.hpp"
#include "temporary_folder.hpp"
#include "throws.hpp"

namespace osler::reading {
namespace {

using namespace osler::testing;  // NOLINT

const Code kName{"121071", "DCM", "Finding"};

bool has_problem(const ContentTree& tree, const std::string& where, const std::string& word) {
  for (const Problem& p : tree.problems) {
    if (p.where == where && p.what.find(word) != std::string::npos) return true;
  }
  return false;
}

TEST(ContentTree, ReadsEveryValueType) {
  DcmDataset object;
  make_report(object);
  set(content(object, "CONTAINS", "DATE", kName), DCM_Date, "20200229");
  set(content(object, "CONTAINS", "TIME", kName), DCM_Time, "101112.5");
  set(content(object, "CONTAINS", "DATETIME", kName), DCM_DateTime, "20200229101112+0100");
  set(content(object, "CONTAINS", "PNAME", kName), DCM_PersonName, "Osler^William");
  set(content(object, "CONTAINS", "UIDREF", kName), DCM_UID, "1.2.840.1");
  text(object, "CONTAINS", kName, "some words");
  code(object, "CONTAINS", kName, {"urn:oid:1.2.3.4.5.6.7.8", "X", "long"});
  number(object, "CONTAINS", kName, "-1.25e1", kMm);
  DcmItem& image = content(object, "CONTAINS", "IMAGE", kName);
  DcmItem& sop = added(image, DCM_ReferencedSOPSequence);
  set(sop, DCM_ReferencedSOPClassUID, "1.2.3");
  set(sop, DCM_ReferencedSOPInstanceUID, "4.5.6");
  set(sop, DCM_ReferencedFrameNumber, "2\\7");
  const Uint16 segments[] = {3, 1};
  sop.putAndInsertUint16Array(DCM_ReferencedSegmentNumber, segments, 2);
  DcmItem& region = content(object, "CONTAINS", "SCOORD3D", kName);
  const Float32 points[] = {1.5F, -2, 3, 4, 5, 6};
  region.putAndInsertFloat32Array(DCM_GraphicData, points, 6);
  set(region, DCM_GraphicType, "POLYLINE");
  set(region, DCM_ReferencedFrameOfReferenceUID, "9.9");
  DcmItem& times = content(object, "CONTAINS", "TCOORD", kName);
  set(times, DCM_TemporalRangeType, "SEGMENT");
  set(times, DCM_ReferencedTimeOffsets, "0.5\\2");
  DcmItem& waveform = content(object, "CONTAINS", "WAVEFORM", kName);
  DcmItem& channels = added(waveform, DCM_ReferencedSOPSequence);
  set(channels, DCM_ReferencedSOPInstanceUID, "7.8");
  const Uint16 pairs[] = {1, 2, 1, 3};
  channels.putAndInsertUint16Array(DCM_ReferencedWaveformChannels, pairs, 4);
  by_reference(object, "INFERRED FROM", {1, 8});

  const ContentTree tree = read_content(object);
  EXPECT_TRUE(tree.problems.empty());
  EXPECT_EQ(tree.items, 14U);
  const auto& c = tree.root.children;
  EXPECT_EQ(c[0].text, "20200229");
  EXPECT_EQ(c[1].text, "101112.5");
  EXPECT_EQ(c[2].text, "20200229101112+0100");
  EXPECT_EQ(c[3].text, "Osler^William");
  EXPECT_EQ(c[4].text, "1.2.840.1");
  EXPECT_EQ(c[5].text, "some words");
  EXPECT_EQ(c[6].code->value, "urn:oid:1.2.3.4.5.6.7.8");
  EXPECT_EQ(c[7].number, -12.5);
  EXPECT_EQ(c[7].text, "-1.25e1");
  EXPECT_EQ(*c[7].unit, kMm);
  EXPECT_EQ(c[8].references.at(0).frames, (std::vector<long>{2, 7}));
  EXPECT_EQ(c[8].references.at(0).segments, (std::vector<long>{3, 1}));
  EXPECT_EQ(c[9].graphic->data, (std::vector<double>{1.5, -2, 3, 4, 5, 6}));
  EXPECT_EQ(c[9].graphic->frame_of_reference_uid, "9.9");
  EXPECT_EQ(c[10].graphic->time_offsets_s, (std::vector<double>{0.5, 2}));
  EXPECT_EQ(c[11].references.at(0).channels.size(), 2U);
  EXPECT_EQ(c[12].refers_to, "1.8");
  EXPECT_EQ(content_at(tree.root, c[12].refers_to), &c[7]);
}

TEST(ContentTree, WhatCannotBeUnderstoodIsListedAndStays) {
  DcmDataset object;
  make_report(object);
  number(object, "CONTAINS", kName, "many", kMm);
  content(object, "CONTAINS", "NUM", kName);
  content(object, "CONTAINS", "POEM", kName);
  set(added(object, DCM_ContentSequence), DCM_ValueType, "TEXT");
  content(object, "CONTAINS", "IMAGE", kName);
  by_reference(object, "INFERRED FROM", {1, 99});
  set(content(object, "CONTAINS", "TEXT", kName), DCM_TextValue, "caf\xE9");
  DcmItem& region = content(object, "CONTAINS", "SCOORD", kName);
  const Float32 odd[] = {1, 2, 3};
  region.putAndInsertFloat32Array(DCM_GraphicData, odd, 3);

  const ContentTree tree = read_content(object);
  ASSERT_EQ(tree.root.children.size(), 8U);
  EXPECT_TRUE(has_problem(tree, "1.1", "no number"));
  EXPECT_TRUE(has_problem(tree, "1.2", "no value"));
  EXPECT_TRUE(has_problem(tree, "1.3", "value type"));
  EXPECT_TRUE(has_problem(tree, "1.4", "relationship"));
  EXPECT_TRUE(has_problem(tree, "1.4", "concept name"));
  EXPECT_TRUE(has_problem(tree, "1.5", "refers to nothing"));
  EXPECT_TRUE(has_problem(tree, "1.6", "not there"));
  EXPECT_TRUE(has_problem(tree, "1.7", "character set"));
  EXPECT_TRUE(has_problem(tree, "1.8", "coordinate"));
  EXPECT_EQ(tree.root.children[0].text, "many");
  EXPECT_FALSE(tree.root.children[0].number);
}

TEST(ContentTree, AttributesOfAnotherKindAreMissingNotMisread) {
  DcmDataset object;
  make_report(object);
  DcmItem& item = added(object, DCM_ContentSequence);
  set(item, DCM_RelationshipType, "CONTAINS");
  set(item, DCM_ValueType, "NUM");
  // A text where a sequence belongs, and words where a text belongs.
  item.insert(new DcmLongString(DcmTag(DCM_MeasuredValueSequence, EVR_LO)), OFTrue);
  item.insert(new DcmUnsignedShort(DcmTag(DCM_ConceptNameCodeSequence, EVR_US)), OFTrue);
  const ContentTree tree = read_content(object);
  EXPECT_TRUE(has_problem(tree, "1.1", "concept name"));
  EXPECT_TRUE(has_problem(tree, "1.1", "no value"));
}

TEST(ContentTree, TextsAreReadInTheSetThatHoldsForThem) {
  DcmDataset object;
  make_report(object);
  set(object, DCM_SpecificCharacterSet, "ISO_IR 100");
  text(object, "CONTAINS", kName, "\xC4");
  DcmItem& greek = text(object, "CONTAINS", kName, "\xC4");
  set(greek, DCM_SpecificCharacterSet, "ISO_IR 126");
  text(object, "CONTAINS", kName, "\x93");
  // What a program that did not know the attribute made of it.
  DcmItem& name = content(object, "CONTAINS", "PNAME", kName);
  auto* unknown = new DcmOtherByteOtherWord(DcmTag(DCM_PersonName, EVR_UN));
  unknown->putUint8Array(reinterpret_cast<const Uint8*>("J\xF6rg"), 4);
  name.insert(unknown);

  const ContentTree tree = read_content(object);
  const auto& children = tree.root.children;
  const std::size_t first = children.size() - 4;
  EXPECT_EQ(children[first].text, "Ä");
  EXPECT_EQ(children[first + 1].text, "Δ");
  EXPECT_EQ(children[first + 2].text, "\xEF\xBF\xBD");
  EXPECT_EQ(children[first + 3].text, "Jörg");
  EXPECT_TRUE(has_problem(tree, children[first + 2].path, "no characters"));
  EXPECT_FALSE(has_problem(tree, children[first + 1].path, "character"));
}

TEST(ContentTree, WideContentIsCutOffAndThatIsSaid) {
  DcmDataset object;
  make_report(object);
  for (std::size_t i = 0; i < kMaxContentItems + 5; ++i) {
    set(added(object, DCM_ContentSequence), DCM_ValueType, "CONTAINER");
  }
  const ContentTree tree = read_content(object);
  EXPECT_EQ(tree.items, kMaxContentItems);
  EXPECT_TRUE(tree.is_cut_off);
  EXPECT_TRUE(has_problem(tree, "1", "left out"));
}

TEST(Document, StateObserversAndPredecessorsAreRead) {
  DcmDataset object;
  make_report(object);
  set(object, DCM_VerificationFlag, "VERIFIED");
  DcmItem& observer = added(object, DCM_VerifyingObserverSequence);
  set(observer, DCM_VerifyingObserverName, "Osler^William");
  set(observer, DCM_VerifyingOrganization, "Hospital");
  set(observer, DCM_VerificationDateTime, "20200101120000");
  DcmItem& study = added(object, DCM_PredecessorDocumentsSequence);
  DcmItem& series = added(study, DCM_ReferencedSeriesSequence);
  set(added(series, DCM_ReferencedSOPSequence), DCM_ReferencedSOPInstanceUID, "5.5");
  std::vector<Problem> problems;
  const DocumentState state = read_document_state(object, problems);
  EXPECT_EQ(state.verification, "VERIFIED");
  EXPECT_EQ(state.completion, "PARTIAL");
  EXPECT_EQ(state.verifying_observers.at(0).name, "Osler^William");
  EXPECT_EQ(state.predecessors.at(0).object.sop_instance_uid, "5.5");
  EXPECT_TRUE(problems.empty());
}

TEST(MeasurementReport, OldAndNewCodesMeanTheSame) {
  for (const std::string spelling : {"SCT", "SRT"}) {
    DcmDataset object;
    make_report(object);
    code(object, "HAS OBS CONTEXT", {"121005", "DCM", "Observer Type"},
         {"121007", "DCM", "Device"});
    text(object, "HAS OBS CONTEXT", {"121013", "DCM", "Device Observer Name"}, "machine");
    add_group(add_measurements(object), "Nodule 1", "1.9.1", "12.5", spelling);
    const MeasurementReport report = read_measurement_report(read_content(object));
    ASSERT_EQ(report.groups.size(), 1U) << spelling;
    const MeasurementGroup& group = report.groups[0];
    EXPECT_EQ(group.label, "Nodule 1");
    EXPECT_EQ(group.tracking_uid, "1.9.1");
    EXPECT_EQ(group.finding->meaning, "Nodule");
    ASSERT_EQ(group.sites.size(), 1U);
    EXPECT_EQ(group.sites[0].code.meaning, "Lung");
    EXPECT_EQ(group.sites[0].laterality->meaning, "Left");
    ASSERT_EQ(group.measurements.size(), 1U);
    EXPECT_EQ(group.measurements[0].value, 12.5);
    EXPECT_EQ(group.measurements[0].unit->value, "mm");
    ASSERT_EQ(report.observers.size(), 1U);
    EXPECT_FALSE(report.observers[0].is_person);
    EXPECT_EQ(report.observers[0].name, "machine");
  }
}

// As a mammography CAD report has it: the finding is a code, what it is worth hangs below.
TEST(MeasurementReport, FindingsOfCadAreGroupsToo) {
  DcmDataset object;
  make_report(object);
  DcmItem& finding = code(object, "CONTAINS", {"111059", "DCM", "Single Image Finding"},
                          {"F-01796", "SRT", "Mammography breast density"});
  number(finding, "HAS PROPERTIES", {"111012", "DCM", "Certainty of Finding"}, "86",
         {"%", "UCUM", "percent"});
  DcmItem& center = content(finding, "HAS PROPERTIES", "SCOORD", {"111010", "DCM", "Center"});
  const Float32 point[] = {10, 20};
  center.putAndInsertFloat32Array(DCM_GraphicData, point, 2);
  set(center, DCM_GraphicType, "POINT");
  const MeasurementReport report = read_measurement_report(read_content(object));
  ASSERT_EQ(report.groups.size(), 1U);
  EXPECT_EQ(report.groups[0].label, "Mammography breast density");
  EXPECT_EQ(report.groups[0].measurements.at(0).value, 86);
  EXPECT_EQ(report.groups[0].references.at(0).graphic->data, (std::vector<double>{10, 20}));
}

TEST(MeasurementReport, ReferencesInCirclesEnd) {
  DcmDataset object;
  make_report(object);
  DcmItem& measurements = add_measurements(object);
  DcmItem& group = add_group(measurements, "a", "1.1", "1");
  by_reference(group, "INFERRED FROM", {1, 1, 1});  // the group itself
  DcmItem& measured = number(group, "CONTAINS", kName, "2", kMm);
  by_reference(measured, "INFERRED FROM", {1, 1, 1, 6});  // the number itself
  const MeasurementReport report = read_measurement_report(read_content(object));
  ASSERT_EQ(report.groups.size(), 1U);
  EXPECT_EQ(report.groups[0].measurements.size(), 2U);
}

// Found by hand beside the fuzzer: each of 24000 numbers refers to the whole report; 50 findings
// below each other all have the 20000 images of the last.
TEST(MeasurementReport, WhatIsReferredToOftenIsNotReadOftenAndThatIsSaid) {
  ContentTree tree;
  tree.root.path = "1";
  for (int i = 0; i < 24000; ++i) {
    ContentItem& number = tree.root.children.emplace_back();
    number.value_type = "NUM";
    number.relationship = "CONTAINS";
    for (int j = 0; j < 3; ++j) number.children.emplace_back().refers_to = "1";
  }
  const MeasurementReport often = read_measurement_report(tree);
  ASSERT_EQ(often.groups.size(), 1U);
  EXPECT_EQ(often.groups[0].measurements.size(), 24000U);
  EXPECT_TRUE(often.is_cut_off);

  ContentTree deep;
  deep.root.path = "1";
  ContentItem* item = &deep.root;
  for (int depth = 0; depth < 50; ++depth) {
    item->children.resize(2);
    item->children[0].value_type = "SCOORD";
    item->children[0].relationship = "CONTAINS";
    item = &item->children[1];
    item->value_type = "IMAGE";
  }
  item->references.resize(20000);
  const MeasurementReport below = read_measurement_report(deep);
  std::size_t repeated = 0;
  for (const MeasurementGroup& group : below.groups) {
    for (const Reference& reference : group.references) repeated += reference.objects.size();
  }
  EXPECT_EQ(below.groups.size(), 50U);
  EXPECT_LE(repeated, 4 * kMaxContentItems + 20000);
  EXPECT_TRUE(below.is_cut_off);
}

TEST(MeasurementReport, OrdinaryReportsAreNotCutOff) {
  DcmDataset object;
  make_report(object);
  add_group(add_measurements(object), "a", "1.1", "1");
  EXPECT_FALSE(read_measurement_report(read_content(object)).is_cut_off);
}

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
