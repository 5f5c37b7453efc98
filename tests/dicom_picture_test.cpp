// Pictures of single frames, of phantoms with values worked out by hand.
// tests/judges/check_pictures.py holds them against pydicom and DCMTK besides.

#include "dicom/picture.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "dicom/pixels.hpp"
#include "phantom_dicom.hpp"
#include "temporary_folder.hpp"
#include "throws.hpp"

namespace osler::dicom {
namespace {

using testing::expect_error;
using testing::PhantomPicture;
using testing::PhantomSeries;
using testing::PhantomTable;
using testing::put_palette;
using testing::TemporaryFolder;
using Edit = std::function<void(DcmDataset&)>;
using Bytes8 = std::vector<std::uint8_t>;
using Words16 = std::vector<std::uint16_t>;

Picture picture_of(const PhantomSeries& series, int frame = 0, const Limits& limits = {}) {
  const TemporaryFolder folder;
  write_phantom(series, folder.path());
  const Instance instance = testing::read_only_series(folder.path()).instances.at(0);
  return read_picture(instance, frame, limits);
}

PhantomSeries with(const PhantomPicture& picture, const Edit& edit = {}) {
  PhantomSeries series;
  series.positions_mm = {{0, 0, 0}};
  series.edit = [=](DcmDataset& data, std::size_t) {
    put_picture(data, picture);
    if (edit) edit(data);
  };
  return series;
}

template <typename T>
std::vector<T> values_of(const Picture& picture) {
  return std::get<std::vector<T>>(picture.values);
}

/// Five columns by one row: stored values start, start + step ...
PhantomSeries grey_row(std::int64_t start, std::int64_t step, int bits, bool is_signed) {
  PhantomSeries series;
  series.positions_mm = {{0, 0, 0}};
  series.rows = 1;
  series.columns = 3;
  series.bits_stored = bits;
  series.high_bit = bits - 1;
  series.is_signed = is_signed;
  series.stored = [=](const Vec3& p) { return start + step * static_cast<std::int64_t>(p[0]); };
  return series;
}

std::vector<float> turned(PhantomSeries series) {
  series.edit = [edit = series.edit](DcmDataset& data, std::size_t file) {
    data.putAndInsertString(DCM_PhotometricInterpretation, "MONOCHROME1");
    if (edit) edit(data, file);
  };
  return values_of<float>(picture_of(series));
}

TEST(ReadPicture, GreyValuesAreRealOnes) {
  PhantomSeries series = grey_row(-100, 100, 16, true);
  EXPECT_EQ(values_of<float>(picture_of(series)), (std::vector<float>{-100, 0, 100}));
  series.slope = 0.5;
  series.intercept = -3;
  const Picture picture = picture_of(series);
  EXPECT_EQ(values_of<float>(picture), (std::vector<float>{-53, -3, 47}));
  EXPECT_TRUE(picture.is_grey());
  EXPECT_EQ(picture.rows, 1);
  EXPECT_EQ(picture.columns, 3);
}

// PS3.3 C.7.6.3.1.2. 10 bits: 0 + 1023 - v; signed 12 bits: -2048 + 2047 - v; 2 v - 5 of 10 bits:
// -5 + 2041 - (2 v - 5).
TEST(ReadPicture, Monochrome1IsTurnedOverInTheRangeOfItsBits) {
  PhantomSeries plain = grey_row(0, 500, 10, false);
  EXPECT_EQ(turned(plain), (std::vector<float>{1023, 523, 23}));
  EXPECT_EQ(turned(grey_row(-2048, 2047, 12, true)), (std::vector<float>{2047, 0, -2047}));
  plain.slope = 2;
  plain.intercept = -5;
  EXPECT_EQ(turned(plain), (std::vector<float>{2041, 1041, 41}));
}

TEST(ReadPicture, TheModalityLutGoesBeforeRescaleAndTurnsInItsOwnBits) {
  PhantomSeries series = grey_row(4, 1, 12, false);
  series.slope = 7;
  series.edit = [](DcmDataset& data, std::size_t) {
    testing::put_modality_lut(data, {{2, 5, 16}, {1000, 60000}}, "OD");
  };
  // 4 is below the first mapped value, 5 maps to entry 0, 6 to entry 1.
  EXPECT_EQ(values_of<float>(picture_of(series)), (std::vector<float>{1000, 1000, 60000}));
  EXPECT_EQ(turned(series), (std::vector<float>{64535, 64535, 5535}));
}

TEST(ReadPicture, PaddingIsMarkedBeforeAnythingIsDoneToIt) {
  PhantomSeries series = grey_row(-2, 1, 16, true);
  EXPECT_TRUE(picture_of(series).padding.empty());
  series.padding_value = -1;
  series.slope = 10;
  EXPECT_EQ(picture_of(series).padding, (std::vector<bool>{false, true, false}));
}

TEST(ReadPicture, BothPlanarConfigurationsAreTheSameColours) {
  const Bytes8 expected{1, 2, 3, 40, 50, 60};
  EXPECT_EQ(
      values_of<std::uint8_t>(picture_of(with({.columns = 2, .samples = {1, 2, 3, 40, 50, 60}}))),
      expected);
  const Picture planes =
      picture_of(with({.columns = 2, .planar = 1, .samples = {1, 40, 2, 50, 3, 60}}));
  EXPECT_EQ(values_of<std::uint8_t>(planes), expected);
  EXPECT_EQ(planes.colour_bits, 8);
  EXPECT_FALSE(planes.is_grey());
}

TEST(ReadPicture, ColoursOf16BitsKeepThem) {
  for (const E_TransferSyntax syntax :
       {EXS_LittleEndianExplicit, EXS_BigEndianExplicit, EXS_RLELossless}) {
    PhantomSeries series = with({.columns = 2, .bits = 16, .samples = {1, 256, 65535, 7, 8, 900}});
    series.syntax = syntax;
    const Picture picture = picture_of(series);
    EXPECT_EQ(values_of<std::uint16_t>(picture), (Words16{1, 256, 65535, 7, 8, 900})) << syntax;
    EXPECT_EQ(picture.colour_bits, 16);
  }
}

// 9 bytes a frame: the second one begins in the middle of a word, which big endian turns round.
TEST(ReadPicture, BytesInBigEndianWordsAreTurnedBack) {
  PhantomSeries series =
      with({.columns = 3,
            .frames = 2,
            .samples = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18}},
           [](DcmDataset& data) {
             // DCMTK holds OW in the machine's order and writes it in the file's.
             const Uint16 words[] = {0x0201, 0x0403, 0x0605, 0x0807, 0x0A09,
                                     0x0C0B, 0x0E0D, 0x100F, 0x1211};
             auto* pixels = new DcmPixelData(DCM_PixelData);
             pixels->setVR(EVR_OW);
             pixels->putUint16Array(words, 9);
             data.insert(pixels, OFTrue);
           });
  series.syntax = EXS_BigEndianExplicit;
  EXPECT_EQ(values_of<std::uint8_t>(picture_of(series, 0)), (Bytes8{1, 2, 3, 4, 5, 6, 7, 8, 9}));
  EXPECT_EQ(values_of<std::uint8_t>(picture_of(series, 1)),
            (Bytes8{10, 11, 12, 13, 14, 15, 16, 17, 18}));
}

// R = Y + 1.402 Cr, G = Y - 0.344136 Cb - 0.714136 Cr, B = Y + 1.772 Cb with Cb and Cr less 128
// (PS3.3 C.7.6.3.1.2): 81 90 240: 238.02, 14.09, 13.66; 76 85 255: 254.05, 0.10, -0.20;
// 200 200 30: 62.60, 245.21, 327.58.
TEST(ReadPicture, YbrFullBecomesRgb) {
  const Picture picture =
      picture_of(with({.columns = 4,
                       .photometric = "YBR_FULL",
                       .samples = {81, 90, 240, 76, 85, 255, 200, 200, 30, 9, 128, 128}}));
  EXPECT_EQ(values_of<std::uint8_t>(picture),
            (Bytes8{238, 14, 14, 254, 0, 0, 63, 245, 255, 9, 9, 9}));
}

// Y Y Cb Cr for two pixels, so a frame is two thirds as long. Chrominance 128 is grey; Cr 138 adds
// 14.02 to R and takes 7.14 from G.
TEST(ReadPicture, NativeYbr422HasTwoSamplesForEachPixel) {
  const PhantomSeries series = with({.columns = 2,
                                     .frames = 2,
                                     .photometric = "YBR_FULL_422",
                                     .samples = {10, 20, 128, 128, 100, 200, 128, 138}});
  EXPECT_EQ(values_of<std::uint8_t>(picture_of(series, 0)), (Bytes8{10, 10, 10, 20, 20, 20}));
  EXPECT_EQ(values_of<std::uint8_t>(picture_of(series, 1)), (Bytes8{114, 93, 100, 214, 193, 200}));
}

PhantomTable table8(Words16 words, int first = 0) {
  return {{4, first, 8}, std::move(words)};
}

TEST(ReadPicture, PaletteColoursComeOutOfTheirTables) {
  // Four entries packed two in a word: red 1 2 3 4, green 10 20 30 40, blue 5 6 7 255.
  const std::array<PhantomTable, 3> tables{table8({0x0201, 0x0403}, 6), table8({0x140A, 0x281E}, 6),
                                           table8({0x0605, 0xFF07}, 6)};
  for (const E_TransferSyntax syntax :
       {EXS_LittleEndianExplicit, EXS_LittleEndianImplicit, EXS_BigEndianExplicit}) {
    // Below the first mapped value 6, at it, at the last entry 9, past it.
    PhantomSeries series =
        with({.columns = 4, .photometric = "PALETTE COLOR", .samples = {0, 6, 9, 200}},
             [&](DcmDataset& data) { put_palette(data, tables); });
    series.syntax = syntax;
    const Picture picture = picture_of(series);
    EXPECT_EQ(values_of<std::uint8_t>(picture),
              (Bytes8{1, 10, 5, 1, 10, 5, 4, 40, 255, 4, 40, 255}))
        << syntax;
    EXPECT_EQ(picture.colour_bits, 8);
  }
}

TEST(ReadPicture, PalettesOf16BitsGive16BitColours) {
  const PhantomTable table{{2, 0, 16}, {300, 65535}};
  const Picture picture = picture_of(with(
      {.columns = 2, .photometric = "PALETTE COLOR", .samples = {1, 0}}, [&](DcmDataset& data) {
        put_palette(data, {table, table, table});
      }));
  EXPECT_EQ(values_of<std::uint16_t>(picture), (Words16{65535, 65535, 65535, 300, 300, 300}));
  EXPECT_EQ(picture.colour_bits, 16);
}

// PS3.3 C.7.9.2: discrete 5 9; then linear, 4 long, from 9 to 11: 9.5 10 10.5 11, halves to even.
TEST(ReadPicture, SegmentedPalettesAreExpanded) {
  const PhantomTable table{{6, 0, 16}, {0, 2, 5, 9, 1, 4, 11}};
  const Picture picture =
      picture_of(with({.columns = 6, .photometric = "PALETTE COLOR", .samples = {0, 1, 2, 3, 4, 5}},
                      [&](DcmDataset& data) {
                        put_palette(data, {table, table, table}, true);
                      }));
  Words16 red;
  for (std::size_t i = 0; i < 18; i += 3) red.push_back(values_of<std::uint16_t>(picture)[i]);
  EXPECT_EQ(red, (Words16{5, 9, 10, 10, 10, 11}));
}

TEST(ReadPicture, ThePixelSizeSaysWhereItIsFrom) {
  const auto size_with = [](const Edit& edit) {
    PhantomSeries series = grey_row(0, 1, 16, false);
    series.edit = [&](DcmDataset& data, std::size_t) {
      data.putAndInsertString(DCM_NominalScannedPixelSpacing, "0.4\\0.3");
      data.putAndInsertString(DCM_ImagerPixelSpacing, "0.2\\0.1");
      data.putAndInsertString(DCM_PixelAspectRatio, "3\\2");
      edit(data);
    };
    return picture_of(series);
  };
  const auto drop = [](std::vector<DcmTagKey> tags) {
    return [=](DcmDataset& data) {
      for (const DcmTagKey& tag : tags) data.findAndDeleteElement(tag);
    };
  };
  EXPECT_EQ(size_with(drop({})).pixel_size->from, PixelSizeFrom::pixel_spacing);
  const Picture detector = size_with(drop({DCM_PixelSpacing}));
  EXPECT_EQ(detector.pixel_size->from, PixelSizeFrom::imager_pixel_spacing);
  EXPECT_EQ(detector.pixel_size->mm, (std::array{0.2, 0.1}));
  EXPECT_FALSE(detector.pixel_height_to_width);
  EXPECT_EQ(size_with(drop({DCM_PixelSpacing, DCM_ImagerPixelSpacing})).pixel_size->from,
            PixelSizeFrom::nominal_scanned_pixel_spacing);
  const Picture shape =
      size_with(drop({DCM_PixelSpacing, DCM_ImagerPixelSpacing, DCM_NominalScannedPixelSpacing}));
  EXPECT_FALSE(shape.pixel_size);
  EXPECT_EQ(shape.pixel_height_to_width, 1.5);
}

// ---------------------------------------------------------------- refusals

void refuses(const PhantomSeries& series, const std::string& word, const Limits& limits = {}) {
  expect_error(ErrorCode::bad_input, word, [&] { picture_of(series, 0, limits); });
}

TEST(ReadPicture, NamesTheColoursThatItDoesNotRead) {
  for (const char* name : {"YBR_PARTIAL_420", "YBR_PARTIAL_422", "HSV", "ARGB", "CMYK"}) {
    refuses(with({.photometric = name, .samples = {1, 2, 3}}), name);
  }
  refuses(with({.photometric = "Doe^Jane", .samples = {1, 2, 3}}), "that is not known");
  refuses(with({.photometric = "YBR_ICT", .samples = {1, 2, 3}}), "YBR_ICT outside of JPEG 2000");
}

TEST(ReadPicture, RefusesSamplesThatDoNotGoWithTheColours) {
  const auto samples = [](int n) {
    return [n](DcmDataset& data) {
      data.putAndInsertUint16(DCM_SamplesPerPixel, static_cast<Uint16>(n));
    };
  };
  refuses(with({.samples = {1, 2, 3}}, samples(1)), "RGB with 1 samples");
  refuses(with({.photometric = "MONOCHROME2", .samples = {1, 2, 3}}, samples(3)),
          "MONOCHROME2 with 3 samples");
  refuses(with({.samples = {1, 2, 3}},
               [](DcmDataset& data) { data.putAndInsertUint16(DCM_PixelRepresentation, 1); }),
          "signed");
}

TEST(ReadPicture, RefusesPlanarConfigurationsThatAreNone) {
  refuses(with({.planar = 7, .samples = {1, 2, 3}}), "Planar Configuration 7");
}

TEST(ReadPicture, RefusesYbr422ThatCannotBePaired) {
  refuses(with({.columns = 3, .photometric = "YBR_FULL_422", .samples = {1, 2, 3, 4, 5, 6}}),
          "3 columns");
  refuses(with({.columns = 2, .photometric = "YBR_FULL_422", .planar = 1, .samples = {1, 2, 3, 4}}),
          "Planar Configuration 1");
  refuses(with({.columns = 2, .photometric = "YBR_FULL_422", .samples = {1, 2, 3, 4, 5, 6}}),
          "three samples for each pixel");
  refuses(
      with({.rows = 2, .columns = 2, .photometric = "YBR_FULL_422", .samples = {1, 2, 3, 4, 5, 6}}),
      "truncated: 6 bytes");
}

PhantomSeries palette_row(const std::array<PhantomTable, 3>& tables, bool segmented = false) {
  return with({.columns = 2, .photometric = "PALETTE COLOR", .samples = {0, 1}},
              [=](DcmDataset& data) { put_palette(data, tables, segmented); });
}

TEST(ReadPicture, RefusesPalettesThatAreNone) {
  const PhantomTable good{{2, 0, 16}, {1, 2}};
  refuses(with({.columns = 2, .photometric = "PALETTE COLOR", .samples = {0, 1}}), "without a");
  refuses(palette_row({good, good, {{3, 0, 16}, {1, 2, 3}}}), "descriptors that differ");
  const auto all = [](const PhantomTable& t) { return std::array{t, t, t}; };
  refuses(palette_row(all({{2, 0, 12}, {1, 2}})), "other bits");
  refuses(palette_row(all({{2, 0, 0}, {1, 2}})), "other bits");
  refuses(palette_row(all({{0, 0, 16}, {1, 2}})), "65536 entries");
  refuses(palette_row(all({{5, 0, 16}, {1, 2}})), "5 entries");
  refuses(palette_row(all({{2, 0, 8}, {1, 256}})), "over its 8 bits");
  refuses(palette_row({good, {{2, 0, 16}, {1}}, good}), "differ in width");
}

TEST(ReadPicture, RefusesSegmentsThatDoNotFit) {
  const auto segments = [](Words16 words) {
    const PhantomTable table{{4, 0, 16}, std::move(words)};
    return palette_row({table, table, table}, true);
  };
  refuses(segments({1, 4, 9}), "without a value to start from");
  refuses(segments({0, 5, 1, 2, 3, 4, 5}), "too many entries");
  refuses(segments({0, 4, 1, 2, 3}), "past the data");
  refuses(segments({0, 2, 1, 2}), "give 2 entries");
  refuses(segments({0, 2, 1, 2, 2, 1, 0, 0}), "indirect");
  refuses(segments({9, 1, 1}), "unknown type");
}

TEST(ReadPicture, RefusesASupplementalPalette) {
  for (const char* presentation : {"COLOR", "MIXED"}) {
    PhantomSeries series = grey_row(0, 1, 16, false);
    series.edit = [&](DcmDataset& data, std::size_t) {
      data.putAndInsertString(DCM_PixelPresentation, presentation);
    };
    refuses(series, "supplemental palette");
  }
}

TEST(ReadPicture, RefusesAPictureOverTheLimitBeforeItIsMade) {
  Limits limits;
  limits.max_frame_bytes = 11;  // three grey pixels take 12 bytes, their frame 6
  refuses(grey_row(0, 1, 16, false), "3 x 1 pixels", limits);
  limits.max_frame_bytes = 12;
  EXPECT_EQ(picture_of(grey_row(0, 1, 16, false), 0, limits).columns, 3);
}

TEST(ReadPicture, RefusesAFrameThatIsNotThere) {
  for (const int frame : {-1, 1}) {
    expect_error(ErrorCode::bad_argument, "no such frame",
                 [&] { picture_of(grey_row(0, 1, 16, false), frame); });
  }
}

}  // namespace
}  // namespace osler::dicom
