#pragma once
// Labels as a NIfTI file, for programs that do not read segmentations, checked as those are.

#include <filesystem>

#include "findings/findings.hpp"
#include "volume/volume.hpp"

namespace osler::report {

/// Writes the label map (write_nifti_labels; a voxel's value is the model's own, Segment::value) in
/// the slice order of the file that the volume came from, reads it back and holds every finding
/// against it.
/// @throws Error output if it cannot be written; internal if it does not measure what the findings
///         say
void write_label_file(const Findings& findings, const LabelMap& labels, const Volume& volume,
                      const std::filesystem::path& file);

}  // namespace osler::report
