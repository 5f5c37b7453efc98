#pragma once
// All results of one study, written together and checked before any of them is shown.

#include <string>
#include <vector>

#include "core/files.hpp"
#include "findings/findings.hpp"
#include "volume/volume.hpp"

namespace osler::report {

/// Complete: seg.dcm, sr.dcm, sc-axial.dcm, sc-coronal.dcm, sc-sagittal.dcm, report.html and
/// findings.json. Partial: sr.dcm with the reasons, report.html and findings.json. Refused: the
/// last two. Nothing is committed: that is the caller's.
/// @param labels  must be there if the status is complete, is not looked at otherwise
/// @return names in the order given above
/// @throws Error internal if the segmentation on disk does not measure what the findings say;
///         output if something cannot be written
std::vector<std::string> write_results(Findings& findings, const LabelMap* labels,
                                       const Volume& volume, StagedFolder& folder);

}  // namespace osler::report
