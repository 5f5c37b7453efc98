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

TEST(MultiFrame, StacksOfOneObjectAreVolumesOfTheirOwn) {  // PS3.3 C.7.6.16.2.2.7
  // Two blocks of three slices with a gap between: one stack would miss slices.
  PhantomSeries series = ramp_series(stack_of(3, {0, 0, 0}, {0, 0, 2}));
  for (const Vec3& p : stack_of(3, {0, 0, 30}, {0, 0, 2})) series.positions_mm.push_back(p);
  PlannedSeries found(series);
  EXPECT_TRUE(found.refused_for("missing_slice"));
  for (dicom::Instance& i : found.series.instances) {
    dicom::Frame& frame = i.frames.at(0);
    frame.told_apart_by.stack_id = (*frame.position_mm)[2] < 20 ? "A" : "B";
  }
  const SeriesPlan plan = plan_series(found.series);
  EXPECT_EQ(plan.verdict(), Verdict::usable_with);
  ASSERT_EQ(plan.volumes.size(), 2U);
  EXPECT_EQ(plan.volumes[0].slices.size(), 3U);
  EXPECT_TRUE(plan.volumes[0].told_apart.ends_with("stack A")) << plan.volumes[0].told_apart;
  EXPECT_TRUE(plan.volumes[1].told_apart.ends_with("stack B")) << plan.volumes[1].told_apart;
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

struct Part {
  long number;                     ///< In-concatenation Number, from 1
  std::vector<std::size_t> order;  ///< of the files of the single-frame series
  long first;                      ///< Concatenation Frame Offset Number, from 0
};

/// One object of six frames, in an order that is none, cut into three (PS3.3 C.7.6.16.2.2.4).
const std::vector<Part> kThreeParts{{1, {3, 0}, 0}, {2, {5, 1, 4}, 2}, {3, {2}, 5}};

class Concatenation : public ::testing::Test {
 protected:
  void write(const Part& part, const std::string& name, int total = 3) {
    const auto path = parts_.path() / name;
    write_enhanced(series_, files_, part.order, path);
    DcmFileFormat file;
    ASSERT_TRUE(file.loadFile(path.c_str()).good());
    file.loadAllDataIntoMemory();
    DcmDataset& data = *file.getDataset();
    const std::string instance = series_.series_uid + "." + std::to_string(++instances_ + 100);
    data.putAndInsertString(DCM_SOPInstanceUID, instance.c_str());
    data.putAndInsertString(DCM_ConcatenationUID, "1.2.3.77");
    data.putAndInsertString(DCM_SOPInstanceUIDOfConcatenationSource, "1.2.3.78");
    data.putAndInsertUint16(DCM_InConcatenationNumber, static_cast<Uint16>(part.number));
    if (total > 0) {
      data.putAndInsertUint16(DCM_InConcatenationTotalNumber, static_cast<Uint16>(total));
    }
    data.putAndInsertUint32(DCM_ConcatenationFrameOffsetNumber, static_cast<Uint32>(part.first));
    ASSERT_TRUE(file.saveFile(path.c_str(), EXS_LittleEndianExplicit).good());
  }

  SeriesPlan planned() {
    found_ = testing::read_only_series(parts_.path());
    return plan_series(found_);
  }

  /// Why the series is refused for a concatenation; empty if it is not.
  std::string incomplete() {
    const SeriesPlan plan = planned();
    for (const Reason& r : plan.reasons) {
      if (r.code == "concatenation_incomplete" && r.refuses) return r.detail;
    }
    return {};
  }

  const PhantomSeries series_ = oblique_series();
  const testing::TemporaryFolder singles_, parts_;
  const std::vector<std::filesystem::path> files_ = write_phantom(series_, singles_.path());
  int instances_ = 0;
  dicom::Series found_;
};

TEST_F(Concatenation, IsTheVolumeOfTheUncutObjectBitForBit) {
  const testing::TemporaryFolder uncut;
  write_enhanced(series_, files_, {3, 0, 5, 1, 4, 2}, uncut.path() / "whole.dcm");
  const dicom::Series whole = testing::read_only_series(uncut.path());
  const SeriesPlan whole_plan = plan_series(whole);
  ASSERT_EQ(whole_plan.verdict(), Verdict::usable);
  const Volume expected = load_volume(whole_plan.volumes.at(0));

  for (const Part& part : kThreeParts) write(part, std::to_string(9 - part.number) + ".dcm");
  const SeriesPlan plan = planned();
  ASSERT_EQ(plan.verdict(), Verdict::usable);
  ASSERT_EQ(plan.volumes.size(), 1U);
  const Volume volume = load_volume(plan.volumes[0]);
  EXPECT_EQ(volume.grid.size, expected.grid.size);
  EXPECT_EQ(volume.grid.index_to_lps.m, expected.grid.index_to_lps.m);
  EXPECT_EQ(int16_voxels(volume), int16_voxels(expected));
  // By the orders above slice 4 is the third frame of part 2, and slice 2 the only one of part 3.
  EXPECT_EQ(volume.slices.at(4).frame, 3);
  EXPECT_EQ(volume.slices.at(4).sop_instance_uid, series_.series_uid + ".102");
  EXPECT_EQ(volume.slices.at(2).frame, 1);
  EXPECT_EQ(volume.slices.at(2).sop_instance_uid, series_.series_uid + ".103");
}

TEST_F(Concatenation, WithoutItsLastPartIsRefusedByTheTotal) {
  write(kThreeParts[0], "1.dcm");
  write(kThreeParts[1], "2.dcm");
  EXPECT_NE(incomplete().find("of 3 parts 1 is missing: 3"), std::string::npos) << incomplete();
}

TEST_F(Concatenation, WithoutAPartInTheMiddleIsRefusedByTheNumbers) {
  write(kThreeParts[0], "1.dcm", 0);
  write(kThreeParts[2], "3.dcm", 0);
  EXPECT_NE(incomplete().find("of 3 parts 1 is missing: 2"), std::string::npos) << incomplete();
}

TEST_F(Concatenation, WithAGapInTheFramesIsRefused) {
  write(kThreeParts[0], "1.dcm", 0);
  Part third = kThreeParts[2];
  third.number = 2;
  write(third, "2.dcm", 0);
  EXPECT_NE(incomplete().find("frames 3 to 5"), std::string::npos) << incomplete();
}

TEST_F(Concatenation, APartThatIsThereTwiceIsUsedOnce) {
  for (const Part& part : kThreeParts) write(part, std::to_string(part.number) + ".dcm");
  write(kThreeParts[1], "again.dcm");
  const SeriesPlan plan = planned();
  EXPECT_EQ(plan.verdict(), Verdict::usable_with);
  ASSERT_EQ(plan.reasons.size(), 1U);
  EXPECT_EQ(plan.reasons[0].code, "duplicate_slice");
  EXPECT_EQ(plan.volumes.at(0).slices.size(), 6U);
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
