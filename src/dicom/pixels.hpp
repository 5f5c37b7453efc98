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

/// What the samples of a decoded pixel are; coloured ones are three.
enum class ColourModel { grey, palette, rgb, ybr_full };

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
  /// order, rows top to bottom, the samples of a pixel together whatever Planar Configuration is.
  /// Chrominance that is stored for two pixels (YBR_FULL_422) is given to both. A lossy codec's
  /// values that overshoot Bits Stored are left as they are.
  /// @param frame  from 0
  /// @param out    exactly frame_bytes(instance.pixels) bytes
  /// @throws Error bad_input: damaged pixel data, or a transfer syntax that is not decoded
  void decode(int frame, std::span<std::byte> out) const;

  /// What the samples that `decode` gives are. They are as coded, but for JPEG 2000: its YBR_RCT
  /// and YBR_ICT come out as RGB. In JPEG of three components the codestream goes before
  /// Photometric Interpretation where the two disagree: JFIF means YCbCr, Adobe's segment says
  /// which, components named R, G, B are those.
  /// @throws Error bad_input, by name, for colours that are not read
  ColourModel colour_model(int frame) const;

 private:
  void check_frame(int frame) const;

  struct State;
  std::unique_ptr<State> state_;
};

/// One frame, for a caller who wants no more of the instance.
void decode_frame(const Instance& instance, int frame, std::span<std::byte> out,
                  const Limits& limits = {});

/// "Explicit VR Little Endian", or the UID itself if it is not known.
std::string transfer_syntax_name(std::string_view uid);

}  // namespace osler::dicom
