// Parametric maps, key objects, presentation states, and the report that leads to them. What other
// readers make of them: tests/judges/check_result_objects.py, fed by the last test here.

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <limits>

#include "core/error.hpp"
#include "core/json.hpp"
#include "report/key_objects.hpp"
#include "report/parametric_map.hpp"
#include "report/presentation_state.hpp"
#include "report/secondary_capture.hpp"
#include "report/segmentation.hpp"
#include "report/structured_report.hpp"
#include "report_enhanced.hpp"
#include "throws.hpp"

namespace osler::report {
namespace {

using osler::testing::expect_error;
using phantom::Phantom;

const Affine kStraight = Affine::from_columns({1, 0, 0}, {0, 1.25, 0}, {0, 0, 2.5}, {-30, -40, 17});
const Affine kOblique = phantom::oblique({0.7, 0.9, 1.6}, {-12.25, 8.5, -71}, 23, -11);
const std::vector<double> kUneven{0, 1, 2, 2.5, 3, 4.25, 5.5, 7};

DcmDataset& load(DcmFileFormat& format, const std::filesystem::path& file) {
  EXPECT_TRUE(format.loadFile(file.c_str()).good());
  return *format.getDataset();
}

std::string text_of(DcmItem& item, const DcmTagKey& tag) {
  OFString value;
  item.findAndGetOFStringArray(tag, value);
  return std::string(value.c_str(), value.length());
}

std::vector<DcmItem*> items_of(DcmItem& item, const DcmTagKey& tag) {
  std::vector<DcmItem*> items;
  DcmSequenceOfItems* sequence = nullptr;
  if (item.findAndGetSequence(tag, sequence).bad()) return items;
  for (unsigned long i = 0; i < sequence->card(); ++i) items.push_back(sequence->getItem(i));
  return items;
}

DcmItem& only(DcmItem& item, const DcmTagKey& tag) {
  const auto items = items_of(item, tag);
  if (items.size() != 1) throw std::runtime_error("not one item");
  return *items.front();
}

std::vector<float> floats_of(DcmItem& item, const DcmTagKey& tag) {
  const Float32* values = nullptr;
  unsigned long count = 0;
  EXPECT_TRUE(item.findAndGetFloat32Array(tag, values, &count).good());
  return {values, values + count};
}

std::string name_of(DcmItem& item) {
  const auto names = items_of(item, DCM_ConceptNameCodeSequence);
  return names.empty() ? "" : text_of(*names.front(), DCM_CodeValue);
}

Phantom boxes(const std::filesystem::path& folder, const Grid& grid) {
  return phantom::make(folder, grid,
                       [&](int c, int r, int k) { return phantom::two_boxes(grid.size, c, r, k); });
}

/// Any bits that a number between 0 and 1 can have: each voxel another one.
std::vector<float> numbers_for(const Grid& grid) {
  std::vector<float> numbers(static_cast<std::size_t>(voxel_count(grid.size)));
  std::uint32_t state = 12345;
  for (float& v : numbers) {
    state = state * 1664525U + 1013904223U;
    v = static_cast<float>(state >> 8) / 16777216.0F;
  }
  numbers.front() = 0;
  numbers.back() = 1;
  return numbers;
}

MapSlices slices_of(const std::vector<float>& numbers, const Grid& grid) {
  const auto area = static_cast<std::size_t>(grid.size[0] * grid.size[1]);
  return [&numbers, area](std::int64_t k) {
    return std::span(numbers).subspan(static_cast<std::size_t>(k) * area, area);
  };
}

const ParametricMap kUncertainty{"uncertainty", "Uncertainty", quantities::kPredictiveEntropy};

TEST(ParametricMap, HoldsEachNumberOfEachSlice) {
  phantom::TemporaryFolder folder;
  const Phantom p = boxes(folder.path / "source", {{7, 9, 5}, kOblique});
  const std::vector<float> numbers = numbers_for(p.volume.grid);
  const auto file = folder.path / "pm.dcm";
  const ObjectIds ids = write_parametric_map(p.findings, kUncertainty, p.volume.grid,
                                             slices_of(numbers, p.volume.grid), file);
  EXPECT_EQ(ids.sop_class_uid, "1.2.840.10008.5.1.4.1.1.30");
  DcmFileFormat format;
  DcmItem& object = load(format, file);
  EXPECT_EQ(floats_of(object, DCM_FloatPixelData), numbers);
  EXPECT_EQ(text_of(object, DCM_NumberOfFrames), "5");
  EXPECT_EQ(text_of(object, DCM_ContentLabel), "UNCERTAINTY");
  EXPECT_EQ(text_of(object, DCM_ContentDescription), "AI, unverified: Uncertainty");
  EXPECT_EQ(text_of(object, DCM_SOPInstanceUID), ids.sop_instance_uid);
  DcmItem& mapping =
      only(only(object, DCM_SharedFunctionalGroupsSequence), DCM_RealWorldValueMappingSequence);
  Float64 first = -1, last = -1;
  mapping.findAndGetFloat64(DCM_DoubleFloatRealWorldValueFirstValueMapped, first);
  mapping.findAndGetFloat64(DCM_DoubleFloatRealWorldValueLastValueMapped, last);
  EXPECT_EQ(first, 0);
  EXPECT_EQ(last, 1);
  DcmItem& anatomy =
      only(only(object, DCM_SharedFunctionalGroupsSequence), DCM_FrameAnatomySequence);
  EXPECT_EQ(text_of(only(anatomy, DCM_AnatomicRegionSequence), DCM_CodeValue), "5366008");
  EXPECT_EQ(text_of(anatomy, DCM_FrameLaterality), "B") << "hippocampi of both sides";
}

TEST(ParametricMap, MapsOfOneRunShareASeriesAndDifferInTheirUids) {
  phantom::TemporaryFolder folder;
  const Phantom p = boxes(folder.path / "source", {{4, 4, 2}, kStraight});
  const std::vector<float> numbers = numbers_for(p.volume.grid);
  ParametricMap other = kUncertainty;
  other.name = "probability-1";
  other.quantity = quantities::kClassProbability;
  const MapSlices slices = slices_of(numbers, p.volume.grid);
  const ObjectIds a =
      write_parametric_map(p.findings, kUncertainty, p.volume.grid, slices, folder.path / "a.dcm");
  const ObjectIds b =
      write_parametric_map(p.findings, other, p.volume.grid, slices, folder.path / "b.dcm");
  EXPECT_EQ(a.series_uid, b.series_uid);
  EXPECT_NE(a.sop_instance_uid, b.sop_instance_uid);
}

TEST(ParametricMap, UnevenSlicesSayHowThickEachIs) {
  phantom::TemporaryFolder folder;
  const Phantom p = boxes(folder.path / "source", {{4, 4, 8}, kStraight, kUneven});
  const std::vector<float> numbers = numbers_for(p.volume.grid);
  write_parametric_map(p.findings, kUncertainty, p.volume.grid, slices_of(numbers, p.volume.grid),
                       folder.path / "pm.dcm");
  DcmFileFormat format;
  DcmItem& object = load(format, folder.path / "pm.dcm");
  EXPECT_TRUE(items_of(only(object, DCM_SharedFunctionalGroupsSequence), DCM_PixelMeasuresSequence)
                  .empty());
  const auto frames = items_of(object, DCM_PerFrameFunctionalGroupsSequence);
  ASSERT_EQ(frames.size(), 8U);
  // Slice 3 lies at 2.5 steps of 2.5 mm, its neighbours half a step away on either side.
  EXPECT_EQ(text_of(only(*frames[3], DCM_PixelMeasuresSequence), DCM_SliceThickness), "1.25");
  EXPECT_EQ(text_of(only(*frames[3], DCM_PlanePositionSequence), DCM_ImagePositionPatient),
            "-30\\-40\\23.25");
}

TEST(ParametricMap, NamesTheFramesOfAnEnhancedSource) {
  phantom::TemporaryFolder folder;
  Phantom p = boxes(folder.path / "source", {{4, 4, 3}, kStraight});
  make_enhanced(p);
  const std::vector<float> numbers = numbers_for(p.volume.grid);
  write_parametric_map(p.findings, kUncertainty, p.volume.grid, slices_of(numbers, p.volume.grid),
                       folder.path / "pm.dcm");
  DcmFileFormat format;
  DcmItem& object = load(format, folder.path / "pm.dcm");
  const auto frames = items_of(object, DCM_PerFrameFunctionalGroupsSequence);
  ASSERT_EQ(frames.size(), 3U);
  DcmItem& source = only(only(*frames[0], DCM_DerivationImageSequence), DCM_SourceImageSequence);
  EXPECT_EQ(text_of(source, DCM_ReferencedFrameNumber), "3");
}

TEST(ParametricMap, RefusesWhatItCannotHold) {
  phantom::TemporaryFolder folder;
  const Phantom p = boxes(folder.path / "source", {{4, 4, 2}, kStraight});
  const Grid& grid = p.volume.grid;
  const auto file = folder.path / "pm.dcm";
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), -0.001F, 1.001F,
                          std::numeric_limits<float>::infinity()}) {
    std::vector<float> numbers(32, 0.5F);
    numbers[17] = bad;
    expect_error(ErrorCode::bad_argument, "outside of its range", [&] {
      write_parametric_map(p.findings, kUncertainty, grid, slices_of(numbers, grid), file);
    });
  }
  const std::vector<float> few(15, 0.5F);
  const MapSlices of_few = [&](std::int64_t) { return std::span(few); };
  expect_error(ErrorCode::bad_argument, "another size",
               [&] { write_parametric_map(p.findings, kUncertainty, grid, of_few, file); });
  ParametricMap no_range = kUncertainty;
  no_range.most = 0;
  const std::vector<float> zeros(32, 0.0F);
  expect_error(ErrorCode::bad_argument, "no range", [&] {
    write_parametric_map(p.findings, no_range, grid, slices_of(zeros, grid), file);
  });
  // 46341 x 46341 numbers of 4 bytes are 8.6 GB, of which nothing may be allocated.
  Findings one = p.findings;
  one.source.instances.resize(1);
  const Grid huge{{46341, 46341, 1}, kStraight};
  expect_error(ErrorCode::output, "4 GiB",
               [&] { write_parametric_map(one, kUncertainty, huge, of_few, file); });
}

