#pragma once
// All results of one study, written together and checked before any of them is shown.

#include <span>
#include <string>
#include <vector>

#include "core/files.hpp"
#include "findings/findings.hpp"
#include "findings/picture.hpp"
#include "objects/parametric_map.hpp"
#include "report/destinations.hpp"
#include "volume/volume.hpp"

namespace osler::report {

/// Of a model whose scores were kept, slice by slice of the source grid.
struct ProbabilitySource {
  objects::SliceOfSegment of_segment;  ///< probability of a segment
  objects::MapSlices entropy;          ///< how unsure the model is, 0 to 1
};

/// One set of results: where it goes and what it holds.
struct Delivery {
  StagedFolder& folder;  ///< nothing is committed: that is the caller's
  ObjectSet objects{};
  std::vector<std::string> files{};  ///< receives the names, in the order in which they are listed
};

/// Complete, by default: seg.dcm, sr.dcm, sc-axial.dcm, sc-coronal.dcm, sc-sagittal.dcm,
/// report.html and findings.json. Partial: sr.dcm with the reasons, report.html and findings.json.
/// Refused: the last two. A source that is not DICOM gives no objects: complete is labels.nii.gz,
/// report.html and findings.json then. Unevenly spaced slices, which NIfTI cannot hold, give a
/// warning in the findings instead of labels.nii.gz. A report names the segmentation beside it,
/// else that of the first delivery.
/// @param labels      must be there if the status is complete, is not looked at otherwise
/// @param deliveries  the first one holds a segmentation if it holds a report
/// @param kept        what `uncertainty` and `fractional` are made of; without it a warning says
/// that
///                    they are not there
/// @throws Error internal if a segmentation on disk does not measure what the findings say;
///         output if something cannot be written
void write_results(Findings& findings, const LabelMap* labels, const Volume& volume,
                   std::span<Delivery> deliveries, const ProbabilitySource* kept = nullptr);

/// Results of a classifier. Complete or partial: sr.dcm, report.html and findings.json, and what
/// else a delivery wants that needs no segmentation; a source that is not DICOM gives the last two.
/// @param volume    what was classified; one without voxels stands for pictures
/// @param pictures  of the page
/// @throws Error output if something cannot be written
void write_evaluations(Findings& findings, const Volume& volume,
                       const std::vector<Picture>& pictures, std::span<Delivery> deliveries);

}  // namespace osler::report
