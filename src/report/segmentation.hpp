#pragma once
// Labels on the source grid -> DICOM Segmentation, BINARY, one frame per segment and slice.

#include <filesystem>

#include "findings/findings.hpp"
#include "report/modules.hpp"
#include "volume/volume.hpp"

namespace osler::report {

inline constexpr char kSegmentationStorage[] = "1.2.840.10008.5.1.4.1.1.66.4";

/// Rows, columns, spacing and orientation are the source's; empty frames are left out, but one
/// frame stands even if every segment is empty.
/// @throws Error bad_argument if labels and volume lie on different grids or a label has no
/// segment;
///         output if the file cannot be written
ObjectIds write_segmentation(const Findings& findings, const LabelMap& labels, const Volume& volume,
                             const std::filesystem::path& file);

}  // namespace osler::report
