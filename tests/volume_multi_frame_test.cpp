// Multi-frame objects (case 17), and volumes that share their positions (cases 18 and 19). The same
// scan as single frames and as one enhanced object must be the same volume, bit for bit.

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <span>
#include <string>

#include "test_data.hpp"
#include "volume_phantom.hpp"

namespace osler {
namespace {

using testing::int16_voxels;
using testing::PhantomSeries;
using testing::PlannedSeries;
using testing::ramp_series;
using testing::stack_of;

void put_decimals(DcmItem& item, const DcmTagKey& tag, std::span<const double> values) {
  std::string text;
  for (const double v : values) text += (text.empty() ? "" : "\\") + std::to_string(v);
  item.putAndInsertString(tag, text.c_str());
}

DcmItem& macro(DcmItem& group, const DcmTagKey& tag) {
  DcmItem* item = nullptr;
  group.findOrCreateSequenceItem(tag, item);
  return *item;
}

/// Turns the written files of a single-frame series into one enhanced MR object with its frames in
/// the order given; orientation is in the shared groups, the rest in those of each frame.
void write_enhanced(const PhantomSeries& series, const std::vector<std::filesystem::path>& files,
                    const std::vector<std::size_t>& order, const std::filesystem::path& out) {
  DcmFileFormat file;
  ASSERT_TRUE(file.loadFile(files[0].c_str()).good());
  file.loadAllDataIntoMemory();
  DcmDataset& data = *file.getDataset();
  for (const DcmTagKey& tag : {DCM_ImagePositionPatient, DCM_ImageOrientationPatient,
                               DCM_PixelSpacing, DCM_RescaleSlope, DCM_RescaleIntercept}) {
    data.findAndDeleteElement(tag);
  }
  data.putAndInsertString(DCM_SOPClassUID, UID_EnhancedMRImageStorage);
  data.putAndInsertString(DCM_NumberOfFrames, std::to_string(order.size()).c_str());
  const std::array<double, 6> orientation{series.row[0],    series.row[1],    series.row[2],
                                          series.column[0], series.column[1], series.column[2]};
  put_decimals(macro(macro(data, DCM_SharedFunctionalGroupsSequence), DCM_PlaneOrientationSequence),
               DCM_ImageOrientationPatient, orientation);

  std::vector<Uint16> pixels;
  DcmItem* group = nullptr;
  for (std::size_t i = 0; i < order.size(); ++i) {
    data.findOrCreateSequenceItem(DCM_PerFrameFunctionalGroupsSequence, group, -2);
    put_decimals(macro(*group, DCM_PlanePositionSequence), DCM_ImagePositionPatient,
                 series.positions_mm[order[i]]);
    put_decimals(macro(*group, DCM_PixelMeasuresSequence), DCM_PixelSpacing, series.spacing_mm);
    DcmItem& values = macro(*group, DCM_PixelValueTransformationSequence);
    put_decimals(values, DCM_RescaleSlope, std::array{*series.slope});
    put_decimals(values, DCM_RescaleIntercept, std::array{*series.intercept});
    DcmFileFormat single;
    ASSERT_TRUE(single.loadFile(files[order[i]].c_str()).good());
    const Uint16* words = nullptr;
    unsigned long count = 0;
    ASSERT_TRUE(single.getDataset()->findAndGetUint16Array(DCM_PixelData, words, &count).good());
    pixels.insert(pixels.end(), words, words + count);
  }
  data.putAndInsertUint16Array(DCM_PixelData, pixels.data(), pixels.size());
  ASSERT_TRUE(file.saveFile(out.c_str(), EXS_LittleEndianExplicit).good());
}

PhantomSeries oblique_series() {
  // A rotation of 30 degrees about z and steps along its normal.
  const double c = std::cos(0.5235987755982988), s = std::sin(0.5235987755982988);
  PhantomSeries series = ramp_series(stack_of(6, {-11, 7, 3}, {0, 0, 2.5}));
  series.row = {c, s, 0};
  series.column = {-s, c, 0};
  series.spacing_mm = {0.75, 1.25};
  series.slope = 2;
  series.intercept = -5;
  return series;
}

TEST(MultiFrame, IsTheVolumeOfItsSingleFramesBitForBit) {
  const PhantomSeries series = oblique_series();
  const PlannedSeries single(series);
  ASSERT_EQ(single.plan.verdict(), Verdict::usable);
  const Volume expected = load_volume(single.plan.volumes.at(0));

  const testing::TemporaryFolder files, enhanced;
  const auto written = write_phantom(series, files.path());
  write_enhanced(series, written, {3, 0, 5, 1, 4, 2}, enhanced.path() / "enhanced.dcm");
  const dicom::Series found = testing::read_only_series(enhanced.path());
  const SeriesPlan plan = plan_series(found);
  ASSERT_EQ(plan.verdict(), Verdict::usable);
  ASSERT_EQ(plan.volumes.size(), 1U);
  const Volume volume = load_volume(plan.volumes[0]);
  EXPECT_EQ(volume.grid.size, expected.grid.size);
  for (std::size_t i = 0; i < 12; ++i) {
    // Decimal strings of this test have six digits.
    EXPECT_NEAR(volume.grid.index_to_lps.m[i], expected.grid.index_to_lps.m[i], 1e-5);
  }
  EXPECT_EQ(int16_voxels(volume), int16_voxels(expected));
  ASSERT_EQ(volume.slices.size(), 6U);
  EXPECT_EQ(volume.slices[0].frame, 2) << "from 1, in geometric order";
  EXPECT_EQ(volume.slices[5].frame, 3);
  EXPECT_EQ(volume.slices[2].slope, 2);
  EXPECT_EQ(volume.slices[2].intercept, -5);
}

TEST(MultiFrame, WithFewerDescriptionsThanFramesIsRefused) {
  const PhantomSeries series = oblique_series();
  const testing::TemporaryFolder files, enhanced;
  const auto written = write_phantom(series, files.path());
  write_enhanced(series, written, {0, 1, 2}, enhanced.path() / "enhanced.dcm");
  DcmFileFormat file;
  const auto path = enhanced.path() / "enhanced.dcm";
  ASSERT_TRUE(file.loadFile(path.c_str()).good());
  file.loadAllDataIntoMemory();
  file.getDataset()->putAndInsertString(DCM_NumberOfFrames, "2");
  ASSERT_TRUE(file.saveFile(path.c_str()).good());
  const SeriesPlan plan = plan_series(testing::read_only_series(enhanced.path()));
  EXPECT_EQ(plan.verdict(), Verdict::refused);
  EXPECT_EQ(plan.reasons.at(0).code, "frames_not_described");
}

/// Two volumes at the same four positions; `tell` writes what tells them apart.
PhantomSeries two_at_each_position(std::function<void(DcmDataset&, int volume)> tell) {
  auto positions = stack_of(4, {0, 0, 0}, {0, 0, 3});
  const auto again = positions;
  positions.insert(positions.end(), again.begin(), again.end());
  PhantomSeries series = ramp_series(positions);
  series.edit = [tell](DcmDataset& data, std::size_t file) {
    const int volume = file < 4 ? 0 : 1;
    tell(data, volume);
    if (volume == 1) {  // other pixels, so that nothing can pass for a duplicate
      Uint16* words = nullptr;
      DcmElement* element = nullptr;
      data.findAndGetElement(DCM_PixelData, element);
      element->getUint16Array(words);
      words[0] = static_cast<Uint16>(words[0] + 1);
    }
  };
  return series;
}

struct Apart {
  const char* name;
  DcmTagKey tag;
  const char* values[2];
  const char* told;
};

class ToldApart : public ::testing::TestWithParam<Apart> {};

TEST_P(ToldApart, VolumesAreSplitAndSayByWhat) {
  const Apart apart = GetParam();
  const PlannedSeries found(two_at_each_position([&](DcmDataset& data, int volume) {
    data.putAndInsertString(apart.tag, apart.values[volume]);
  }));
  EXPECT_EQ(found.plan.verdict(), Verdict::usable_with);
  ASSERT_EQ(found.plan.volumes.size(), 2U);
  for (const VolumePlan& volume : found.plan.volumes) {
    EXPECT_EQ(volume.slices.size(), 4U);
    EXPECT_NE(volume.told_apart.find(apart.told), std::string::npos) << volume.told_apart;
    EXPECT_DOUBLE_EQ(volume.grid.spacing_mm()[2], 3);
  }
  EXPECT_NE(found.plan.volumes[0].told_apart, found.plan.volumes[1].told_apart);
}

INSTANTIATE_TEST_SUITE_P(
    Attributes, ToldApart,
    ::testing::Values(
        Apart{"EchoTime", DCM_EchoTime, {"2.46", "4.92"}, "echo time"},
        Apart{"TemporalPosition", DCM_TemporalPositionIdentifier, {"1", "2"}, "temporal position"},
        Apart{"TriggerTime", DCM_TriggerTime, {"0", "410"}, "trigger time"},
        Apart{"AcquisitionNumber", DCM_AcquisitionNumber, {"1", "2"}, "acquisition"},
        Apart{"DerivedMap",
              DCM_ImageType,
              {"DERIVED\\PRIMARY\\M", "DERIVED\\PRIMARY\\ADC"},
              "DERIVED"}),
    [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace osler
