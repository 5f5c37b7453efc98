#pragma once
// `osler convert` of other programs' segmentations and structure sets (docs/segmentations.md).

#include "cli/convert_inputs.hpp"

namespace osler::cli {

/// Whether the input is segmentations and structure sets, and no image.
bool holds_only_segmentations(const dicom::ScanResult& scanned);

/// Writes the label maps of each into --out, or, if there are several, into a folder in it that is
/// named by its SOP Instance UID. @return the exit code
int convert_segmentations(const ConvertOptions& options, const dicom::ScanResult& scanned);

}  // namespace osler::cli
