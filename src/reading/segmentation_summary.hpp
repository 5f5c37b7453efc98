#pragma once
// What a segmentation's header says of it, and how much its BINARY frames hold. Not a decoder.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/affine.hpp"
#include "core/code.hpp"
#include "reading/document.hpp"
#include "reading/object.hpp"

class DcmItem;

namespace osler::reading {

struct SegmentSummary {
  long number = 0;
  std::string label;
  std::string description;
  std::optional<Code> category;
  std::optional<Code> type;
  std::vector<Code> type_modifiers;
  std::optional<Code> region;  ///< Anatomic Region
  std::vector<Code> region_modifiers;
  std::string algorithm_type;  ///< AUTOMATIC, SEMIAUTOMATIC, MANUAL
  std::string algorithm_name;
  std::string algorithm_version;
  std::string tracking_identifier;
  std::string tracking_uid;
  std::optional<std::array<std::uint8_t, 3>> colour;  ///< sRGB
  std::optional<std::int64_t> frames;                 ///< that name it; of a label map unknown
  std::optional<std::int64_t> voxels;                 ///< of BINARY frames that are not compressed
  std::optional<double> volume_mm3;                   ///< where geometry says it
  std::optional<Vec3> centroid_mm;                    ///< LPS; nothing if empty
};

struct SegmentationSummary {
  std::string type;             ///< BINARY, FRACTIONAL, LABELMAP
  std::string fractional_type;  ///< PROBABILITY, OCCUPANCY
  std::string overlap;          ///< Segments Overlap: YES, NO, UNDEFINED, or not stated
  long rows = 0;
  long columns = 0;
  long frames = 0;
  long bits_allocated = 0;
  std::vector<double> pixel_spacing_mm;  ///< {between rows, between columns}
  std::optional<double> slice_thickness_mm;
  std::optional<double> slice_spacing_mm;
  std::vector<double> orientation;  ///< Image Orientation (Patient), if all frames have one
  std::string frame_of_reference_uid;
  bool tiled = false;             ///< of slide microscopy
  std::vector<Evidence> sources;  ///< Referenced Series: each instance
  std::vector<SegmentSummary> segments;
};

/// @param transfer_syntax_uid  pixel data of an encapsulated one is not counted
/// @param limits  frames over the limit (pixels, a byte each) are not counted, which is a problem
SegmentationSummary summarise_segmentation(DcmItem& object, const std::string& transfer_syntax_uid,
                                           const dicom::Limits& limits,
                                           std::vector<Problem>& problems);

}  // namespace osler::reading
