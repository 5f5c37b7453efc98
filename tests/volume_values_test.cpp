// What voxels hold. Case numbers: docs/geometry.md.

#include <gtest/gtest.h>

#include "core/error.hpp"
#include "throws.hpp"
#include "volume_phantom.hpp"

namespace osler {
namespace {

using testing::int16_voxels;
using testing::PhantomSeries;
using testing::PlannedSeries;
using testing::ramp_series;
using testing::stack_of;
using testing::worst_misplacement;

constexpr double kRoundingOfRamp = 0.5 + 1e-6;

TEST(LoadVolume, ASliceThatStandsTwiceIsUsedOnce) {  // case 6
  PhantomSeries series = ramp_series(stack_of(6, {0, 0, 0}, {0, 0, 2}));
  series.positions_mm.push_back(series.positions_mm[2]);
  series.positions_mm.push_back(series.positions_mm[5]);
  const PlannedSeries found(series);
  EXPECT_TRUE(found.warned_of("duplicate_slice"));
  EXPECT_NE(found.reason("duplicate_slice")->detail.find("2 slices"), std::string::npos);
  const Volume volume = load_volume(found.plan.volumes.at(0));
  EXPECT_EQ(volume.grid.size, (Size3{5, 4, 6}));
  EXPECT_LE(worst_misplacement(volume), kRoundingOfRamp);
}

TEST(LoadVolume, KeepsSlopeAndInterceptOfEachSlice) {                      // case 11
  PhantomSeries series = ramp_series(stack_of(3, {0, 0, 4}, {0, 0, -2}));  // descending
  series.modality = "PT";
  series.edit = [](DcmDataset& data, std::size_t file) {
    data.putAndInsertString(DCM_RescaleSlope, file == 0 ? "0.5" : file == 1 ? "2" : "8");
    data.putAndInsertString(DCM_RescaleIntercept, file == 1 ? "-3" : "0");
  };
  const PlannedSeries found(series);
  const Volume volume = load_volume(found.plan.volumes.at(0));
  ASSERT_EQ(volume.slices.size(), 3U);
  EXPECT_EQ(volume.slices[0].slope, 8);
  EXPECT_EQ(volume.slices[1].slope, 2);
  EXPECT_EQ(volume.slices[1].intercept, -3);
  EXPECT_EQ(volume.slices[2].slope, .5);
  EXPECT_TRUE(volume.slices[2].sop_instance_uid.ends_with(".1"))
      << "slices and files were mixed up";
}

TEST(LoadVolume, WithoutRescaleTheStoredValueIsTheValue) {
  const PlannedSeries found(ramp_series(stack_of(3, {0, 0, 0}, {0, 0, 2})));
  const Volume volume = load_volume(found.plan.volumes.at(0));
  EXPECT_EQ(volume.slices.at(2).slope, 1);
  EXPECT_EQ(volume.slices.at(2).intercept, 0);
}

TEST(LoadVolume, ExtendsSignsAndMasksForeignBits) {                             // cases 12 and 13
  PhantomSeries series = ramp_series(stack_of(4, {-30, -30, -30}, {0, 0, 2}));  // -1700 and more
  series.bits_stored = 12;
  series.high_bit = 11;
  series.garbage = 0x5000;
  const PlannedSeries found(series);
  const Volume volume = load_volume(found.plan.volumes.at(0));
  EXPECT_EQ(volume.type, ScalarType::i16);
  EXPECT_EQ(int16_voxels(volume).front(), -1700);
  EXPECT_LE(worst_misplacement(volume), kRoundingOfRamp);
}

TEST(LoadVolume, TypeFollowsBitsAllocatedAndRepresentation) {
  struct Case {
    int bits;
    bool is_signed;
    ScalarType type;
  };
  for (const Case& c : {Case{8, false, ScalarType::u8}, Case{8, true, ScalarType::i8},
                        Case{16, false, ScalarType::u16}, Case{16, true, ScalarType::i16},
                        Case{32, false, ScalarType::u32}, Case{32, true, ScalarType::i32}}) {
    PhantomSeries series = ramp_series(stack_of(2, {0, 0, 0}, {0, 0, 2}));
    series.stored = [](const Vec3& p) { return static_cast<std::int64_t>(p[0]) + 1; };
    series.bits_allocated = series.bits_stored = c.bits;
    series.high_bit = c.bits - 1;
    series.is_signed = c.is_signed;
    const PlannedSeries found(series);
    const Volume volume = load_volume(found.plan.volumes.at(0));
    EXPECT_EQ(volume.type, c.type);
    EXPECT_EQ(volume.bytes(), 40U * static_cast<std::size_t>(c.bits) / 8);
    // Little-endian: the first byte of the second voxel is its value.
    EXPECT_EQ(volume.voxels[static_cast<std::size_t>(c.bits) / 8], std::byte{2});
  }
}

TEST(LoadVolume, PaddingIsARangeOfStoredValues) {  // case 14
  PhantomSeries series = ramp_series(stack_of(2, {0, 0, 0}, {0, 0, 2}));
  series.padding_value = -2000;
  const PlannedSeries single(series);
  const auto one = load_volume(single.plan.volumes.at(0)).padding;
  ASSERT_TRUE(one);
  EXPECT_EQ(one->low, -2000);
  EXPECT_EQ(one->high, -2000);

  series.edit = [](DcmDataset& data, std::size_t) {
    data.putAndInsertSint16(DCM_PixelPaddingRangeLimit,
                            -2048);  // below the value: the range runs down
  };
  const PlannedSeries range(series);
  const auto both = load_volume(range.plan.volumes.at(0)).padding;
  ASSERT_TRUE(both);
  EXPECT_EQ(both->low, -2048);
  EXPECT_EQ(both->high, -2000);
}

TEST(LoadVolume, CompressedAndUncompressedSeriesAreTheSameVolume) {
  PhantomSeries series = ramp_series(stack_of(4, {0, 0, 0}, {0, 0, 2}));
  const PlannedSeries plain(series);
  const auto expected = int16_voxels(load_volume(plain.plan.volumes.at(0)));
  for (const E_TransferSyntax syntax : {EXS_RLELossless, EXS_JPEGProcess14SV1}) {
    series.syntax = syntax;
    const PlannedSeries compressed(series);
    EXPECT_EQ(int16_voxels(load_volume(compressed.plan.volumes.at(0))), expected) << syntax;
  }
}

TEST(LoadVolume, SaysHowManySlicesCannotBeDecoded) {
  PhantomSeries series = ramp_series(stack_of(5, {0, 0, 0}, {0, 0, 2}));
  series.edit = [](DcmDataset& data, std::size_t file) {
    if (file == 1 || file == 3) {
      data.putAndInsertUint16Array(DCM_PixelData, std::vector<Uint16>(10).data(), 10);
    }
  };
  const PlannedSeries found(series);
  testing::expect_error(ErrorCode::bad_input, "2 of 5 slices cannot be decoded",
                        [&] { load_volume(found.plan.volumes.at(0)); });
}

}  // namespace
}  // namespace osler
