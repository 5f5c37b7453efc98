#include <gtest/gtest.h>

#include "reading/content_tree.hpp"
#include "reading/document.hpp"
#include "reading/measurement_report.hpp"
#include "reading_objects.hpp"

namespace osler::reading {
namespace {

using namespace osler::testing;  // NOLINT

const Code kName{"121071", "DCM", "Finding"};

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

}  // namespace
}  // namespace osler::reading
