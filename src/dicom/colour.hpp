#pragma once
// Samples of coloured pixels: how they are laid out and what they mean. Inside the room only.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "dicom/pixels.hpp"

namespace osler::dicom {

/// Planes one after another -> samples of a pixel together.
/// @param bytes  of a sample
void interleave(std::span<const std::byte> planes, int samples, std::size_t bytes,
                std::span<std::byte> out);

/// Y Y Cb Cr for two pixels -> Y Cb Cr for each: both take the pair's chrominance, as DCMTK and
/// pydicom do. @param bytes  of a sample
void expand_422(std::span<const std::byte> pairs, std::size_t bytes, std::span<std::byte> out);

/// What the header says that pixels are, if the decoder changes nothing but YBR_RCT and YBR_ICT.
/// @throws Error bad_input, with its name, for what is not read (YBR_PARTIAL_420, HSV ...), or if
/// it does not go with the number of samples
ColourModel header_colour_model(const PixelFormat& format);

/// What three components of a JPEG are. The codestream goes before the header, in libjpeg's order:
/// a JFIF segment means YCbCr; Adobe's segment says which (transform 0 RGB, 1 YCbCr); components
/// named R, G, B are those. Only then does the header decide.
ColourModel jpeg_colour_model(std::span<const std::byte> codestream, ColourModel header);

/// Full-range YCbCr -> RGB in place (PS3.3 C.7.6.3.1.2, ITU-T T.871), rounded to the nearest
/// integer, halves up, and clamped. @param bits  of a sample: chrominance is 0 at 2^(bits - 1)
template <typename T>
void ybr_to_rgb(std::span<T> samples, int bits) {
  const double zero = static_cast<double>(1U << (bits - 1));
  const double white = static_cast<double>((1U << bits) - 1);
  const auto store = [white](double v) {
    return static_cast<T>(std::clamp(std::floor(v + 0.5), 0.0, white));
  };
  for (std::size_t i = 0; i + 3 <= samples.size(); i += 3) {
    const double y = samples[i], cb = samples[i + 1] - zero, cr = samples[i + 2] - zero;
    samples[i] = store(y + 1.402 * cr);
    samples[i + 1] = store(y - (0.114 * 1.772 * cb + 0.299 * 1.402 * cr) / 0.587);
    samples[i + 2] = store(y + 1.772 * cb);
  }
}

}  // namespace osler::dicom