/// A phantom with one label in slice k: so many voxels as `areas` says.
Phantom with_areas(const std::filesystem::path& folder, const std::vector<int>& areas) {
  return phantom::make(
      folder, Grid{{8, 8, static_cast<std::int64_t>(areas.size())}, kStraight},
      [&](int c, int r, int k) { return 8 * r + c < areas[static_cast<std::size_t>(k)] ? 1 : 0; });
}

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

/// Graphic objects of the annotations of a presentation state.
std::vector<DcmItem*> graphics_of(DcmItem& object) {
  std::vector<DcmItem*> graphics;
  for (DcmItem* annotation : items_of(object, DCM_GraphicAnnotationSequence)) {
    const auto more = items_of(*annotation, DCM_GraphicObjectSequence);
    graphics.insert(graphics.end(), more.begin(), more.end());
  }
  return graphics;
}

TEST(PresentationState, DrawsAVoxelAroundItsCentre) {
  phantom::TemporaryFolder folder;
  const Phantom p =
      phantom::make(folder.path / "source", Grid{{6, 7, 3}, kStraight},
                    [](int c, int r, int k) { return c == 2 && r == 3 && k == 1 ? 1 : 0; });
  const auto file = folder.path / "pr.dcm";
  ASSERT_TRUE(write_presentation_state(p.findings, p.labels, p.volume, file).ids);
  DcmFileFormat format;
  DcmItem& object = load(format, file);
  const auto graphics = graphics_of(object);
  ASSERT_EQ(graphics.size(), 1U);
  // The centre of pixel (2, 3) is (2.5, 3.5); half a pixel to each side.
  std::vector<float> data = floats_of(*graphics[0], DCM_GraphicData);
  const std::vector<float> diamond{2.5F, 3.0F, 3.0F, 3.5F, 2.5F, 4.0F, 2.0F, 3.5F, 2.5F, 3.0F};
  EXPECT_EQ(data, diamond);
  DcmItem& annotation = *items_of(object, DCM_GraphicAnnotationSequence).front();
  EXPECT_EQ(text_of(only(annotation, DCM_ReferencedImageSequence), DCM_ReferencedSOPInstanceUID),
            phantom::uid_of(1001));
  EXPECT_EQ(text_of(only(annotation, DCM_TextObjectSequence), DCM_UnformattedTextValue),
            "Left hippocampus, anterior part");
  EXPECT_EQ(
      items_of(only(object, DCM_ReferencedSeriesSequence), DCM_ReferencedImageSequence).size(), 3U);
}

