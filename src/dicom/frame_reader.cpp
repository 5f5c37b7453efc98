#include "dicom/frame_reader.hpp"

#include <algorithm>
#include <limits>

#include "core/error.hpp"
#include "dicom/data_set.hpp"
#include "dicom/element_reader.hpp"
#include "dicom/pixels.hpp"

namespace osler::dicom {
namespace {

constexpr std::uint32_t kItem = 0xFFFEE000;
constexpr std::uint64_t kItemHeaderBytes = 8;

/// Bytes of one frame as native pixel data store it: where YBR_FULL_422 (PS3.3 C.7.6.3.1.2) has two
/// pixels, four samples stand instead of six.
std::uint64_t native_bytes(const PixelFormat& p, const Limits& limits) {
  const std::uint64_t bytes = frame_bytes(p, limits);
  if (p.samples_per_pixel == 1) return bytes;
  if (p.planar_configuration != 0 && p.planar_configuration != 1) {
    throw Error(ErrorCode::bad_input,
                "Planar Configuration " + std::to_string(p.planar_configuration), "0 or 1");
  }
  if (!is_native_422(p)) return bytes;
  if (p.columns % 2 != 0 || p.planar_configuration != 0 || p.samples_per_pixel != 3) {
    throw Error(ErrorCode::bad_input,
                "YBR_FULL_422 of " + std::to_string(p.columns) + " columns, Planar Configuration " +
                    std::to_string(p.planar_configuration) + ", " +
                    std::to_string(p.samples_per_pixel) + " samples",
                "an even number of columns, 0, 3");
  }
  return bytes / 3 * 2;
}

/// The scan has found out how the file is laid out: only a deflated one is opened anew as a data
/// set, for it has to be inflated once more.
std::unique_ptr<ByteSource> open_bytes(const Instance& instance, const TransferSyntax& syntax,
                                       const Limits& limits) {
  if (!syntax.deflated) return std::make_unique<ByteSource>(instance.file);
  auto data = DataSet::open(instance.file, limits);
  if (!data) throw Error(ErrorCode::bad_input, "is no longer a DICOM file");
  return data->release();
}

std::uint32_t little_endian_32(std::span<const std::byte> b) {
  return static_cast<std::uint32_t>(b[0]) | static_cast<std::uint32_t>(b[1]) << 8 |
         static_cast<std::uint32_t>(b[2]) << 16 | static_cast<std::uint32_t>(b[3]) << 24;
}

}  // namespace

FrameReader::FrameReader(const Instance& instance, const Limits& limits)
    : syntax_(&transfer_syntax(instance.transfer_syntax_uid)),
      bytes_(open_bytes(instance, *syntax_, limits)),
      max_frame_bytes_(static_cast<std::uint64_t>(limits.max_frame_bytes)),
      max_fragments_(static_cast<std::size_t>(limits.max_header_bytes) / sizeof(ByteRange)) {
  bytes_->limit_views(std::numeric_limits<std::uint64_t>::max());  // past the header
  if (!instance.has_pixel_data) throw Error(ErrorCode::bad_input, "no pixel data");
  if (instance.pixels.frames < 1) throw Error(ErrorCode::bad_input, "no frames");
  if (syntax_->codec != Codec::none) {
    find_fragments(instance);
    return;
  }

  if (instance.pixels.bits_allocated == 1) {
    find_bits(instance);
    return;
  }
  native_offset_ = instance.pixel_data_offset;
  native_frame_bytes_ = native_bytes(instance.pixels, limits);
  swapped_in_pairs_ =
      big_endian() && instance.pixel_data_is_ow && instance.pixels.bits_allocated == 8;
  const auto frames = static_cast<std::uint64_t>(instance.pixels.frames);
  const auto stored = static_cast<std::uint64_t>(instance.pixel_data_bytes);
  if (stored / native_frame_bytes_ < frames ||
      native_offset_ + frames * native_frame_bytes_ > bytes_->size()) {
    throw Error(ErrorCode::bad_input, "pixel data truncated: " + std::to_string(stored) + " bytes",
                std::to_string(frames) + " frames of " + std::to_string(native_frame_bytes_),
                "send the study again");
  }
  if (is_native_422(instance.pixels) && stored >= frames * native_frame_bytes_ / 2 * 3) {
    throw Error(ErrorCode::bad_input, "YBR_FULL_422 with three samples for each pixel",
                "two, or Photometric Interpretation YBR_FULL or RGB");
  }
}

/// Frames of bits have no bytes of their own: a byte may hold the end of one and the begin of the
/// next.
void FrameReader::find_bits(const Instance& instance) {
  const PixelFormat& p = instance.pixels;
  native_offset_ = instance.pixel_data_offset;
  swapped_in_pairs_ = big_endian() && instance.pixel_data_is_ow;
  const std::uint64_t pixels =
      static_cast<std::uint64_t>(p.rows) * static_cast<std::uint64_t>(p.columns);
  const std::uint64_t needed = (pixels * static_cast<std::uint64_t>(p.frames) + 7) / 8;
  const auto stored = static_cast<std::uint64_t>(instance.pixel_data_bytes);
  if (stored < needed || native_offset_ + needed > bytes_->size()) {
    throw Error(ErrorCode::bad_input, "pixel data truncated: " + std::to_string(stored) + " bytes",
                std::to_string(needed), "send the study again");
  }
}

void FrameReader::find_fragments(const Instance& instance) {
  ElementReader items(*bytes_, instance.pixel_data_offset, bytes_->size(), {true, false});
  std::vector<std::uint64_t> offsets;
  Element item;
  bool first = true;
  while (items.next(item)) {
    if (item.tag != kItem || item.length == kUndefinedLength) {
      throw Error(ErrorCode::bad_input,
                  "encapsulated pixel data hold something that is no fragment");
    }
    if (first) {
      // A table of another length tells nothing.
      const bool fits = item.length / 4 == static_cast<std::uint32_t>(instance.pixels.frames);
      for (std::uint32_t i = 0; fits && i + 4 <= item.length; i += 4) {
        offsets.push_back(little_endian_32(bytes_->view(item.offset + i, 4)));
      }
      first_fragment_ = item.offset + item.length;
    } else {
      fragments_.push_back({item.offset, item.length});
    }
    if (fragments_.size() > max_fragments_) throw Error(ErrorCode::bad_input, "too many fragments");
    first = false;
    items.skip(item);
  }
  group_fragments(offsets, static_cast<std::size_t>(instance.pixels.frames));
}

/// One frame owns all fragments; as many fragments as frames are one each; else the Basic Offset
/// Table tells, and without one a fragment that begins with a codec's start marker begins a frame.
void FrameReader::group_fragments(const std::vector<std::uint64_t>& offset_table,
                                  std::size_t frames) {
  if (fragments_.size() < frames) {
    throw Error(ErrorCode::bad_input,
                "pixel data truncated: " + std::to_string(fragments_.size()) + " fragments",
                "at least " + std::to_string(frames), "send the study again");
  }
  if (frames == 1) {
    frames_.push_back(fragments_);
  } else if (fragments_.size() == frames) {
    for (const ByteRange& fragment : fragments_) frames_.push_back({fragment});
  } else if (!group_by_offsets(offset_table, frames)) {
    group_by_markers(frames);
  }
}

bool FrameReader::group_by_offsets(const std::vector<std::uint64_t>& offset_table,
                                   std::size_t frames) {
  if (offset_table.size() != frames) return false;
  for (const ByteRange& fragment : fragments_) {
    const std::uint64_t offset = fragment.offset - kItemHeaderBytes - first_fragment_;
    if (frames_.size() < frames && offset_table[frames_.size()] == offset) frames_.emplace_back();
    if (frames_.empty()) return false;
    frames_.back().push_back(fragment);
  }
  if (frames_.size() == frames) return true;
  frames_.clear();
  return false;
}

void FrameReader::group_by_markers(std::size_t frames) {
  for (const ByteRange& fragment : fragments_) {
    bool starts = false;
    if (fragment.length >= 2) {
      const auto head = bytes_->view(fragment.offset, 2);
      const bool jpeg = head[0] == std::byte{0xFF} && head[1] == std::byte{0xD8};
      const bool jpeg_2000 = head[0] == std::byte{0xFF} && head[1] == std::byte{0x4F};
      starts = jpeg || jpeg_2000;
    }
    if (starts) frames_.emplace_back();
    if (!frames_.empty()) frames_.back().push_back(fragment);
  }
  if (frames_.size() != frames) {
    throw Error(ErrorCode::bad_input,
                std::to_string(fragments_.size()) + " fragments without a usable offset table",
                std::to_string(frames) + " frames");
  }
}

std::vector<std::byte> FrameReader::codestream(int frame) const {
  const auto& parts = frames_.at(static_cast<std::size_t>(frame));
  std::uint64_t size = 0;
  for (const ByteRange& part : parts) size += part.length;
  if (size > max_frame_bytes_) {
    throw Error(ErrorCode::bad_input, "a compressed frame of " + std::to_string(size) + " bytes",
                "at most " + std::to_string(max_frame_bytes_));
  }
  std::vector<std::byte> bytes(static_cast<std::size_t>(size));
  std::size_t at = 0;
  for (const ByteRange& part : parts) {
    const auto length = static_cast<std::size_t>(part.length);
    bytes_->read(part.offset, std::span(bytes).subspan(at, length));
    at += length;
  }
  return bytes;
}

void FrameReader::read_native(int frame, std::span<std::byte> out) const {
  read_native_bytes(static_cast<std::uint64_t>(frame) * native_frame_bytes_, out);
}

void FrameReader::read_native_bytes(std::uint64_t offset, std::span<std::byte> out) const {
  const std::uint64_t at = native_offset_ + offset;
  if (!swapped_in_pairs_) return bytes_->read(at, out);
  // Bytes are swapped in pairs from the beginning of Pixel Data, and frames may be of odd length.
  const std::size_t before = offset % 2;
  std::vector<std::byte> pairs(before + out.size() + (before + out.size()) % 2);
  bytes_->read(at - before, pairs);
  for (std::size_t i = 0; i < pairs.size(); i += 2) std::swap(pairs[i], pairs[i + 1]);
  std::copy_n(pairs.begin() + static_cast<std::ptrdiff_t>(before), out.size(), out.begin());
}

}  // namespace osler::dicom
