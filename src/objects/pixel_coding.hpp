#pragma once
// A volume's values as the 16-bit integers that CT and MR images hold.

#include <cstdint>
#include <optional>
#include <vector>

#include "volume/volume.hpp"

namespace osler::objects {

/// coded = (stored - low) / step, rounded. Real values follow by each slice's own rescale.
struct PixelCoding {
  double low = 0;
  double step = 1;
  bool is_signed = false;
  bool exact = true;  ///< every stored value comes back
};

/// Integers of up to 16 bits, and whole numbers that fit into them, stay as they are; whole numbers
/// whose range fits are moved; anything else is spread over all 65536 steps from the lowest to the
/// highest value.
/// @throws Error bad_input if a value is infinite or not a number
PixelCoding choose_coding(const Volume& volume);

/// Slope and intercept from coded to real values, as decimal strings keep them.
struct CodedRescale {
  double slope = 1;
  double intercept = 0;
};
CodedRescale coded_rescale(const Volume& volume, const PixelCoding& coding, std::size_t slice);

/// One slice in the bits that the coding says; signed values as two's complement.
std::vector<std::uint16_t> coded_slice(const Volume& volume, const PixelCoding& coding,
                                       std::size_t slice);

/// Padding of the volume in coded values; nothing if it has none or 16 bits do not hold it.
std::optional<Volume::Padding> coded_padding(const Volume& volume, const PixelCoding& coding);

/// Largest distance of a real value from the one that the coded slice gives; 0 if the coding is
/// exact.
double largest_error(const Volume& volume, const PixelCoding& coding, std::size_t slice,
                     const std::vector<std::uint16_t>& coded);

}  // namespace osler::objects