TEST(PresentationState, MarksEveryImageThatHasAnOutline) {
  phantom::TemporaryFolder folder;
  const Phantom p = with_areas(folder.path / "source", {0, 3, 5, 0, 2});
  write_presentation_state(p.findings, p.labels, p.volume, folder.path / "pr.dcm");
  DcmFileFormat format;
  DcmItem& object = load(format, folder.path / "pr.dcm");
  DcmItem& mark = *items_of(object, DCM_GraphicAnnotationSequence).back();
  EXPECT_EQ(text_of(only(mark, DCM_TextObjectSequence), DCM_UnformattedTextValue),
            "AI, unverified");
  std::vector<std::string> images;
  for (DcmItem* image : items_of(mark, DCM_ReferencedImageSequence)) {
    images.push_back(text_of(*image, DCM_ReferencedSOPInstanceUID));
  }
  EXPECT_EQ(images,
            (std::vector{phantom::uid_of(1001), phantom::uid_of(1002), phantom::uid_of(1004)}));
}

TEST(PresentationState, CutsOutlinesThatAreTooLongForOneElement) {
  phantom::TemporaryFolder folder;
  // A comb: each tooth turns the outline twice or more.
  const Phantom p = phantom::make(folder.path / "source", Grid{{9001, 3, 1}, kStraight},
                                  [](int c, int r, int) { return r == 0 || c % 2 == 0 ? 1 : 0; });
  write_presentation_state(p.findings, p.labels, p.volume, folder.path / "pr.dcm");
  DcmFileFormat format;
  const auto graphics = graphics_of(load(format, folder.path / "pr.dcm"));
  ASSERT_GT(graphics.size(), 1U);
  std::vector<float> first = floats_of(*graphics.front(), DCM_GraphicData), before;
  for (DcmItem* graphic : graphics) {
    const std::vector<float> data = floats_of(*graphic, DCM_GraphicData);
    EXPECT_LE(data.size(), 2 * kMostPointsOfPolyline);
    if (!before.empty()) {
      EXPECT_EQ(data[0], before[before.size() - 2]);
      EXPECT_EQ(data[1], before.back());
    }
    before = data;
  }
  EXPECT_EQ(first[0], before[before.size() - 2]) << "closed";
  EXPECT_EQ(first[1], before.back());
}

