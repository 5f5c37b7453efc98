#pragma once
// Stored pixel values out of a file, whatever the transfer syntax.

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "dicom/scan.hpp"
#include "dicom/study.hpp"

namespace osler::dicom {

/// Bytes of one decoded frame: rows x columns x samples x (bits allocated / 8).
/// @throws Error bad_input if a dimension is not positive, bits allocated is not 8, 16 or 32, or the
/// frame is larger than the limit
std::size_t frame_bytes(const PixelFormat& format, const Limits& limits = {});

/// Decodes a single-frame instance into `out`: values cut out at High Bit / Bits Stored and sign
/// extended to Bits Allocated, native byte order, rows top to bottom.
/// @param out exactly frame_bytes(instance.pixels) bytes
/// @throws Error bad_input: truncated or damaged pixel data, or a transfer syntax that is not decoded
void decode_frame(const Instance& instance, std::span<std::byte> out, const Limits& limits = {});

/// "Explicit VR Little Endian", or the UID itself if it is not known.
std::string transfer_syntax_name(std::string_view uid);

}  // namespace osler::dicom
