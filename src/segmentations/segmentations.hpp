#pragma once
// Other programs' segmentations, read into label maps: DICOM Segmentations (BINARY, FRACTIONAL,
// LABELMAP) and RT Structure Sets. Rules and limits: docs/segmentations.md.

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/code.hpp"
#include "dicom/scan.hpp"
#include "volume/volume.hpp"

namespace osler::segmentations {

enum class Kind { binary, fractional, label_map, structure_set };
std::string_view to_string(Kind kind);

/// A segment of a segmentation, or a region of interest of a structure set. Texts are UTF-8; absent
/// values are absent.
struct StoredSegment {
  int number = 0;  ///< Segment Number or ROI Number
  std::string label;
  std::string description;
  std::optional<Code> category;
  std::optional<Code> type;
  std::vector<Code> type_modifiers;
  std::vector<Code> regions;                       ///< Anatomic Region and its modifiers
  std::optional<std::array<std::uint8_t, 3>> rgb;  ///< recommended display colour, sRGB
  std::string tracking_id;
  std::string tracking_uid;
  std::string algorithm_type;  ///< AUTOMATIC, SEMIAUTOMATIC, MANUAL
  std::string algorithm_name;
  std::string interpreted_type;  ///< of a region of interest: ORGAN, GTV, ...

  std::size_t map = 0;     ///< which label map holds it
  std::uint8_t value = 0;  ///< its voxels' value there; 1 to 255
  std::int64_t voxels = 0;
  double volume_mm3 = 0;
};

struct NotRead {
  int number = 0;
  std::string label;
  std::string reason;
};

/// Label maps on one grid: where segments overlap, there are as many maps as keep all voxels of
/// each.
struct Segmentation {
  Kind kind = Kind::binary;
  std::string sop_class_uid;
  std::string sop_instance_uid;
  std::string series_uid;
  std::string frame_of_reference_uid;
  Grid grid;
  std::vector<std::vector<std::uint8_t>> maps;  ///< each has a value per voxel; 0 is no segment
  std::vector<StoredSegment> segments;          ///< in the order of the object
  std::vector<NotRead> not_read;                ///< regions without a closed contour on the grid
  std::vector<std::string> warnings;            ///< sentences
};

/// A grid that labels may be wanted on: that of a source series.
struct Reference {
  std::string series_uid;
  std::string frame_of_reference_uid;
  Grid grid;
};

bool is_segmentation(const dicom::Instance& instance);
bool is_structure_set(const dicom::Instance& instance);

/// On the first reference that it coincides with, slice by slice; without references on its own
/// grid, which the positions of its frames span: slices that have no frame are empty. Nothing is
/// resampled. A FRACTIONAL voxel belongs to its segment from half of Maximum Fractional Value on.
/// @throws Error bad_input: damaged; no place in a patient (whole slides, plain radiographs);
/// frames that lie on no regular grid; no reference that it coincides with; two frames of one
/// segment in one place; a frame of a segment that is not listed; label maps over the limit on a
/// volume
Segmentation read_segmentation(const dicom::Instance& instance,
                               std::span<const Reference> references,
                               const dicom::Limits& limits = {});

/// On the grid of the reference whose series the structure set names. A voxel belongs to a region
/// if its centre lies inside an odd number of the region's contours in its slice. Contours lie in
/// the slice that they are nearest to, 0.1 mm away at most; a region with one that lies in none is
/// not read.
/// @throws Error bad_input: damaged; none of the references is the series that it names; label maps
/// over the limit on a volume
Segmentation read_structure_set(const dicom::Instance& instance,
                                std::span<const Reference> references,
                                const dicom::Limits& limits = {});

}  // namespace osler::segmentations
