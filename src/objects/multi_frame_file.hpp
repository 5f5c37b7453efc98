#pragma once
// Large multi-frame objects, written as they come: frames' functional groups and pixels are never
// held as a tree.

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <vector>

class DcmFileFormat;
class DcmItem;
class DcmTagKey;

namespace osler::objects {

/// One item of a sequence, encoded (Explicit VR Little Endian, explicit length), with places that
/// can be written over: frames that differ in a few numbers are encoded once.
class EncodedItem {
 public:
  explicit EncodedItem(DcmItem& item);

  /// Writes over the binary value of an element anywhere inside the item, the first of this tag.
  /// @throws Error internal if there is none of so many bytes
  void overwrite(const DcmTagKey& tag, std::span<const std::uint8_t> value);

  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

enum class PixelEncoding {
  explicit_little_endian,
  rle,  ///< RLE Lossless, PS3.5 annex G
};

/// A file in the making: what stands before Per-Frame Functional Groups at once, then the items,
/// then the pixels. Nothing may be missing at the end: `finish` looks.
class MultiFrameFile {
 public:
  /// @param object  everything with a lower tag than (5200,9230)
  /// @throws Error output
  MultiFrameFile(DcmFileFormat& object, std::filesystem::path file, PixelEncoding encoding);

  /// @param items  each as EncodedItem::bytes. @throws Error output: more than 4 GiB, disk full
  void put_frame_groups(std::span<const std::string> items);

  /// Opens the pixel data: of so many bytes, which follow in parts of any size. Odd lengths are
  /// padded.
  /// @param words  pixels of more than 8 bits: OW, else OB
  /// @throws Error output
  void begin_pixels(std::uint64_t bytes, bool words = false);
  void put_pixels(std::span<const std::uint8_t> part);

  /// Pixel data frame by frame, each a fragment (RLE).
  void put_fragments(std::span<const std::string> frames);

  /// @throws Error output if not all of it reached the disk
  void finish();

 private:
  void put(std::string_view bytes);
  void put_header(const DcmTagKey& tag, const char* vr, std::uint32_t length);

  std::filesystem::path file_;
  std::ofstream out_;
  std::uint64_t size_ = 0;   ///< that the file must have
  std::uint64_t still_ = 0;  ///< bytes of pixels that are announced and not there yet
  bool padded_ = false;
};

/// A new file of the same object, its data set compressed (Deflated Explicit VR Little Endian).
/// @throws Error output
void deflate_file(const std::filesystem::path& file);

/// One frame as PackBits segments, one per byte of a sample, high bytes first (PS3.5 annex G), each
/// row encoded for itself.
/// @param bytes_per_sample  1 or 2
std::string rle_frame(std::span<const std::uint8_t> samples, std::int64_t columns,
                      int bytes_per_sample);

}  // namespace osler::objects