TEST(PresentationState, SaysWhyThereIsNone) {
  phantom::TemporaryFolder folder;
  // 250 x 250 voxels that do not touch.
  const Phantom many =
      phantom::make(folder.path / "many", Grid{{500, 500, 1}, kStraight},
                    [](int c, int r, int) { return c % 2 == 0 && r % 2 == 0 ? 1 : 0; });
  const auto file = folder.path / "pr.dcm";
  const PresentationState state =
      write_presentation_state(many.findings, many.labels, many.volume, file);
  EXPECT_FALSE(state.ids);
  EXPECT_NE(state.why_not.find("more outlines"), std::string::npos);
  const Phantom none = with_areas(folder.path / "none", {0, 0});
  EXPECT_FALSE(write_presentation_state(none.findings, none.labels, none.volume, file).ids);
  EXPECT_FALSE(std::filesystem::exists(file));
}

/// Changes the files of a phantom.
void edit(const Phantom& p, const std::function<void(DcmItem&)>& change) {
  for (const SliceSource& slice : p.volume.slices) {
    DcmFileFormat file;
    change(load(file, slice.file));
    file.loadAllDataIntoMemory();
    ASSERT_TRUE(file.saveFile(slice.file.c_str(), EXS_LittleEndianExplicit).good());
  }
}

