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

/// Native pixel data of this format hold two samples for each pixel: Y Y Cb Cr for two pixels.
inline bool is_native_422(const PixelFormat& format) {
  return format.photometric_interpretation == "YBR_FULL_422";
}

/// Where each frame lies. `read_frame` may be called from several threads.
class FrameReader {
 public:
  /// @throws Error bad_input: no pixel data, too few bytes or fragments for the frames, a list of
  /// fragments that takes more memory than a header may have bytes
  FrameReader(const Instance& instance, const Limits& limits);

  /// One codestream, its fragments joined. @param frame  from 0
  /// @throws Error bad_input: a codestream over Limits::max_frame_bytes
  std::vector<std::byte> codestream(int frame) const;
  /// Native only: the samples as they are stored, straight into `out`, native_frame_bytes of them.
  void read_native(int frame, std::span<std::byte> out) const;

  /// Native only: bytes of Pixel Data as they would be in little endian, whatever frame they are
  /// of.
  /// @param offset  from the beginning of Pixel Data
  void read_native_bytes(std::uint64_t offset, std::span<std::byte> out) const;

  std::uint64_t native_frame_bytes() const { return native_frame_bytes_; }
  const TransferSyntax& syntax() const { return *syntax_; }
  bool big_endian() const { return syntax_->encoding.big_endian; }

 private:
  void find_bits(const Instance& instance);
  void find_fragments(const Instance& instance);
  void group_fragments(const std::vector<std::uint64_t>& offset_table, std::size_t frames);
  bool group_by_offsets(const std::vector<std::uint64_t>& offset_table, std::size_t frames);
  void group_by_markers(std::size_t frames);

  const TransferSyntax* syntax_;
  std::unique_ptr<ByteSource> bytes_;
  std::uint64_t native_offset_ = 0;
  std::uint64_t native_frame_bytes_ = 0;
  std::uint64_t max_frame_bytes_ = 0;
  std::size_t max_fragments_ = 0;
  bool swapped_in_pairs_ = false;     ///< 8-bit values in big-endian words
  std::uint64_t first_fragment_ = 0;  ///< where the item after the offset table begins
  std::vector<ByteRange> fragments_;
  std::vector<std::vector<ByteRange>> frames_;
};

}  // namespace osler::dicom
