#pragma once
// One codestream -> stored values. Inside the room only.

#include <cstddef>
#include <span>

#include "dicom/study.hpp"
#include "dicom/transfer_syntax.hpp"

namespace osler::dicom {

/// What a decoder is told of the frame that it has to fill.
struct FrameFormat {
  int rows = 0;
  int columns = 0;
  int samples = 1;
  int bits_allocated = 16;
  int bits_stored = 16;
  bool is_signed = false;
};

/// Each fills `out` (rows x columns x samples x bits allocated / 8 bytes, native byte order,
/// samples of a pixel together) or throws Error bad_input: damaged, or of another size than the
/// header says.
void decode_rle(std::span<const std::byte> codestream, const FrameFormat&,
                std::span<std::byte> out);
void decode_jpeg_2000(std::span<const std::byte> codestream, const FrameFormat&,
                      std::span<std::byte> out);
void decode_jpeg_ls(std::span<const std::byte> codestream, const FrameFormat&,
                    std::span<std::byte> out);
/// A raw deflate stream (Deflated Image Frame Compression, PS3.5 A.4.13) that fills `out`.
void decode_deflated(std::span<const std::byte> codestream, std::span<std::byte> out);
/// Baseline, extended and lossless. @param instance  for its photometric interpretation and syntax
void decode_jpeg(std::span<const std::byte> codestream, const Instance& instance,
                 std::span<std::byte> out);

}  // namespace osler::dicom
