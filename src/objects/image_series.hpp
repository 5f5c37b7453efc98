#pragma once
// A volume -> a series of single-frame CT or MR images, uncompressed, Explicit VR Little Endian.

#include <filesystem>
#include <string>

#include "volume/volume.hpp"

namespace osler::objects {

/// What a volume without DICOM source cannot say. UTF-8, without backslash and control characters.
struct ImageDescription {
  std::string modality;      ///< MR or CT
  std::string patient_name;  ///< may be empty
  std::string patient_id;    ///< may be empty
  std::string series_description;
};

struct ImageSeries {
  std::filesystem::path folder;  ///< out/<series UID>/, files 0001.dcm ... in slice order
  std::string series_uid;
  std::size_t files = 0;
  /// Real value against what the files give, at most; 0 if the stored integers are kept.
  double largest_error = 0;
};

/// Direction cosines whose product is more are not at right angles: images cannot hold them.
inline constexpr double kRightAngleTolerance = 1e-4;

/// The volume of a NIfTI or MetaImage file. UIDs are derived from the values, the grid and the
/// description: the same input gives the same files again, and only they are ever overwritten. The
/// third axis may lean; each image's position carries it. CT values are taken as Hounsfield units.
/// @param out  folder in which the series' own folder is made, whole or not at all
/// @throws Error bad_input: rows and columns are not at right angles, sides of over 65535 pixels,
/// values that are no numbers, another modality than MR and CT; output if it cannot be written
ImageSeries write_image_series(const Volume& volume, const ImageDescription& description,
                               const std::filesystem::path& out);

/// The volume of a DICOM series, written anew: Patient and Study are copied, and of the images what
/// single-frame objects have, windows included; Image Type is DERIVED, each image names its source.
/// @throws Error as write_image_series; bad_input if a source file cannot be read any more
ImageSeries rewrite_image_series(const Volume& volume, const std::filesystem::path& out);

}  // namespace osler::objects
