#include <gtest/gtest.h>

#include <cstring>
#include <functional>
#include <map>

#include "objects/presentation_state.hpp"
#include "objects_reading.hpp"
#include "phantom_dicom.hpp"
#include "throws.hpp"

namespace osler::objects {
namespace {

using osler::testing::expect_error;
using phantom::Phantom;

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

TEST(PresentationState, WindowsBetweenPercentilesWhereTheSourceHasNoWindow) {
  phantom::TemporaryFolder folder;
  Phantom p = phantom::make(folder.path / "source", Grid{{10, 10, 10}, kStraight},
                            [](int, int, int) { return 1; });
  for (std::int16_t i = 0; i < 1000; ++i) std::memcpy(p.volume.voxels.get() + 2 * i, &i, 2);
  write_presentation_state(p.findings, p.labels, p.volume, folder.path / "pr.dcm");
  DcmFileFormat format;
  DcmItem& window = only(load(format, folder.path / "pr.dcm"), DCM_SoftcopyVOILUTSequence);
  // Ranks 0.005 x 999 and 0.997 x 999 are the values 4 and 996; 1.1 x 992 = 1091.2.
  EXPECT_EQ(text_of(window, DCM_WindowCenter), "549.6");
  EXPECT_EQ(text_of(window, DCM_WindowWidth), "1091.2");
  EXPECT_EQ(text_of(window, DCM_VOILUTFunction), "LINEAR_EXACT");
}

TEST(PresentationState, TakesATableThatAllImagesHave) {
  phantom::TemporaryFolder folder;
  const Phantom p = with_areas(folder.path / "source", {2, 3});
  osler::testing::PhantomTable table{{2, 0, 16}, {7, 9}};
  edit(p, [&](DcmItem& data) { put_modality_lut(dynamic_cast<DcmDataset&>(data), table, "HU"); });
  const auto file = folder.path / "pr.dcm";
  ASSERT_TRUE(write_presentation_state(p.findings, p.labels, p.volume, file).ids);
  DcmFileFormat format;
  DcmItem& copied = only(load(format, file), DCM_ModalityLUTSequence);
  EXPECT_EQ(text_of(copied, DCM_ModalityLUTType), "HU");
  EXPECT_EQ(text_of(copied, DCM_LUTDescriptor), "2\\0\\16");

  edit(p, [&](DcmItem& data) {
    data.findAndDeleteElement(DCM_ModalityLUTSequence);
    put_modality_lut(dynamic_cast<DcmDataset&>(data), table, "HU");
    ++table.words[0];
  });
  const PresentationState state =
      write_presentation_state(p.findings, p.labels, p.volume, folder.path / "other.dcm");
  EXPECT_FALSE(state.ids);
  EXPECT_NE(state.why_not.find("Modality LUT"), std::string::npos);
}

TEST(PresentationState, RefusesColour) {
  phantom::TemporaryFolder folder;
  const Phantom p = with_areas(folder.path / "source", {2, 3});
  edit(p, [](DcmItem& data) { data.putAndInsertString(DCM_PhotometricInterpretation, "RGB"); });
  expect_error(ErrorCode::bad_argument, "colour", [&] {
    write_presentation_state(p.findings, p.labels, p.volume, folder.path / "pr.dcm");
  });
}

}  // namespace
}  // namespace osler::objects
