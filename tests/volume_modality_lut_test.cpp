// Volumes whose values go through a Modality LUT Sequence (PS3.3 C.11.1). Case numbers:
// docs/geometry.md.

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "throws.hpp"
#include "volume_phantom.hpp"

namespace osler {
namespace {

using testing::PhantomSeries;
using testing::PhantomTable;
using testing::PlannedSeries;
using testing::put_modality_lut;
using testing::stack_of;

/// Two slices of 5 x 1; the stored value is `start` + column.
PhantomSeries two_slices(const PhantomTable& table, const std::string& type = "OD",
                         std::int64_t start = 0, bool is_signed = false) {
  PhantomSeries series;
  series.positions_mm = stack_of(2, {0, 0, 0}, {0, 0, 2});
  series.rows = 1;
  series.is_signed = is_signed;
  series.stored = [=](const Vec3& p) { return start + static_cast<std::int64_t>(p[0]); };
  series.edit = [=](DcmDataset& data, std::size_t) { put_modality_lut(data, table, type); };
  return series;
}

template <typename T>
std::vector<T> first_slice(const Volume& volume) {
  std::vector<T> values(5);
  std::memcpy(values.data(), volume.voxels.get(), 5 * sizeof(T));
  return values;
}

Volume volume_of(const PhantomSeries& series) {
  return load_volume(PlannedSeries(series).plan.volumes.at(0));
}

std::string detail(const PlannedSeries& found, const char* code) {
  return found.reason(code) == nullptr ? "" : found.reason(code)->detail;
}

TEST(ModalityLut, ItsOutputsAreTheVoxels) {  // case 16
  PhantomSeries series = two_slices({{3, 1, 16}, {500, 40000, 65535}});
  series.slope = 3;  // the table goes before it
  series.intercept = -7;
  const PlannedSeries found(series);
  EXPECT_TRUE(found.warned_of("modality_lut"));
  EXPECT_NE(detail(found, "modality_lut").find("type: OD"), std::string::npos);
  const Volume volume = load_volume(found.plan.volumes.at(0));
  EXPECT_EQ(volume.type, ScalarType::u16);
  EXPECT_EQ(volume.slices.at(1).slope, 1);
  EXPECT_EQ(volume.slices.at(1).intercept, 0);
  EXPECT_FALSE(volume.padding);
  // 0 lies below the first mapped value, 4 past the last entry.
  EXPECT_EQ(first_slice<std::uint16_t>(volume),
            (std::vector<std::uint16_t>{500, 500, 40000, 65535, 65535}));
}

TEST(ModalityLut, FirstMappedValueIsReadInPixelRepresentation) {
  const PhantomTable table{{3, 0xFFFF, 16}, {7, 8, 9}};  // -1, or 65535
  EXPECT_EQ(first_slice<std::uint16_t>(volume_of(two_slices(table, "US", -2, true))),
            (std::vector<std::uint16_t>{7, 7, 8, 9, 9}));
  EXPECT_EQ(first_slice<std::uint16_t>(volume_of(two_slices(table, "US", 65531, false))),
            (std::vector<std::uint16_t>{7, 7, 7, 7, 7}));
}

TEST(ModalityLut, ZeroEntriesAre65536) {
  PhantomTable table{{0, 0x8000, 16}, std::vector<Uint16>(65536)};  // from -32768
  for (std::size_t i = 0; i < 65536; ++i) table.words[i] = static_cast<Uint16>(65535 - i);
  EXPECT_EQ(first_slice<std::uint16_t>(volume_of(two_slices(table, "US", -2, true))),
            (std::vector<std::uint16_t>{32769, 32768, 32767, 32766, 32765}));
}

TEST(ModalityLut, EightBitEntriesMayStandTwoInAWordOrOne) {
  const std::vector<std::uint8_t> expected{11, 22, 33, 44, 44};
  for (const E_TransferSyntax syntax : {EXS_LittleEndianExplicit, EXS_BigEndianExplicit}) {
    PhantomSeries packed = two_slices({{4, 0, 8}, {0x160B, 0x2C21}});
    packed.syntax = syntax;
    const Volume volume = volume_of(packed);
    EXPECT_EQ(volume.type, ScalarType::u8);
    EXPECT_EQ(first_slice<std::uint8_t>(volume), expected);
    PhantomSeries words = two_slices({{4, 0, 8}, {11, 22, 33, 44}});
    words.syntax = syntax;
    EXPECT_EQ(first_slice<std::uint8_t>(volume_of(words)), expected);
  }
}

TEST(ModalityLut, PaddingIsFoundBeforeTheTableAndGetsAValueOfItsOwn) {  // case 14
  PhantomSeries bytes = two_slices({{4, 0, 8}, {11, 22, 33, 255}});
  bytes.padding_value = 1;
  const Volume wider = volume_of(bytes);
  EXPECT_EQ(wider.type, ScalarType::u16);
  ASSERT_TRUE(wider.padding);
  EXPECT_EQ(wider.padding->low, 256);
  EXPECT_EQ(wider.padding->high, 256);
  EXPECT_EQ(first_slice<std::uint16_t>(wider), (std::vector<std::uint16_t>{11, 256, 33, 255, 255}));

  PhantomSeries words = two_slices({{4, 0, 16}, {1, 2, 3, 65535}});
  words.padding_value = 4;
  const Volume widest = volume_of(words);
  EXPECT_EQ(widest.type, ScalarType::u32);
  EXPECT_EQ(first_slice<std::uint32_t>(widest),
            (std::vector<std::uint32_t>{1, 2, 3, 65535, 65536}));
}

TEST(ModalityLut, TwelveBitTablesHaveRoomForPadding) {
  PhantomSeries series = two_slices({{4, 0, 12}, {1, 2, 3, 4095}});
  series.padding_value = 0;
  const Volume volume = volume_of(series);
  EXPECT_EQ(volume.type, ScalarType::u16);
  EXPECT_EQ(first_slice<std::uint16_t>(volume),
            (std::vector<std::uint16_t>{4096, 2, 3, 4095, 4095}));
}

TEST(ModalityLut, WideOutputsCountForTheLimitOnAVolume) {
  PhantomSeries series = two_slices({{2, 0, 16}, {1, 2}});
  series.bits_allocated = series.bits_stored = 8;
  series.high_bit = 7;
  dicom::Limits limits;
  limits.max_volume_bytes = 19;  // 2 x 5 voxels of two bytes, stored in one
  EXPECT_TRUE(PlannedSeries(series, limits).refused_for("too_large"));
  limits.max_volume_bytes = 20;
  EXPECT_TRUE(PlannedSeries(series, limits).warned_of("modality_lut"));
  EXPECT_EQ(first_slice<std::uint16_t>(volume_of(series)),
            (std::vector<std::uint16_t>{1, 2, 2, 2, 2}));
}

TEST(ModalityLut, CtWithATableThatDoesNotGiveHuIsRefused) {  // case 16
  for (const char* type : {"OD", "US", "", "HU_MOD"}) {
    PhantomSeries series = two_slices({{2, 0, 16}, {1, 2}}, type);
    series.modality = "CT";
    EXPECT_TRUE(PlannedSeries(series).refused_for("rescale_absent")) << type;
  }
  PhantomSeries series = two_slices({{2, 0, 16}, {1, 2}}, "HU");
  series.modality = "CT";
  const PlannedSeries found(series);
  EXPECT_TRUE(found.warned_of("modality_lut"));
  EXPECT_EQ(found.reason("rescale_absent"), nullptr);
}

TEST(ModalityLut, AStackWithAndWithoutATableIsRefused) {
  PhantomSeries series = two_slices({});
  series.edit = [](DcmDataset& data, std::size_t file) {
    if (file == 1) put_modality_lut(data, {{2, 0, 16}, {1, 2}}, "OD");
  };
  const PlannedSeries found(series);
  EXPECT_TRUE(found.refused_for("modality_lut"));
  EXPECT_NE(detail(found, "modality_lut").find("others do not"), std::string::npos);
}

TEST(ModalityLut, TablesOfAnotherTypeOrDepthInOneStackAreRefused) {
  for (const bool depth : {false, true}) {
    PhantomSeries series = two_slices({});
    series.edit = [=](DcmDataset& data, std::size_t file) {
      put_modality_lut(data, {{2, 0, depth && file == 1 ? 12 : 16}, {1, 2}},
                       !depth && file == 1 ? "HU" : "OD");
    };
    EXPECT_TRUE(PlannedSeries(series).refused_for("modality_lut"));
  }
}

TEST(ModalityLut, ItsTypeIsNamedOnlyIfItIsADefinedTerm) {
  const PlannedSeries none(two_slices({{2, 0, 16}, {1, 2}}, ""));
  EXPECT_NE(detail(none, "modality_lut").find("type: none"), std::string::npos);
  const PlannedSeries other(two_slices({{2, 0, 16}, {1, 2}}, "DOE JANE"));
  EXPECT_EQ(detail(other, "modality_lut").find("DOE"), std::string::npos);
}

TEST(ModalityLut, DescriptorsThatAreNoneAreRefused) {
  for (const PhantomTable& table :
       {PhantomTable{{2, 0, 0}, {1, 2}}, PhantomTable{{2, 0, 7}, {1, 2}},
        PhantomTable{{2, 0, 17}, {1, 2}}, PhantomTable{{2, 0, 65535}, {1, 2}},
        PhantomTable{{5, 0, 16}, {1, 2}}, PhantomTable{{0, 0, 16}, {1, 2}},
        PhantomTable{{2, 0, 16}, {}}}) {
    EXPECT_TRUE(PlannedSeries(two_slices(table)).refused_for("modality_lut"))
        << table.descriptor[0] << " entries of " << table.descriptor[2] << " bits";
  }
  PhantomSeries empty = two_slices({});
  empty.edit = [](DcmDataset& data, std::size_t) {
    DcmItem* item = nullptr;
    data.findOrCreateSequenceItem(DCM_ModalityLUTSequence, item);
  };
  EXPECT_TRUE(PlannedSeries(empty).refused_for("modality_lut"));
}

TEST(ModalityLut, AnEntryOverItsBitsIsFoundWhenTheTableIsApplied) {
  testing::expect_error(ErrorCode::bad_input, "over its 12 bits", [] {
    volume_of(two_slices({{2, 0, 12}, {1, 4096}}));
  });
}

TEST(ModalityLut, IndicesIntoAPaletteAreNoVolume) {
  PhantomSeries series = two_slices({});
  series.edit = [](DcmDataset& data, std::size_t) {
    data.putAndInsertString(DCM_PhotometricInterpretation, "PALETTE COLOR");
  };
  EXPECT_TRUE(PlannedSeries(series).refused_for("colour_image"));
}

}  // namespace
}  // namespace osler
