// Documents that refer to other objects: key objects, and the report as their root.

#include <gtest/gtest.h>

#include <map>

#include "enhanced_phantom.hpp"
#include "objects/key_objects.hpp"
#include "objects/parametric_map.hpp"
#include "objects/structured_report.hpp"
#include "objects_reading.hpp"
#include "throws.hpp"

namespace osler::objects {
namespace {

using osler::testing::expect_error;
using phantom::Phantom;

std::vector<DcmItem*> contents(DcmItem& item, const char* value_type) {
  std::vector<DcmItem*> found;
  for (DcmItem* child : items_of(item, DCM_ContentSequence)) {
    if (text_of(*child, DCM_ValueType) == value_type) found.push_back(child);
  }
  return found;
}

std::string instance_of(DcmItem& content) {
  return text_of(only(content, DCM_ReferencedSOPSequence), DCM_ReferencedSOPInstanceUID);
}

/// Instances of Current Requested Procedure Evidence, series by series.
std::vector<std::vector<std::string>> evidence_of(DcmItem& document) {
  std::vector<std::vector<std::string>> evidence;
  DcmItem& study = only(document, DCM_CurrentRequestedProcedureEvidenceSequence);
  for (DcmItem* series : items_of(study, DCM_ReferencedSeriesSequence)) {
    evidence.emplace_back();
    for (DcmItem* instance : items_of(*series, DCM_ReferencedSOPSequence)) {
      evidence.back().push_back(text_of(*instance, DCM_ReferencedSOPInstanceUID));
    }
  }
  return evidence;
}

const std::vector<ObjectIds> kResults = {{"1.2.840.10008.5.1.4.1.1.66.4", "1.2.3.1", "1.2.3.1.9"},
                                         {"1.2.840.10008.5.1.4.1.1.7", "1.2.3.2", "1.2.3.2.9"},
                                         {"1.2.840.10008.5.1.4.1.1.7", "1.2.3.3", "1.2.3.2.9"},
                                         {"1.2.840.10008.5.1.4.1.1.11.1", "1.2.3.4", "1.2.3.4.9"}};

TEST(KeyObjects, AreTheSlicesWithTheLargestAreas) {
  phantom::TemporaryFolder folder;
  const Phantom p = with_areas(folder.path / "source", {0, 3, 5, 5, 2});
  write_key_objects(p.findings, p.labels, p.findings.findings, kResults, folder.path / "ko.dcm");
  DcmFileFormat format;
  DcmItem& object = load(format, folder.path / "ko.dcm");
  EXPECT_EQ(name_of(object), "113000");
  const auto images = contents(object, "IMAGE");
  ASSERT_EQ(images.size(), 4U) << "one slice for the whole and its part, a SEG and two pictures";
  EXPECT_EQ(instance_of(*images[0]), phantom::uid_of(1002)) << "the first of the two largest";
  EXPECT_EQ(instance_of(*images[1]), "1.2.3.1");
  const auto others = contents(object, "COMPOSITE");
  ASSERT_EQ(others.size(), 1U);
  EXPECT_EQ(instance_of(*others[0]), "1.2.3.4");
  const std::vector<std::vector<std::string>> expected = {
      {phantom::uid_of(1002)}, {"1.2.3.1"}, {"1.2.3.2", "1.2.3.3"}, {"1.2.3.4"}};
  EXPECT_EQ(evidence_of(object), expected);
  DcmItem& text = *contents(object, "TEXT").back();
  EXPECT_EQ(text_of(text, DCM_TextValue),
            "AI, unverified: slices with the largest area of 2 of 2 findings: Left hippocampus; "
            "Left hippocampus, anterior part.");
}

TEST(KeyObjects, AreNoMoreThanTwentyImages) {
  phantom::TemporaryFolder folder;
  const Phantom p = phantom::make(folder.path / "source", Grid{{8, 8, 25}, kStraight},
                                  [](int, int, int k) { return k + 1; });
  std::vector<Finding> chosen;
  for (int k = 0; k < 25; ++k) {
    chosen.push_back({"Finding " + std::to_string(k + 1), phantom::kHippocampus, {}, {}, {k + 1}});
  }
  write_key_objects(p.findings, p.labels, chosen, {}, folder.path / "ko.dcm");
  DcmFileFormat format;
  DcmItem& object = load(format, folder.path / "ko.dcm");
  EXPECT_EQ(contents(object, "IMAGE").size(), 20U);
  const std::string text = text_of(*contents(object, "TEXT").back(), DCM_TextValue);
  EXPECT_NE(text.find("20 of 25 findings"), std::string::npos) << text;
}

TEST(KeyObjects, NameTheFramesOfAnEnhancedSource) {
  phantom::TemporaryFolder folder;
  Phantom p = with_areas(folder.path / "source", {0, 3, 5, 5, 2});
  make_enhanced(p);
  write_key_objects(p.findings, p.labels, p.findings.findings, {}, folder.path / "ko.dcm");
  DcmFileFormat format;
  DcmItem& object = load(format, folder.path / "ko.dcm");
  const auto images = contents(object, "IMAGE");
  ASSERT_EQ(images.size(), 1U);
  EXPECT_EQ(text_of(only(*images[0], DCM_ReferencedSOPSequence), DCM_ReferencedFrameNumber), "3");
}

TEST(KeyObjects, RefuseToSelectNothing) {
  phantom::TemporaryFolder folder;
  const Phantom p = with_areas(folder.path / "source", {0, 0});
  expect_error(ErrorCode::bad_argument, "nothing", [&] {
    write_key_objects(p.findings, p.labels, p.findings.findings, {}, folder.path / "ko.dcm");
  });
}

TEST(StructuredReport, LeadsToAllOtherResults) {
  phantom::TemporaryFolder folder;
  const Phantom p = boxes(folder.path / "source", {{15, 10, 8}, kStraight});
  std::vector<ObjectIds> others(kResults.begin() + 1, kResults.end());
  others.push_back({kParametricMapStorage, "1.2.3.5", "1.2.3.5.9"});
  write_structured_report(p.findings, p.volume, kResults[0], folder.path / "sr.dcm",
                          SrForm::comprehensive_3d, others);
  DcmFileFormat format;
  DcmItem& object = load(format, folder.path / "sr.dcm");
  const auto evidence = evidence_of(object);
  ASSERT_EQ(evidence.size(), 5U) << "source, SEG, two pictures, presentation state, map";
  EXPECT_EQ(evidence[2], (std::vector<std::string>{"1.2.3.2", "1.2.3.3"}));
  std::map<std::string, std::string> references;  // instance: value type and purpose
  for (DcmItem* container : contents(object, "CONTAINER")) {
    if (name_of(*container) != "126010") continue;
    for (DcmItem* group : contents(*container, "CONTAINER")) {
      for (const char* type : {"IMAGE", "COMPOSITE"}) {
        for (DcmItem* item : contents(*group, type)) {
          references[instance_of(*item)] = std::string(type) + " " + name_of(*item);
        }
      }
    }
  }
  EXPECT_EQ(references["1.2.3.1"], "IMAGE 121191");
  EXPECT_EQ(references["1.2.3.2"], "IMAGE 121200");
  EXPECT_EQ(references["1.2.3.3"], "IMAGE 121200");
  EXPECT_EQ(references["1.2.3.4"], "COMPOSITE RESULT");
  EXPECT_EQ(references["1.2.3.5"], "IMAGE 130401");
}

}  // namespace
}  // namespace osler::objects
