#pragma once
// A stack of slices with its headers, and the DICOM files made of it.

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "core/affine.hpp"

namespace osler::sample {

/// {DICOM keyword, value}; several values are separated by a backslash.
using Attribute = std::pair<std::string, std::string>;

/// A decimal string (VR DS) of at most 16 characters.
std::string decimal_string(double value, int decimals);

/// One series of single-frame images, 12 bits stored in 16, unsigned.
struct DicomSeries {
  std::string sop_class_uid;
  /// What the study, series, frame of reference and instance UIDs are derived from.
  std::vector<std::string> identity;
  /// The same in every file: patient, study, series, equipment, acquisition.
  std::vector<Attribute> attributes;
  Size3 size{};         ///< columns, rows, slices
  Affine voxel_to_lps;  ///< column, row and slice index to millimetres, slices along row x column
  std::vector<std::uint16_t> pixels;
  /// Instance Number 1 is the last slice, so that counting by it runs against the geometry.
  bool numbered_backwards = false;
};

/// Writes `IM0001.dcm` and so on; the same series gives the same bytes.
/// @throws Error bad_argument (an unknown keyword, sizes that disagree) or output
void write_series(const DicomSeries& series, const std::filesystem::path& folder);

}  // namespace osler::sample
