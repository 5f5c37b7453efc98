#pragma once
// One frame as a viewer or a model of two-dimensional images takes it: grey real values, or RGB.

#include <array>
#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "dicom/scan.hpp"
#include "dicom/study.hpp"

namespace osler::dicom {

/// Where the size of a pixel stands in the header; the first of them that is there is taken.
enum class PixelSizeFrom {
  pixel_spacing,                 ///< in the patient, or calibrated
  imager_pixel_spacing,          ///< at the detector: things in the patient appear magnified
  nominal_scanned_pixel_spacing  ///< of a scanned film
};

struct PixelSize {
  std::array<double, 2> mm;  ///< {between rows, between columns}
  PixelSizeFrom from;
};

/// rows x columns pixels, row by row from the top left.
struct Picture {
  int rows = 0;
  int columns = 0;
  /// Grey: one real value a pixel in single precision, brighter is larger. RGB: three samples a
  /// pixel, in 8-bit words or, where a sample has more than 8 bits, in 16-bit words.
  std::variant<std::vector<float>, std::vector<std::uint8_t>, std::vector<std::uint16_t>> values;
  int colour_bits = 0;  ///< white is 2^colour_bits - 1; 0 if grey
  /// True where a stored value is padding; empty if no pixel can be. Such pixels have a value in
  /// `values`, which means nothing.
  std::vector<bool> padding;
  std::optional<PixelSize> pixel_size;
  std::optional<double> pixel_height_to_width;  ///< where only the shape of a pixel is known

  bool is_grey() const { return values.index() == 0; }
};

/// Grey values are the real ones: of a Modality LUT, else Rescale Slope * stored + Rescale
/// Intercept, else the stored ones. MONOCHROME1, whose low values are to be shown bright (PS3.3
/// C.7.6.3.1.2), is turned over: low + high - value, where low and high are the real values of the
/// least and the greatest stored value that Bits Stored can hold (of a Modality LUT: 0 and the
/// greatest that its bits can hold). YBR is turned into RGB as FrameDecoder::colour_model says;
/// PALETTE COLOR goes through its tables and is as deep as their entries.
/// @param frame  from 0
/// @throws Error bad_input: what FrameDecoder refuses; a palette that is missing, damaged or
/// supplemental (Pixel Presentation COLOR or MIXED); colour that is signed or of more than 16 bits;
/// a picture over the limit on frames
Picture read_picture(const Instance& instance, int frame, const Limits& limits = {});

}  // namespace osler::dicom