TEST(PresentationState, TakesTheSourcesWindow) {
  phantom::TemporaryFolder folder;
  Phantom p = with_areas(folder.path / "source", {2, 3});
  edit(p, [](DcmItem& data) {
    data.putAndInsertString(DCM_WindowCenter, "40\\400");
    data.putAndInsertString(DCM_WindowWidth, "350\\2000");
    data.putAndInsertString(DCM_PhotometricInterpretation, "MONOCHROME1");
  });
  for (SliceSource& slice : p.volume.slices) slice.intercept = -1024;
  name_source(p);
  write_presentation_state(p.findings, p.labels, p.volume, folder.path / "pr.dcm");
  DcmFileFormat format;
  DcmItem& object = load(format, folder.path / "pr.dcm");
  DcmItem& window = only(object, DCM_SoftcopyVOILUTSequence);
  EXPECT_EQ(text_of(window, DCM_WindowCenter), "40");
  EXPECT_EQ(text_of(window, DCM_WindowWidth), "350");
  EXPECT_EQ(text_of(window, DCM_VOILUTFunction), "LINEAR");
  EXPECT_EQ(text_of(object, DCM_RescaleIntercept), "-1024");
  EXPECT_EQ(text_of(object, DCM_PresentationLUTShape), "INVERSE");
}

TEST(PresentationState, WindowsStoredValuesWhereSlicesAreScaledDifferently) {
  phantom::TemporaryFolder folder;
  Phantom p = with_areas(folder.path / "source", {2, 3});
  p.volume.slices[1].slope = 0.5;
  p.volume.slices[1].intercept = 10;
  name_source(p);
  write_presentation_state(p.findings, p.labels, p.volume, folder.path / "pr.dcm",
                           DisplayWindow{100, 50});
  DcmFileFormat format;
  DcmItem& object = load(format, folder.path / "pr.dcm");
  EXPECT_FALSE(object.tagExists(DCM_RescaleSlope));
  std::map<std::string, std::string> windows;  // by instance
  for (DcmItem* window : items_of(object, DCM_SoftcopyVOILUTSequence)) {
    windows[text_of(only(*window, DCM_ReferencedImageSequence), DCM_ReferencedSOPInstanceUID)] =
        text_of(*window, DCM_WindowCenter) + "/" + text_of(*window, DCM_WindowWidth);
  }
  EXPECT_EQ(windows[phantom::uid_of(1000)], "100/50");
  EXPECT_EQ(windows[phantom::uid_of(1001)], "180/100") << "(100 - 10) / 0.5, 50 / 0.5";
}

TEST(PresentationState, RefusesColour) {
  phantom::TemporaryFolder folder;
  const Phantom p = with_areas(folder.path / "source", {2, 3});
  edit(p, [](DcmItem& data) { data.putAndInsertString(DCM_PhotometricInterpretation, "RGB"); });
  expect_error(ErrorCode::bad_argument, "colour", [&] {
    write_presentation_state(p.findings, p.labels, p.volume, folder.path / "pr.dcm");
  });
}

