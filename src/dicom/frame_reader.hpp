#pragma once
// Frames out of one object. Inside the room only.

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "dicom/byte_source.hpp"
#include "dicom/scan.hpp"
#include "dicom/study.hpp"
#include "dicom/transfer_syntax.hpp"

namespace osler::dicom {

/// A run of bytes in the file.
struct ByteRange {
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};

/// Where each frame lies. `read_frame` may be called from several threads.
class FrameReader {
 public:
  /// @throws Error bad_input: no pixel data, too few bytes or fragments for the frames
  FrameReader(const Instance& instance, const Limits& limits);

  /// The frame's bytes as they are stored: native (then exactly frame_bytes), or one codestream,
  /// its fragments joined. @param frame  from 0
  std::vector<std::byte> codestream(int frame) const;
  /// Native only: straight into `out`.
  void read_native(int frame, std::span<std::byte> out) const;

  const TransferSyntax& syntax() const { return *syntax_; }
  bool big_endian() const { return syntax_->encoding.big_endian; }

 private:
  void find_fragments(const Instance& instance);
  void group_fragments(const std::vector<std::uint64_t>& offset_table, std::size_t frames);
  bool group_by_offsets(const std::vector<std::uint64_t>& offset_table, std::size_t frames);
  void group_by_markers(std::size_t frames);

  const TransferSyntax* syntax_;
  std::unique_ptr<ByteSource> bytes_;
  std::uint64_t native_offset_ = 0;
  std::uint64_t native_frame_bytes_ = 0;
  std::uint64_t first_fragment_ = 0;  ///< where the item after the offset table begins
  std::vector<ByteRange> fragments_;
  std::vector<std::vector<ByteRange>> frames_;
};

}  // namespace osler::dicom
