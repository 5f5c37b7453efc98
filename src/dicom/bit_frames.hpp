#pragma once
// Frames of one bit a pixel, as segmentations hold them.

#include <cstdint>
#include <memory>
#include <span>

#include "dicom/scan.hpp"
#include "dicom/study.hpp"

namespace osler::dicom {

/// Bits Allocated 1, one sample a pixel. Native frames follow each other without padding (PS3.5
/// 8.1.1); in RLE and deflated frames each begins with a byte of its own; JPEG 2000 has one bit a
/// sample.
class BitFrames {
 public:
  /// Finds the frames in the file; decodes nothing. The instance must outlive this.
  /// @throws Error bad_input: other pixels, no or truncated pixel data, or a size over the limits
  explicit BitFrames(const Instance& instance, const Limits& limits = {});
  ~BitFrames();
  BitFrames(BitFrames&&) noexcept;

  /// @param frame  from 0
  /// @param out    rows x columns; receives 0 or 1
  /// @throws Error bad_input: damaged pixel data, or a transfer syntax that is not decoded;
  /// bad_argument: no such frame, or a buffer of another size
  void decode(int frame, std::span<std::uint8_t> out) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace osler::dicom
