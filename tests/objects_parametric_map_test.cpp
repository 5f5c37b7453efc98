#include <gtest/gtest.h>

#include <limits>

#include "enhanced_phantom.hpp"
#include "objects_map_numbers.hpp"
#include "objects_reading.hpp"
#include "throws.hpp"

namespace osler::objects {
namespace {

using osler::testing::expect_error;
using phantom::Phantom;

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
  ParametricMap no_name = kUncertainty;
  no_name.name.clear();
  expect_error(ErrorCode::bad_argument, "name",
               [&] { write_parametric_map(p.findings, no_name, grid, of_few, file); });
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

}  // namespace
}  // namespace osler::objects
