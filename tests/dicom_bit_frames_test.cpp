// Frames of one bit a pixel, and deflated frames, in files made by hand.

#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

#include "dicom/bit_frames.hpp"
#include "dicom/items.hpp"
#include "dicom/pixels.hpp"
#include "dicom_bytes.hpp"
#include "temporary_folder.hpp"
#include "throws.hpp"

namespace osler::dicom {
namespace {

using testing::element;
using testing::item_head;
using testing::little_endian;
using testing::long_head;
using Pixels = std::vector<std::uint8_t>;

constexpr char kNative[] = "1.2.840.10008.1.2.1";
constexpr char kRle[] = "1.2.840.10008.1.2.5";
constexpr char kDeflatedFrame[] = "1.2.840.10008.1.2.8.1";

std::string us(std::uint32_t tag, int value) {
  return element(tag, "US", little_endian(static_cast<std::uint64_t>(value), 2));
}

/// 3 x 5 pixels.
std::string image(const std::string& syntax, int bits, int frames, const std::string& pixel_data,
                  int samples = 1) {
  return testing::part10_head("1.2.840.10008.5.1.4.1.1.66.4", syntax) +
         element(0x00080016, "UI", "1.2.840.10008.5.1.4.1.1.66.4") +
         element(0x00080018, "UI", "1.2.3.1") + element(0x0020000D, "UI", "1.2.3.2") +
         element(0x0020000E, "UI", "1.2.3.3") + us(0x00280002, samples) +
         element(0x00280008, "IS", std::to_string(frames)) + us(0x00280010, 3) + us(0x00280011, 5) +
         us(0x00280100, bits) + us(0x00280101, bits) + us(0x00280102, bits - 1) +
         us(0x00280103, 0) + pixel_data;
}

std::string native(const std::string& bytes) {
  return long_head(0x7FE00010, "OB", static_cast<std::uint32_t>(bytes.size())) + bytes;
}

std::string encapsulated(const std::vector<std::string>& frames) {
  std::string data = long_head(0x7FE00010, "OB", 0xFFFFFFFF) + item_head(0xFFFEE000, 0);
  for (std::string frame : frames) {
    if (frame.size() % 2 != 0) frame += '\0';
    data += item_head(0xFFFEE000, static_cast<std::uint32_t>(frame.size())) + frame;
  }
  return data + item_head(0xFFFEE0DD, 0);
}

/// RFC 1951 3.2.4: one stored block, the last.
std::string deflated(const std::string& bytes) {
  return '\1' + little_endian(bytes.size(), 2) + little_endian(~bytes.size() & 0xFFFF, 2) + bytes;
}

Instance scanned(const testing::TemporaryFolder& folder, const std::string& bytes) {
  const std::filesystem::path file = folder.path() / "image.dcm";
  std::ofstream(file, std::ios::binary)
      .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  const std::vector<std::filesystem::path> inputs{file};
  return scan(inputs).studies.at(0).series.at(0).instances.at(0);
}

Pixels decoded(const std::string& bytes, int frame) {
  const testing::TemporaryFolder folder;
  const Instance instance = scanned(folder, bytes);
  Pixels pixels(15);
  BitFrames(instance).decode(frame, pixels);
  return pixels;
}

// Frame 0: bits 0 to 14 of the bytes 0x15 0xC0; frame 1: bits 15 to 29. By hand, least significant
// bit first: 0x15 = 1 0 1 0 1 0 0 0, 0xC0 = 0 0 0 0 0 0 1 1, 0x7F = 1 1 1 1 1 1 1 0, 0x20 = 0 0 0 0
// 0 1 0 0.
const std::string kBits("\x15\xC0\x7F\x20", 4);
const Pixels kFirst = {1, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
const Pixels kSecond = {1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 1};

TEST(BitFrames, NativeFramesShareBytes) {
  const std::string file = image(kNative, 1, 2, native(kBits));
  EXPECT_EQ(decoded(file, 0), kFirst);
  EXPECT_EQ(decoded(file, 1), kSecond);
}

TEST(BitFrames, CompressedFramesBeginWithAByte) {
  // The second frame as bytes of its own: 1 1 1 1 1 1 1 1, 0 0 0 0 0 0 1.
  const std::string one = "\x15\x40", two = "\xFF\x40";
  const std::string plain =
      image(kDeflatedFrame, 1, 2, encapsulated({deflated(one), deflated(two)}));
  EXPECT_EQ(decoded(plain, 0), kFirst);
  EXPECT_EQ(decoded(plain, 1), kSecond);
  // One segment at byte 64: a literal run of two bytes.
  const std::string head = little_endian(1, 4) + little_endian(64, 4) + std::string(56, '\0');
  const std::string rle = image(kRle, 1, 2, encapsulated({head + '\1' + one, head + '\1' + two}));
  EXPECT_EQ(decoded(rle, 0), kFirst);
  EXPECT_EQ(decoded(rle, 1), kSecond);
}

TEST(BitFrames, RefusesWhatIsCutOffOrOfOtherPixels) {
  using testing::expect_error;
  const auto refused = [](const char* word, const std::string& file) {
    expect_error(ErrorCode::bad_input, word, [&] { decoded(file, 0); });
  };
  refused("truncated", image(kNative, 1, 3, native(kBits)));
  refused("one bit", image(kNative, 8, 1, native(std::string(16, '\0'))));
  refused("one bit", image(kNative, 1, 1, native(kBits), 3));
  refused("deflated", image(kDeflatedFrame, 1, 1, encapsulated({deflated("\x15")})));
  refused("deflated", image(kDeflatedFrame, 1, 1, encapsulated({"no deflate stream"})));
  refused("cannot be decoded", image("1.2.840.10008.1.2.4.80", 1, 1, encapsulated({"xx"})));
  expect_error(ErrorCode::bad_argument, "no such frame",
               [&] { decoded(image(kNative, 1, 2, native(kBits)), 2); });
}

TEST(FrameDecoder, DeflatedFramesOfBytes) {
  const testing::TemporaryFolder folder;
  std::string bytes;
  for (int i = 0; i < 15; ++i) bytes += static_cast<char>(17 * i);
  const Instance instance =
      scanned(folder, image(kDeflatedFrame, 8, 1, encapsulated({deflated(bytes)})));
  std::vector<std::byte> out(15);
  FrameDecoder(instance).decode(0, out);
  for (std::size_t i = 0; i < 15; ++i) EXPECT_EQ(static_cast<unsigned>(out[i]), 17 * i);
}

TEST(Items, ReadWhatIsAskedForAndNestedAsDeepAsAllowed) {
  const testing::TemporaryFolder folder;
  // Segment Sequence, whose item has a number, a label and a sequence that nobody asked for.
  const std::string inner = us(0x00620004, 7) + element(0x00620005, "LO", "Tumour \\ two") +
                            long_head(0x00620003, "SQ", 0);
  std::string file = image(kNative, 1, 2, {});
  file += long_head(0x00620002, "SQ", static_cast<std::uint32_t>(inner.size() + 8)) +
          item_head(0xFFFEE000, static_cast<std::uint32_t>(inner.size())) + inner;
  file += element(0x30060050, "DS", "1.5\\-2\\3e2 ") + native(kBits);
  const Instance instance = scanned(folder, file);
  const Item item = read_items(instance, {0x00620002, 0x00620004, 0x30060050});
  ASSERT_EQ(item.items(0x00620002).size(), 1U);
  EXPECT_EQ(item.item(0x00620002).word(0x00620004), 7);
  EXPECT_EQ(item.item(0x00620002).text(0x00620005), "") << "not asked for";
  EXPECT_EQ(item.numbers(0x30060050), (std::vector<double>{1.5, -2, 300}));
  EXPECT_TRUE(item.items(0x00081199).empty());
  EXPECT_FALSE(item.item(0x00081199).word(0x00620004));

  // Items in items without end: refused, not followed.
  std::string deep;
  for (int i = 0; i < 5000; ++i) {
    deep += long_head(0x00620002, "SQ", 0xFFFFFFFF) + item_head(0xFFFEE000, 0xFFFFFFFF);
  }
  Instance again = scanned(folder, image(kNative, 1, 2, native(kBits)));
  std::ofstream(folder.path() / "image.dcm", std::ios::binary) << image(kNative, 1, 2, {}) << deep;
  testing::expect_error(ErrorCode::bad_input, "deep", [&] { read_items(again, {0x00620002}); });
}

}  // namespace
}  // namespace osler::dicom
