// Each limit is told before the memory is asked for: a counting operator new says how much was
// held.

#include <gtest/gtest.h>
#include <malloc.h>

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <new>
#include <string>
#include <vector>

#include "dicom/pixels.hpp"
#include "dicom/scan.hpp"
#include "dicom_bytes.hpp"
#include "phantom_dicom.hpp"
#include "temporary_folder.hpp"
#include "throws.hpp"

namespace {

std::atomic<std::int64_t> held_bytes{0}, peak_bytes{0};

}  // namespace

void* operator new(std::size_t bytes) {
  void* place = std::malloc(bytes == 0 ? 1 : bytes);
  if (place == nullptr) throw std::bad_alloc();
  const auto held = held_bytes += static_cast<std::int64_t>(::malloc_usable_size(place));
  if (held > peak_bytes) peak_bytes = held;
  return place;
}
// Those that the standard library defines by the one above, and a sanitizer's by its own.
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {
  try {
    return operator new(bytes);
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}
void* operator new[](std::size_t bytes) {
  return operator new(bytes);
}
void operator delete[](void* place) noexcept {
  operator delete(place);
}
void operator delete[](void* place, std::size_t) noexcept {
  operator delete(place);
}
void operator delete(void* place) noexcept {
  if (place != nullptr) held_bytes -= static_cast<std::int64_t>(::malloc_usable_size(place));
  std::free(place);
}
void operator delete(void* place, std::size_t) noexcept {
  operator delete(place);
}

namespace osler::dicom {
namespace {

namespace fs = std::filesystem;
using testing::element;
using testing::expect_error;
using testing::item_head;
using testing::little_endian;
using testing::long_head;

constexpr std::int64_t kMiB = 1 << 20;
constexpr std::uint32_t kItem = 0xFFFEE000, kItemEnd = 0xFFFEE00D, kSequenceEnd = 0xFFFEE0DD;
constexpr std::uint32_t kUndefined = 0xFFFFFFFF;
const std::string kMr = "1.2.840.10008.5.1.4.1.1.4";
const std::string kRle = "1.2.840.10008.1.2.5";

/// Most bytes that `work` held beyond what was held before.
std::int64_t peak_of(const std::function<void()>& work) {
  const std::int64_t before = held_bytes;
  peak_bytes = before;
  work();
  return peak_bytes - before;
}

class LimitsHold : public ::testing::Test {
 protected:
  LimitsHold() {
    limits_.max_header_bytes = kMiB;
    limits_.max_frame_bytes = kMiB;
  }

  /// A file up to the elements that follow the identifiers.
  static std::string head(const std::string& syntax = "1.2.840.10008.1.2.1") {
    return testing::part10_head(kMr, syntax) + element(0x00080016, "UI", kMr) +
           element(0x00080018, "UI", "1.2.3.4.5") + element(0x0020000D, "UI", "1.2.3") +
           element(0x0020000E, "UI", "1.2.3.4");
  }
  static std::string image(int frames, int rows) {
    return element(0x00280002, "US", little_endian(1, 2)) +
           element(0x00280008, "IS", std::to_string(frames)) +
           element(0x00280010, "US", little_endian(static_cast<std::uint64_t>(rows), 2)) +
           element(0x00280011, "US", little_endian(static_cast<std::uint64_t>(rows), 2)) +
           element(0x00280100, "US", little_endian(16, 2)) +
           element(0x00280101, "US", little_endian(16, 2)) +
           element(0x00280102, "US", little_endian(15, 2)) +
           element(0x00280103, "US", little_endian(0, 2));
  }

  /// The only instance of a file with these bytes; `holes` more bytes take no space on the disk.
  Instance read(const std::string& bytes, std::uintmax_t holes = 0) {
    const fs::path file = folder_.path() / "a.dcm";
    testing::write_text(file, bytes);
    fs::resize_file(file, bytes.size() + holes);
    ScanResult found;
    scan_peak_ = peak_of([&] { found = scan(std::vector<fs::path>{file}, limits_); });
    return found.studies.at(0).series.at(0).instances.at(0);
  }

  const testing::TemporaryFolder folder_;
  Limits limits_;
  std::int64_t scan_peak_ = 0;
};

TEST_F(LimitsHold, OfAHeader) {
  std::string bytes = head();
  while (bytes.size() < 2 * kMiB) bytes += element(0x00210010, "LO", std::string(100, 'x'));
  EXPECT_NE(read(bytes).damage->find("header is over its limit"), std::string::npos);
  EXPECT_LT(scan_peak_, kMiB);
}

// A value that is skipped is not read, however long.
TEST_F(LimitsHold, OfAValue) {
  const auto length = static_cast<std::uint32_t>(64 * kMiB);
  const Instance found = read(head() + long_head(0x00280030, "UT", length), length);
  EXPECT_EQ(found.damage, "");
  EXPECT_FALSE(found.frames.at(0).spacing_mm);
  EXPECT_LT(scan_peak_, kMiB);
}

TEST_F(LimitsHold, OfADeflatedDataSet) {
  testing::PhantomSeries series;
  series.positions_mm = {{0, 0, 0}};
  series.syntax = EXS_DeflatedLittleEndianExplicit;
  series.edit = [](DcmDataset& data, std::size_t) {
    const std::vector<Uint8> zeros(64 * kMiB);
    data.putAndInsertString(DcmTag(0x0029, 0x0010, EVR_LO), "BOMB");
    data.putAndInsertUint8Array(DcmTag(0x0029, 0x1000, EVR_OB), zeros.data(), zeros.size());
  };
  write_phantom(series, folder_.path());
  ScanResult found;
  const auto peak = peak_of([&] { found = scan(std::vector<fs::path>{folder_.path()}, limits_); });
  EXPECT_NE(found.unreadable.at(0).reason.find("inflates to more than"), std::string::npos);
  // Twice the limit of 2 MiB and two blocks of 1 MiB: a vector that grows holds itself twice.
  EXPECT_LT(peak, 10 * kMiB);
}

TEST_F(LimitsHold, OfNestedSequences) {
  std::string bytes = head();
  for (int i = 0; i < 100; ++i) {
    bytes += long_head(0x00400275, "SQ", kUndefined) + item_head(kItem, kUndefined);
  }
  for (int i = 0; i < 100; ++i) bytes += item_head(kItemEnd, 0) + item_head(kSequenceEnd, 0);
  EXPECT_NE(read(bytes).damage->find("nested more than 64 deep"), std::string::npos);
}

TEST_F(LimitsHold, OfDescribedFrames) {
  std::string bytes = head() + long_head(0x52009230, "SQ", kUndefined);
  for (int i = 0; i < 100'000; ++i) bytes += item_head(kItem, 0);
  bytes += item_head(kSequenceEnd, 0);
  const Instance found = read(bytes);
  EXPECT_EQ(found.damage, "");
  EXPECT_LE(found.frames.size() * sizeof(Frame), static_cast<std::size_t>(kMiB));
  EXPECT_LT(scan_peak_, 4 * kMiB);
}

TEST_F(LimitsHold, OfAFrame) {
  const Instance found = read(head() + image(1, 60'000) + long_head(0x7FE00010, "OW", 8), 8);
  const auto peak = peak_of([&] {
    expect_error(ErrorCode::bad_input, "a frame of 7200000000 bytes",
                 [&] { FrameDecoder(found, limits_); });
  });
  EXPECT_LT(peak, kMiB);
}

TEST_F(LimitsHold, OfTheNumberOfFrames) {
  const Instance found =
      read(head() + image(2'147'483'647, 16) + long_head(0x7FE00010, "OW", 512), 512);
  const auto peak = peak_of([&] {
    expect_error(ErrorCode::bad_input, "2147483647 frames", [&] { FrameDecoder(found, limits_); });
  });
  EXPECT_LT(peak, kMiB);
}

TEST_F(LimitsHold, OfFragments) {
  std::string bytes = head(kRle) + image(1, 16) + long_head(0x7FE00010, "OB", kUndefined);
  for (int i = 0; i < 100'000; ++i) bytes += item_head(kItem, 0);
  const Instance found = read(bytes + item_head(kSequenceEnd, 0));
  const auto peak = peak_of([&] {
    expect_error(ErrorCode::bad_input, "too many fragments", [&] { FrameDecoder(found, limits_); });
  });
  EXPECT_LT(peak, 4 * kMiB);
}

TEST_F(LimitsHold, OfAnOffsetTable) {
  const auto length = static_cast<std::uint32_t>(64 * kMiB);
  const Instance found = read(head(kRle) + image(2, 16) + long_head(0x7FE00010, "OB", kUndefined) +
                                  item_head(kItem, length),
                              length);
  const auto peak = peak_of([&] {
    expect_error(ErrorCode::bad_input, "truncated", [&] { FrameDecoder(found, limits_); });
  });
  EXPECT_LT(peak, kMiB);
}

TEST_F(LimitsHold, OfACodestream) {
  const auto length = static_cast<std::uint32_t>(64 * kMiB);
  const Instance found = read(head(kRle) + image(1, 16) + long_head(0x7FE00010, "OB", kUndefined) +
                                  item_head(kItem, 0) + item_head(kItem, length),
                              length);
  std::vector<std::byte> frame(512);
  const auto peak = peak_of([&] {
    expect_error(ErrorCode::bad_input, "a compressed frame of 67108864 bytes",
                 [&] { decode_frame(found, 0, frame, limits_); });
  });
  EXPECT_LT(peak, kMiB);
}

}  // namespace
}  // namespace osler::dicom
