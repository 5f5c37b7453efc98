// What is not used, and why. Case numbers: docs/geometry.md.

#include <gtest/gtest.h>

#include <string>

#include "volume_phantom.hpp"

namespace osler {
namespace {

using testing::PhantomSeries;
using testing::PlannedSeries;
using testing::ramp_series;
using testing::stack_of;
using Edit = std::function<void(DcmDataset&, std::size_t)>;

PhantomSeries six_slices(Edit edit = {}) {
  PhantomSeries series = ramp_series(stack_of(6, {0, 0, 0}, {0, 0, 2}));
  series.edit = std::move(edit);
  return series;
}

Edit put(const DcmTagKey& tag, const std::string& value) {
  return [=](DcmDataset& data, std::size_t) { data.putAndInsertString(tag, value.c_str()); };
}

Edit put_in_one(std::size_t which, const DcmTagKey& tag, const std::string& value) {
  return [=](DcmDataset& data, std::size_t file) {
    if (file == which) data.putAndInsertString(tag, value.c_str());
  };
}

std::string detail(const PlannedSeries& found, const char* code) {
  return found.reason(code) == nullptr ? "" : found.reason(code)->detail;
}

TEST(PlanSeries, AMissingSliceIsRefusedWithItsPlace) {  // case 5
  PhantomSeries series = six_slices();
  series.positions_mm.erase(series.positions_mm.begin() + 3);
  const PlannedSeries found(series);
  EXPECT_TRUE(found.refused_for("missing_slice"));
  EXPECT_NE(detail(found, "missing_slice").find("2.000 mm"), std::string::npos);
  EXPECT_NE(detail(found, "missing_slice").find("1 after slice 3"), std::string::npos);
  EXPECT_EQ(found.reason("variable_spacing"), nullptr);
}

TEST(PlanSeries, EveryGapIsListed) {
  PhantomSeries series = ramp_series(stack_of(12, {0, 0, 0}, {0, 0, 2}));
  series.positions_mm.erase(series.positions_mm.begin() + 7, series.positions_mm.begin() + 9);
  series.positions_mm.erase(series.positions_mm.begin() + 2);
  const PlannedSeries found(series);
  EXPECT_NE(detail(found, "missing_slice").find("1 after slice 2, 2 after slice 6"),
            std::string::npos)
      << detail(found, "missing_slice");
}

TEST(PlanSeries, DifferentPixelsAtOnePositionAreRefused) {  // case 7
  PhantomSeries series = six_slices([](DcmDataset& data, std::size_t file) {
    if (file == 6) {
      data.putAndInsertUint16Array(DCM_PixelData, std::vector<Uint16>(20, 9).data(), 20);
    }
  });
  series.positions_mm.push_back(series.positions_mm[2]);
  const PlannedSeries found(series);
  EXPECT_TRUE(found.refused_for("duplicate_position"));
  EXPECT_NE(detail(found, "duplicate_position").find("1 slices"), std::string::npos);
}

TEST(PlanSeries, ATwinThatCannotBeDecodedIsAReasonAndNotTheEnd) {
  PhantomSeries series = six_slices([](DcmDataset& data, std::size_t file) {
    if (file == 6) {
      data.putAndInsertUint16Array(DCM_PixelData, std::vector<Uint16>(3, 9).data(), 3);
    }
  });
  series.positions_mm.push_back(series.positions_mm[2]);
  EXPECT_TRUE(PlannedSeries(series).refused_for("undecodable_slice"));
}

TEST(PlanSeries, AGapOfSeveralDistancesIsRefused) {  // case 8
  PhantomSeries series = six_slices();
  series.positions_mm[5][2] = 15.1;  // 2 2 2 2 7.1
  const PlannedSeries found(series);
  EXPECT_TRUE(found.refused_for("variable_spacing"));
  EXPECT_NE(detail(found, "variable_spacing").find("from 2.000 to 7.100 mm"), std::string::npos);
}

TEST(PlanSeries, PositionsOverAKilometreAwayAreRefused) {  // case 25
  PhantomSeries series = six_slices();
  series.positions_mm[3][2] = 1.5e6;
  EXPECT_TRUE(PlannedSeries(series).refused_for("bad_position"));
}

TEST(PlanSeries, PositionsOffTheLineAreRefused) {
  PhantomSeries series = six_slices();
  series.positions_mm[3][0] = 0.5;
  EXPECT_TRUE(PlannedSeries(series).refused_for("irregular_positions"));
}

TEST(PlanSeries, ALocalizerIsLeftOut) {  // case 9
  PhantomSeries series = six_slices(put_in_one(6, DCM_ImageType, "ORIGINAL\\PRIMARY\\LOCALIZER"));
  series.positions_mm.push_back({0, 0, 40});
  const PlannedSeries found(series);
  EXPECT_TRUE(found.warned_of("localizer"));
  EXPECT_EQ(found.plan.volumes.at(0).grid.size[2], 6);
}

TEST(PlanSeries, ASliceOfAnotherOrientationIsLeftOut) {  // case 9
  PhantomSeries series =
      six_slices(put_in_one(6, DCM_ImageOrientationPatient, "1\\0\\0\\0\\0\\-1"));
  series.positions_mm.push_back({0, 0, 4});
  const PlannedSeries found(series);
  EXPECT_TRUE(found.warned_of("mixed_stacks"));
  EXPECT_EQ(found.plan.volumes.at(0).grid.size[2], 6);
}

TEST(PlanSeries, MixedStacksAreSplitAndTheLargestIsUsed) {  // case 10
  PhantomSeries series = six_slices([](DcmDataset& data, std::size_t file) {
    if (file >= 4) data.putAndInsertString(DCM_PixelSpacing, "1.5\\1");
  });
  const PlannedSeries spacings(series);
  EXPECT_TRUE(spacings.warned_of("mixed_stacks"));
  EXPECT_EQ(spacings.plan.volumes.at(0).grid.size, (Size3{5, 4, 4}));

  series.edit = [](DcmDataset& data, std::size_t file) {
    if (file >= 4) data.putAndInsertUint16(DCM_Rows, 2);
  };
  const PlannedSeries sizes(series);
  EXPECT_TRUE(sizes.warned_of("mixed_stacks"));
  EXPECT_EQ(sizes.plan.volumes.at(0).grid.size, (Size3{5, 4, 4}));
}

TEST(PlanSeries, TwoStacksOfOneSizeAreTwoVolumes) {
  const PlannedSeries found(six_slices([](DcmDataset& data, std::size_t file) {
    if (file >= 3) data.putAndInsertString(DCM_PixelSpacing, "1.5\\1");
  }));
  EXPECT_TRUE(found.warned_of("mixed_stacks"));
  ASSERT_EQ(found.plan.volumes.size(), 2U);
  EXPECT_NE(found.plan.volumes[0].told_apart, found.plan.volumes[1].told_apart);
}

TEST(PlanSeries, CtWithoutRescaleIsRefused) {  // case 16
  PhantomSeries series = six_slices();
  series.modality = "CT";
  EXPECT_TRUE(PlannedSeries(series).refused_for("rescale_absent"));
  series.slope = 1;
  EXPECT_TRUE(PlannedSeries(series).refused_for("rescale_absent")) << "the intercept is absent";
  series.intercept = -1024;
  EXPECT_EQ(PlannedSeries(series).plan.verdict(), Verdict::usable);
  series.slope = 0;
  EXPECT_TRUE(PlannedSeries(series).refused_for("bad_rescale"));
}

TEST(PlanSeries, OneSliceIsNoVolume) {  // case 21
  const PlannedSeries found(ramp_series({{0, 0, 0}}));
  EXPECT_TRUE(found.refused_for("single_slice"));
  EXPECT_TRUE(found.plan.volumes.empty());
}

TEST(PlanSeries, ImagesWithoutAPlaceAreRefused) {  // case 21
  for (const DcmTagKey& tag :
       {DCM_ImagePositionPatient, DCM_ImageOrientationPatient, DCM_PixelSpacing}) {
    const PlannedSeries found(six_slices([&](DcmDataset& data, std::size_t file) {
      if (file == 2) data.findAndDeleteElement(tag);
    }));
    EXPECT_TRUE(found.refused_for("no_geometry")) << tag;
    EXPECT_NE(detail(found, "no_geometry").find("1 of 6"), std::string::npos);
  }
}

TEST(PlanSeries, WhatIsNotOneGreyFrameIsNamed) {
  EXPECT_TRUE(PlannedSeries(six_slices([](DcmDataset& data, std::size_t) {
                data.putAndInsertUint16(DCM_SamplesPerPixel, 3);
              })).refused_for("colour_image"));
  EXPECT_TRUE(
      PlannedSeries(six_slices(put(DCM_NumberOfFrames, "3"))).refused_for("frames_not_described"));
  EXPECT_TRUE(PlannedSeries(six_slices([](DcmDataset& data, std::size_t) {
                data.findAndDeleteElement(DCM_PixelData);
              })).refused_for("not_an_image"));
}

TEST(PlanSeries, ASeriesWithATruncatedFileIsRefusedEvenIfTheRestIsRegular) {
  const testing::TemporaryFolder folder;
  const auto files = write_phantom(six_slices(), folder.path());
  std::filesystem::resize_file(files.back(), std::filesystem::file_size(files.back()) - 1);
  const std::filesystem::path input = folder.path();
  const dicom::ScanResult found = dicom::scan(std::span(&input, 1));
  const SeriesPlan plan = plan_series(found.studies.at(0).series.at(0));
  EXPECT_EQ(plan.verdict(), Verdict::refused);
  ASSERT_FALSE(plan.reasons.empty());
  EXPECT_EQ(plan.reasons.front().code, "damaged_file");
}

TEST(PlanSeries, FilesOfTwoPatientsInOneSeriesAreRefused) {
  EXPECT_TRUE(PlannedSeries(six_slices([](DcmDataset& data, std::size_t file) {
                data.putAndInsertString(DCM_PatientID, file == 2 ? "P2" : "P1");
              })).refused_for("mixed_patients"));
}

TEST(PlanSeries, SegmentationsAreNoImages) {
  PhantomSeries series = six_slices([](DcmDataset& data, std::size_t) {
    data.putAndInsertString(DCM_SOPClassUID, UID_SegmentationStorage);
  });
  EXPECT_TRUE(PlannedSeries(series).refused_for("segmentation"));
}

TEST(PlanSeries, MosaicsAreRefused) {  // case 20
  const PlannedSeries found(six_slices(put(DCM_ImageType, "ORIGINAL\\PRIMARY\\M\\ND\\MOSAIC")));
  EXPECT_TRUE(found.refused_for("mosaic"));
}

TEST(PlanSeries, QuadrupedsAreRefused) {  // case 23
  EXPECT_TRUE(PlannedSeries(six_slices(put(DCM_AnatomicalOrientationType, "QUADRUPED")))
                  .refused_for("quadruped"));
  EXPECT_EQ(PlannedSeries(six_slices(put(DCM_AnatomicalOrientationType, "BIPED"))).plan.verdict(),
            Verdict::usable);
}

TEST(PlanSeries, LossIsSaidAndFollowsTheVolume) {  // case 24
  const PlannedSeries lossy(six_slices(put(DCM_LossyImageCompression, "01")));
  EXPECT_TRUE(lossy.warned_of("lossy"));
  EXPECT_TRUE(load_volume(lossy.plan.volumes.at(0)).lossy);
  const PlannedSeries lossless(six_slices(put(DCM_LossyImageCompression, "00")));
  EXPECT_EQ(lossless.plan.verdict(), Verdict::usable);
  EXPECT_FALSE(load_volume(lossless.plan.volumes.at(0)).lossy);
}

TEST(PlanSeries, LossInAnySliceFollowsTheVolume) {  // case 24
  const PlannedSeries found(six_slices(put_in_one(4, DCM_LossyImageCompression, "01")));
  EXPECT_TRUE(found.warned_of("lossy"));
  EXPECT_TRUE(load_volume(found.plan.volumes.at(0)).lossy);
}

TEST(PlanSeries, SpacingThatIsNoneIsRefused) {  // case 25
  for (const char* spacing : {"0\\1", "1\\0", "-1\\1", "1\\-0.5"}) {
    EXPECT_TRUE(
        PlannedSeries(six_slices(put(DCM_PixelSpacing, spacing))).refused_for("bad_spacing"))
        << spacing;
  }
  EXPECT_TRUE(
      PlannedSeries(six_slices(put(DCM_PixelSpacing, "nan\\1"))).refused_for("no_geometry"));
}

TEST(PlanSeries, DirectionsThatAreNoneAreRefused) {  // case 25
  for (const char* directions : {"1.1\\0\\0\\0\\1\\0", "1\\0\\0\\0.1\\0.995\\0", "0\\0\\0\\0\\1\\0",
                                 "1\\0\\0\\1\\0\\0", "1\\0\\0\\0\\0.99\\0"}) {
    EXPECT_TRUE(PlannedSeries(six_slices(put(DCM_ImageOrientationPatient, directions)))
                    .refused_for("bad_orientation"))
        << directions;
  }
  // Six digits, as scanners write them.
  EXPECT_EQ(PlannedSeries(
                six_slices(put(DCM_ImageOrientationPatient, "0.999999\\0.001\\0\\-0.001\\1\\0")))
                .plan.verdict(),
            Verdict::usable);
}

TEST(PlanSeries, HugeDimensionsAreRefusedBeforeAllocation) {  // case 27
  const PlannedSeries frame(six_slices([](DcmDataset& data, std::size_t) {
    data.putAndInsertUint16(DCM_Rows, 65535);
    data.putAndInsertUint16(DCM_Columns, 65535);
  }));
  EXPECT_TRUE(frame.refused_for("bad_pixel_format"));
  EXPECT_TRUE(frame.plan.volumes.empty());

  dicom::Limits limits;
  limits.max_volume_bytes = 6 * 40 - 1;  // a slice has 5 x 4 x 2 bytes
  const PlannedSeries volume(six_slices(), limits);
  EXPECT_TRUE(volume.refused_for("too_large"));
  EXPECT_TRUE(volume.plan.volumes.empty());
  limits.max_volume_bytes = 6 * 40;
  EXPECT_EQ(PlannedSeries(six_slices(), limits).plan.verdict(), Verdict::usable);
}

TEST(PlanSeries, AllProblemsAreListedAndNotTheFirst) {
  PhantomSeries series = six_slices([](DcmDataset& data, std::size_t) {
    data.putAndInsertString(DCM_AnatomicalOrientationType, "QUADRUPED");
    data.putAndInsertString(DCM_LossyImageCompression, "01");
  });
  series.modality = "CT";
  series.positions_mm.erase(series.positions_mm.begin() + 3);
  const PlannedSeries found(series);
  for (const char* code : {"quadruped", "lossy", "rescale_absent", "missing_slice"}) {
    EXPECT_NE(found.reason(code), nullptr) << code;
  }
  EXPECT_EQ(found.plan.verdict(), Verdict::refused);
}

}  // namespace
}  // namespace osler
