#include "dicom/frame_reader.hpp"

#include <algorithm>

#include "core/error.hpp"
#include "dicom/data_set.hpp"
#include "dicom/element_reader.hpp"
#include "dicom/pixels.hpp"

namespace osler::dicom {
namespace {

constexpr std::uint32_t kItem = 0xFFFEE000;
constexpr std::uint64_t kItemHeaderBytes = 8;
// A frame of fewer bytes is no image in any codec; guards the fragment table against bombs.
constexpr std::size_t kMaxFragments = 10'000'000;

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
      bytes_(open_bytes(instance, *syntax_, limits)) {
  if (!instance.has_pixel_data) throw Error(ErrorCode::bad_input, "no pixel data");
  if (instance.pixels.frames < 1) throw Error(ErrorCode::bad_input, "no frames");
  if (syntax_->codec != Codec::none) {
    find_fragments(instance);
    return;
  }

  native_offset_ = instance.pixel_data_offset;
  native_frame_bytes_ = frame_bytes(instance.pixels, limits);
  const std::uint64_t wanted =
      native_frame_bytes_ * static_cast<std::uint64_t>(instance.pixels.frames);
  const auto stored = static_cast<std::uint64_t>(instance.pixel_data_bytes);
  if (stored < wanted || native_offset_ + wanted > bytes_->size()) {
    throw Error(ErrorCode::bad_input, "pixel data truncated: " + std::to_string(stored) + " bytes",
                std::to_string(wanted) + " bytes", "send the study again");
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
      for (std::uint32_t i = 0; i + 4 <= item.length; i += 4) {
        offsets.push_back(little_endian_32(bytes_->view(item.offset + i, 4)));
      }
      first_fragment_ = item.offset + item.length;
    } else {
      fragments_.push_back({item.offset, item.length});
    }
    if (fragments_.size() > kMaxFragments) throw Error(ErrorCode::bad_input, "too many fragments");
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
  bytes_->read(native_offset_ + static_cast<std::uint64_t>(frame) * native_frame_bytes_, out);
}

}  // namespace osler::dicom
