// High-Throughput JPEG 2000 (Part 15). The codestreams are OpenJPH's: tests/data/htj2k/README.md.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "dicom/pixels.hpp"
#include "phantom_dicom.hpp"
#include "temporary_folder.hpp"
#include "test_data.hpp"
#include "throws.hpp"

namespace osler::dicom {
namespace {

namespace fs = std::filesystem;

constexpr int kColumns = 40;
constexpr int kRows = 36;
// What OpenJPH's own reader is off at most, and 1 for another rounding of the wavelet's floats.
constexpr int kLossyTolerance = 10 + 1;

// tests/data/htj2k/README.md
int value_at(int x, int y) {
  return (50 * x + 31 * y + 7 * x * y % 97) % 4096;
}

std::string codestream(const char* name) {
  std::ifstream file(testing::project_source() / "tests" / "data" / "htj2k" / name,
                     std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string little_endian(std::uint32_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i) text += static_cast<char>(value >> (8 * i) & 0xFF);
  return text;
}

/// Explicit VR Little Endian (PS3.5 7.1.2), short form; lengths are made even.
std::string element(unsigned group, unsigned number, const char* vr, std::string value) {
  if (value.size() % 2 != 0) value += vr == std::string("UI") ? '\0' : ' ';
  return little_endian(group, 2) + little_endian(number, 2) + vr +
         little_endian(static_cast<std::uint32_t>(value.size()), 2) + value;
}

std::string us(unsigned group, unsigned number, unsigned value) {
  return element(group, number, "US", little_endian(value, 2));
}

std::string item(unsigned number, const std::string& value) {
  return little_endian(0xFFFE, 2) + little_endian(number, 2) +
         little_endian(static_cast<std::uint32_t>(value.size()), 4) + value;
}

struct Coded {
  std::string transfer_syntax_uid;
  std::string codestream;
  bool is_signed = false;
  unsigned bits_stored = 12;
};

/// A Part 10 file by hand: DCMTK 3.6.7 does not know these transfer syntaxes.
Instance written(const Coded& coded, const fs::path& folder) {
  std::string pixels = coded.codestream;
  if (pixels.size() % 2 != 0) pixels += '\0';
  const std::string pixel_data = little_endian(0x7FE0, 2) + little_endian(0x0010, 2) + "OB" +
                                 little_endian(0, 2) + little_endian(0xFFFFFFFF, 4) +
                                 item(0xE000, "") + item(0xE000, pixels) + item(0xE0DD, "");
  std::ofstream(folder / "image.dcm", std::ios::binary)
      << std::string(128, '\0') << "DICM" << element(2, 0x0010, "UI", coded.transfer_syntax_uid)
      << element(8, 0x0016, "UI", "1.2.840.10008.5.1.4.1.1.2") << element(8, 0x0018, "UI", "1.2.3")
      << element(8, 0x0060, "CS", "CT") << element(0x20, 0x000D, "UI", "1.2.3.1")
      << element(0x20, 0x000E, "UI", "1.2.3.2") << us(0x28, 0x0002, 1)
      << element(0x28, 0x0004, "CS", "MONOCHROME2") << us(0x28, 0x0010, kRows)
      << us(0x28, 0x0011, kColumns) << us(0x28, 0x0100, 16) << us(0x28, 0x0101, coded.bits_stored)
      << us(0x28, 0x0102, coded.bits_stored - 1) << us(0x28, 0x0103, coded.is_signed ? 1 : 0)
      << pixel_data;
  return testing::read_only_series(folder).instances.at(0);
}

std::vector<std::int16_t> decoded(const Coded& coded) {
  const testing::TemporaryFolder folder;
  const Instance instance = written(coded, folder.path());
  std::vector<std::int16_t> values(frame_bytes(instance.pixels) / 2);
  decode_frame(instance, 0, std::as_writable_bytes(std::span(values)));
  return values;
}

/// The most that a value differs from the formula's.
int most_off(const std::vector<std::int16_t>& values, int offset) {
  int most = 0;
  for (int y = 0; y < kRows; ++y) {
    for (int x = 0; x < kColumns; ++x) {
      const int value = values[static_cast<std::size_t>(y * kColumns + x)];
      most = std::max(most, std::abs(value - (value_at(x, y) + offset)));
    }
  }
  return most;
}

TEST(DecodeHtj2k, GivesTheValuesThatWereCodedWithoutLoss) {
  const Coded rpcl{"1.2.840.10008.1.2.4.202", codestream("lossless_rpcl.j2c")};
  EXPECT_EQ(most_off(decoded(rpcl), 0), 0);
  const Coded of_sign{"1.2.840.10008.1.2.4.201", codestream("lossless_signed.j2c"), true, 16};
  EXPECT_EQ(most_off(decoded(of_sign), -2048), 0);
}

TEST(DecodeHtj2k, IsAsNearAsItsEncodersOwnReaderToValuesCodedWithLoss) {
  const Coded lossy{"1.2.840.10008.1.2.4.203", codestream("lossy.j2c")};
  EXPECT_LE(most_off(decoded(lossy), 0), kLossyTolerance);
}

TEST(DecodeHtj2k, RefusesATruncatedCodestream) {
  Coded cut{"1.2.840.10008.1.2.4.202", codestream("lossless_rpcl.j2c")};
  cut.codestream.resize(cut.codestream.size() / 2);
  testing::expect_error(ErrorCode::bad_input, "truncated", [&] { decoded(cut); });
}

TEST(DecodeFrame, RefusesATransferSyntaxThatItDoesNotKnowByItsUid) {
  const Coded video{"1.2.840.10008.1.2.4.102", codestream("lossless_rpcl.j2c")};
  testing::expect_error(ErrorCode::bad_input,
                        "transfer syntax 1.2.840.10008.1.2.4.102 cannot be decoded",
                        [&] { decoded(video); });
}

}  // namespace
}  // namespace osler::dicom