TEST(StructuredReport, LeadsToAllOtherResults) {
  phantom::TemporaryFolder folder;
  const Phantom p = boxes(folder.path / "source", {{15, 10, 8}, kStraight});
  std::vector<ObjectIds> others(kResults.begin() + 1, kResults.end());
  others.push_back({kParametricMapStorage, "1.2.3.5", "1.2.3.5.9"});
  write_structured_report(p.findings, p.volume, kResults[0], folder.path / "sr.dcm", others);
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

void write_bytes(const std::filesystem::path& file, const void* bytes, std::size_t size) {
  std::ofstream(file, std::ios::binary)
      .write(static_cast<const char*>(bytes), static_cast<std::streamsize>(size));
}

/// All objects of a phantom, and beside them what they are made of: map.f32, labels.u8, truth.json.
void write_for_judges(const Phantom& p, const std::filesystem::path& out) {
  std::filesystem::create_directories(out);
  const Grid& grid = p.volume.grid;
  const std::vector<float> numbers = numbers_for(grid);
  std::vector<ObjectIds> others;
  const ObjectIds seg = write_segmentation(p.findings, p.labels, p.volume, out / "seg.dcm");
  others.push_back(write_parametric_map(p.findings, kUncertainty, grid, slices_of(numbers, grid),
                                        out / "pm.dcm"));
  const auto state = write_presentation_state(p.findings, p.labels, p.volume, out / "pr.dcm");
  ASSERT_TRUE(state.ids) << state.why_not;
  others.push_back(*state.ids);
  const auto pictures = draw_pictures(p.findings, p.labels, p.volume);
  for (const Picture& picture : pictures) {
    others.push_back(
        write_secondary_capture(p.findings, picture, {seg}, out / ("sc-" + picture.name + ".dcm")));
  }
  const ObjectIds report =
      write_structured_report(p.findings, p.volume, seg, out / "sr.dcm", others);
  others.push_back(seg);
  others.push_back(report);
  write_key_objects(p.findings, p.labels, p.findings.findings, others, out / "ko.dcm");

  write_bytes(out / "map.f32", numbers.data(), numbers.size() * sizeof(float));
  write_bytes(out / "labels.u8", p.labels.labels.data(), p.labels.labels.size());
  Json truth;
  truth["size"] = grid.size;
  for (std::int64_t k = 0; k < grid.size[2]; ++k) {
    truth["corners_mm"].push_back(phantom::place(grid, 0, 0, k));
    truth["slices"].push_back(
        {{"uid", p.volume.slices[static_cast<std::size_t>(k)].sop_instance_uid},
         {"frame", p.volume.slices[static_cast<std::size_t>(k)].frame}});
  }
  truth["column_step_mm"] = grid.index_to_lps.column(0);
  truth["row_step_mm"] = grid.index_to_lps.column(1);
  for (const Finding& finding : p.findings.findings) truth["findings"].push_back(finding.segments);
  std::ofstream(out / "truth.json") << truth.dump();
}

/// OSLER_JUDGE_DIR/<name> and OSLER_JUDGE_DIR/<name>-source, for check_result_objects.py.
TEST(ResultObjectsForJudges, OfAwkwardSeries) {
  const char* place = std::getenv("OSLER_JUDGE_DIR");
  if (place == nullptr) GTEST_SKIP() << "OSLER_JUDGE_DIR is not set";
  const std::filesystem::path root(place);
  const Affine tilted = phantom::sheared(kStraight, 0.6);
  struct Series {
    const char* name;
    Grid grid;
  };
  for (const Series& s :
       {Series{"straight", {{64, 48, 6}, kStraight}}, Series{"odd", {{7, 9, 5}, kStraight}},
        Series{"oblique", {{33, 29, 21}, kOblique}}, Series{"tilted", {{15, 10, 8}, tilted}},
        Series{"uneven", {{15, 10, 8}, kOblique, kUneven}}}) {
    write_for_judges(boxes(root / (std::string(s.name) + "-source"), s.grid), root / s.name);
  }
  Phantom enhanced = boxes(root / "enhanced-source", {{15, 10, 8}, kOblique});
  make_enhanced(enhanced);
  write_for_judges(enhanced, root / "enhanced");

  // Holes, islands in them, borders, single voxels, and names that are none.
  Phantom hostile =
      phantom::make(root / "hostile-source", {{40, 40, 4}, kStraight}, [](int c, int r, int k) {
        const int ring = std::max(std::abs(c - 20), std::abs(r - 20));
        if (ring <= 3 + k) return 1;
        if (ring >= 8 && ring <= 12) return 2;
        if (ring == 20) return 3;
        return (c * 7 + r * 13) % 11 == 0 && ring > 13 ? 4 : 0;
      });
  hostile.findings.segments[0].label = "back\\slash\r\n\x1b[2J\t and \"quotes\" <b>&amp;";
  hostile.findings.segments[1].label =
      "\xC3\x9C"
      "ber \xE2\x89\xA4 \xFF\xFE broken";
  hostile.findings.segments[2].label = std::string(3000, 'x');
  hostile.findings.segments[3].label = "^";
  hostile.findings.model.title = "^=\\ \xE6\x97\xA5\xE6\x9C\xAC";
  for (Finding& finding : hostile.findings.findings) {
    finding.label =
        hostile.findings.segments[static_cast<std::size_t>(finding.segments[0] - 1)].label;
  }
  write_for_judges(hostile, root / "hostile");
}

}  // namespace
}  // namespace osler::report
