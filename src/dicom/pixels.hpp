#pragma once
// Stored pixel values out of a file, whatever the transfer syntax.

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "dicom/scan.hpp"
#include "dicom/study.hpp"

namespace osler::dicom {

/// Bytes of one decoded frame: rows x columns x samples x (bits allocated / 8).
/// @throws Error bad_input if a dimension is not positive, bits allocated is not 8, 16 or 32, or
/// the frame is larger than the limit
std::size_t frame_bytes(const PixelFormat& format, const Limits& limits = {});

/// Decodes the frames of one instance. `decode` may be called from several threads at once.
class FrameDecoder {
 public:
  /// Finds the frames in the file; decodes nothing. The instance must outlive the decoder.
  /// @throws Error bad_input: no or truncated pixel data, or a size over the limits
  explicit FrameDecoder(const Instance& instance, const Limits& limits = {});
  ~FrameDecoder();
  FrameDecoder(FrameDecoder&&) noexcept;
  FrameDecoder& operator=(FrameDecoder&&) = delete;

  /// Values cut out at High Bit / Bits Stored and sign extended to Bits Allocated, native byte
  /// order, rows top to bottom. A lossy codec's values that overshoot Bits Stored are left as they
  /// are.
  /// @param frame  from 0
  /// @param out    exactly frame_bytes(instance.pixels) bytes
  /// @throws Error bad_input: damaged pixel data, or a transfer syntax that is not decoded
  void decode(int frame, std::span<std::byte> out) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// One frame, for a caller who wants no more of the instance.
void decode_frame(const Instance& instance, int frame, std::span<std::byte> out,
                  const Limits& limits = {});

/// "Explicit VR Little Endian", or the UID itself if it is not known.
std::string transfer_syntax_name(std::string_view uid);

}  // namespace osler::dicom
