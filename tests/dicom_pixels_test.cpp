// Case numbers: docs/geometry.md.

#include "dicom/pixels.hpp"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dcpxitem.h>
#include <dcmtk/dcmdata/dctk.h>
#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "core/error.hpp"
#include "core/sha256.hpp"
#include "phantom_dicom.hpp"
#include "temporary_folder.hpp"
#include "test_data.hpp"
#include "throws.hpp"

namespace osler::dicom {
namespace {

namespace fs = std::filesystem;
using testing::expect_error;
using testing::PhantomSeries;
using testing::TemporaryFolder;

/// One slice whose value is 10 x + y + the offset, x = 0..4 and y = 0..3.
PhantomSeries small_slice(std::int64_t offset = 0) {
  PhantomSeries series;
  series.positions_mm = {{0, 0, 0}};
  series.stored = [offset](const Vec3& p) {
    return static_cast<std::int64_t>(10 * p[0] + p[1]) + offset;
  };
  return series;
}

template <typename T>
std::vector<T> expected_values(std::int64_t offset = 0) {
  std::vector<T> values;
  for (int y = 0; y < 4; ++y) {
    for (int x = 0; x < 5; ++x) values.push_back(static_cast<T>(10 * x + y + offset));
  }
  return values;
}

template <typename T>
std::vector<T> decode(const Instance& instance) {
  std::vector<T> values(frame_bytes(instance.pixels) / sizeof(T));
  decode_frame(instance, 0, std::as_writable_bytes(std::span(values)));
  return values;
}

Instance only_instance(const fs::path& folder) {
  return testing::read_only_series(folder).instances.at(0);
}

template <typename T>
std::vector<T> written_and_read(const PhantomSeries& series) {
  const TemporaryFolder folder;
  write_phantom(series, folder.path());
  return decode<T>(only_instance(folder.path()));
}

TEST(DecodeFrame, ReadsEveryUncompressedSyntax) {
  for (const E_TransferSyntax syntax :
       {EXS_LittleEndianImplicit, EXS_LittleEndianExplicit, EXS_BigEndianExplicit}) {
    PhantomSeries series = small_slice(-20);
    series.syntax = syntax;
    EXPECT_EQ(written_and_read<std::int16_t>(series), expected_values<std::int16_t>(-20)) << syntax;
  }
}

TEST(DecodeFrame, ReadsRleAndLosslessJpeg) {
  for (const E_TransferSyntax syntax : {EXS_RLELossless, EXS_JPEGProcess14SV1}) {
    PhantomSeries series = small_slice(1000);
    series.is_signed = false;
    series.syntax = syntax;
    EXPECT_EQ(written_and_read<std::uint16_t>(series), expected_values<std::uint16_t>(1000))
        << syntax;
  }
}

TEST(DecodeFrame, ExtendsTheSignOf12Of16Bits) {  // case 12
  PhantomSeries series = small_slice(-2048);
  series.bits_stored = 12;
  series.high_bit = 11;
  EXPECT_EQ(written_and_read<std::int16_t>(series), expected_values<std::int16_t>(-2048));
}

TEST(DecodeFrame, MasksWhatStandsBesideTheValue) {  // case 13
  for (const bool is_signed : {false, true}) {
    PhantomSeries series = small_slice(is_signed ? -40 : 4000);
    series.bits_stored = 12;
    series.high_bit = 11;
    series.is_signed = is_signed;
    series.garbage = 0xA000;
    if (is_signed) {
      EXPECT_EQ(written_and_read<std::int16_t>(series), expected_values<std::int16_t>(-40));
    } else {
      EXPECT_EQ(written_and_read<std::uint16_t>(series), expected_values<std::uint16_t>(4000));
    }
  }
}

TEST(DecodeFrame, ShiftsAValueThatDoesNotEndAtBit0) {
  PhantomSeries series = small_slice(-100);
  series.bits_stored = 12;
  series.high_bit = 13;
  series.garbage = 0xFFFF;
  EXPECT_EQ(written_and_read<std::int16_t>(series), expected_values<std::int16_t>(-100));
}

TEST(DecodeFrame, Reads8And32Bits) {
  PhantomSeries bytes = small_slice(200);
  bytes.bits_allocated = bytes.bits_stored = 8;
  bytes.high_bit = 7;
  bytes.is_signed = false;
  EXPECT_EQ(written_and_read<std::uint8_t>(bytes), expected_values<std::uint8_t>(200));
  bytes.syntax = EXS_LittleEndianImplicit;  // Pixel Data is OW there
  EXPECT_EQ(written_and_read<std::uint8_t>(bytes), expected_values<std::uint8_t>(200));

  PhantomSeries words = small_slice(-100'000);
  words.bits_allocated = words.bits_stored = 32;
  words.high_bit = 31;
  EXPECT_EQ(written_and_read<std::int32_t>(words), expected_values<std::int32_t>(-100'000));
}

TEST(DecodeFrame, SaysThatPixelDataAreTruncated) {
  const TemporaryFolder folder;
  PhantomSeries series = small_slice();
  series.edit = [](DcmDataset& data, std::size_t) {
    data.putAndInsertUint16Array(DCM_PixelData, std::vector<Uint16>(19).data(), 19);
  };
  write_phantom(series, folder.path());
  const Instance instance = only_instance(folder.path());
  expect_error(ErrorCode::bad_input, "truncated: 38 bytes",
               [&] { decode<std::int16_t>(instance); });
}

TEST(DecodeFrame, RefusesABufferOfAnotherSize) {
  const TemporaryFolder folder;
  write_phantom(small_slice(), folder.path());
  const Instance instance = only_instance(folder.path());
  std::vector<std::byte> out(39);
  expect_error(ErrorCode::bad_argument, "buffer", [&] { decode_frame(instance, 0, out); });
}

PixelFormat format_16() {
  PixelFormat format;
  format.rows = 512;
  format.columns = 256;
  format.bits_allocated = 16;
  format.bits_stored = 12;
  format.high_bit = 11;
  return format;
}

TEST(FrameBytes, IsRowsTimesColumnsTimesSamplesTimesBytes) {
  PixelFormat format = format_16();
  EXPECT_EQ(frame_bytes(format), 262144U);
  format.samples_per_pixel = 3;
  EXPECT_EQ(frame_bytes(format), 786432U);
}

TEST(FrameBytes, RefusesWhatIsNoImageBeforeItIsAllocated) {  // case 27
  PixelFormat huge = format_16();
  huge.rows = huge.columns = 65535;
  expect_error(ErrorCode::bad_input, "8589672450 bytes", [&] { frame_bytes(huge); });
  const auto refuses = [](int PixelFormat::*member, int value) {
    PixelFormat format = format_16();
    format.*member = value;
    expect_error(ErrorCode::bad_input, "", [&] { frame_bytes(format); });
  };
  refuses(&PixelFormat::rows, 0);
  refuses(&PixelFormat::columns, -1);
  refuses(&PixelFormat::samples_per_pixel, 0);
  refuses(&PixelFormat::bits_allocated, 1);
  refuses(&PixelFormat::bits_allocated, 64);
  refuses(&PixelFormat::bits_stored, 0);
  refuses(&PixelFormat::bits_stored, 17);
  refuses(&PixelFormat::high_bit, 16);
  refuses(&PixelFormat::high_bit, 10);
}

TEST(TransferSyntaxName, NamesTheKnownAndRepeatsTheUnknown) {
  EXPECT_EQ(transfer_syntax_name("1.2.840.10008.1.2.5"), "RLE Lossless");
  EXPECT_EQ(transfer_syntax_name("1.2.840.10008.1.2.4.201"), "HTJ2K Lossless");
  EXPECT_EQ(transfer_syntax_name("1.2.3.4"), "1.2.3.4");
}

// NEMA WG-04's images; digests of the uncompressed pixels (int16, row by row) by pydicom 3.0.2.
struct Wg04 {
  const char* image;
  const char* sha256;
};

class DecodeWg04 : public ::testing::TestWithParam<Wg04> {};

TEST_P(DecodeWg04, LosslessCodecsGiveTheUncompressedPixels) {
  const fs::path folder = testing::test_data() / "codecs_wg04";
  OSLER_NEEDS(folder, "codecs_wg04");
  for (const char* codec : {"_UNC", "_RLE", "_JPLL", "_JLSL", "_J2KR"}) {
    const std::vector<fs::path> file{folder / (std::string(GetParam().image) + codec)};
    const ScanResult found = scan(file);
    ASSERT_EQ(found.studies.size(), 1U) << codec;
    const auto values = decode<std::int16_t>(found.studies[0].series[0].instances[0]);
    EXPECT_EQ(sha256_hex(std::as_bytes(std::span(values))), GetParam().sha256) << codec;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Images, DecodeWg04,
    ::testing::Values(
        Wg04{"CT1", "1add6ede29758c6f0c68f01749ddc6c907e68a312be4eb9da8489e376e0bbd34"},
        Wg04{"MR1", "2541a628cb676972b37008a4fe6b5cce3df9866df62a77086bdffbe422064632"},
        Wg04{"MR3", "9d32a2a63e3980d08130da4606abab010d6de943e9d504deb80ccb910fe5aa45"}),
    [](const auto& info) { return info.param.image; });

// DCMTK 3.6.7 looks for a JPEG frame header for ever if a TEM marker stands before it.
TEST(DecodeFrame, RefusesAJpegThatWouldHangItsDecoder) {
  const Uint8 endless[] = {0xFF, 0xD8, 0xFF, 0x01, 0, 0x10, 0, 8, 0x4A, 0x46, 0x49, 0x46};
  const TemporaryFolder folder;
  PhantomSeries series;
  series.positions_mm = {{0, 0, 0}};
  const auto file = write_phantom(series, folder.path()).at(0);
  DcmFileFormat object;
  ASSERT_TRUE(object.loadFile(file.c_str()).good());
  object.loadAllDataIntoMemory();
  auto* sequence = new DcmPixelSequence(DCM_PixelSequenceTag);
  sequence->insert(new DcmPixelItem(DCM_PixelItemTag));
  auto* fragment = new DcmPixelItem(DCM_PixelItemTag);
  fragment->putUint8Array(endless, sizeof endless);
  sequence->insert(fragment);
  auto* pixels = new DcmPixelData(DCM_PixelData);
  pixels->putOriginalRepresentation(EXS_JPEGProcess14SV1, nullptr, sequence);
  object.getDataset()->insert(pixels, OFTrue);
  ASSERT_TRUE(object.saveFile(file.c_str(), EXS_JPEGProcess14SV1).good());
  const Instance instance = testing::read_only_series(folder.path()).instances.at(0);
  std::vector<std::byte> out(frame_bytes(instance.pixels));
  expect_error(ErrorCode::bad_input, "TEM", [&] { decode_frame(instance, 0, out); });
}

}  // namespace
}  // namespace osler::dicom
