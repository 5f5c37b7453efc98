#pragma once
// Label maps of a segmentation as NIfTI files, with segments.json beside them.

#include <string>
#include <vector>

#include "core/files.hpp"
#include "core/json.hpp"
#include "segmentations/segmentations.hpp"

namespace osler::segmentations {

/// The content of segments.json (docs/segmentations.md).
/// @param files  names of the label files, one per map
Json to_json(const Segmentation& segmentation, const std::vector<std::string>& files);

/// Writes labels.nii.gz, or labels-1.nii.gz, labels-2.nii.gz, ... where segments overlap, and
/// segments.json, into the staged folder; those of an earlier run are superseded.
/// @return what to_json said
/// @throws Error bad_input if slices are unevenly spaced, which NIfTI cannot say; output
Json write_segmentation_files(const Segmentation& segmentation, StagedFolder& folder);

}  // namespace osler::segmentations
