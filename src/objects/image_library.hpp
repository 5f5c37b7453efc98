#pragma once
// Image Library of a structured report (PS3.16 TID 1600 to 1607).

#include "findings/findings.hpp"
#include "volume/volume.hpp"

class DcmItem;

namespace osler::objects {

/// One group of all source images with what they share: modality, target region, study date, frame
/// of reference; of cross-sections size, spacing, thickness and orientation; and what the modality
/// has: CT acquisition type and reconstruction, MR pulse sequence, PET radionuclide. What the
/// source does not say is left out.
/// @param source  header of the first image
/// @param grid    of no voxels: pictures
void add_image_library(DcmItem& root, DcmItem& source, const Findings& findings, const Grid& grid);

}  // namespace osler::objects
