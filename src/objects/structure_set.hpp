#pragma once
// Labels on the source grid -> DICOM RT Structure Set: closed planar contours for planning systems.

#include <filesystem>

#include "findings/findings.hpp"
#include "objects/modules.hpp"
#include "volume/volume.hpp"

namespace osler::objects {

inline constexpr char kRtStructureSetStorage[] = "1.2.840.10008.5.1.4.1.1.481.3";

/// One region for each segment, with its number; a segment without voxels is a region without
/// contours. Contours are CLOSED_PLANAR, in the plane of the slice that they name, as
/// outlines_of_slice draws them: a voxel belongs to a region if its centre lies in an odd number of
/// the region's contours in its slice. So a hole is a contour inside another one: nested contours
/// are to be combined by exclusive or, as planning systems and readers commonly do. A reader that
/// joins them instead fills the holes.
///
/// Approval Status is UNAPPROVED, the algorithm AUTOMATIC. The file is Implicit VR Little Endian:
/// explicit VRs cannot hold a Contour Data of more than 65534 bytes.
///
/// @throws Error bad_argument if labels and volume lie on different grids, there is no segment or a
///         label has none;
///         output if the file cannot be written
ObjectIds write_structure_set(const Findings& findings, const LabelMap& labels,
                              const Volume& volume, const std::filesystem::path& file);

}  // namespace osler::objects
