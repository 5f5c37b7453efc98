#include <gtest/gtest.h>

#include "reading/content_tree.hpp"
#include "reading/document.hpp"
#include "reading_objects.hpp"

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

}  // namespace
}  // namespace osler::reading
