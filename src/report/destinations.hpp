#pragma once
// Which results go where, and in which form.

#include <cstdint>
#include <optional>
#include <string>

#include "objects/segmentation.hpp"
#include "objects/structured_report.hpp"

namespace osler::report {

/// Results besides findings.json, which always is.
struct ObjectSet {
  std::optional<objects::SegmentationForm> segmentation = objects::SegmentationForm{};
  std::int64_t most_frames = 0;  ///< of the segmentation; 0: any
  std::optional<objects::SegmentationForm>
      beyond;  ///< with more frames; nothing: left out, with a warning
  std::optional<objects::SrForm> report = objects::SrForm::comprehensive_3d;
  bool captures = true;
  bool page = true;                 ///< report.html
  bool labels = false;              ///< labels.nii.gz
  bool key_objects = false;         ///< ko.dcm
  bool presentation_state = false;  ///< pr.dcm
  bool structure_set = false;       ///< rtstruct.dcm
  bool pdf = false;                 ///< report.pdf.dcm, an encapsulated document
  bool fhir = false;                ///< fhir.json, an R4 bundle
  bool uncertainty = false;         ///< pm-uncertainty.dcm, where the model's scores are kept
  bool fractional = false;          ///< seg-fractional.dcm, the same
};

/// A system that results are meant for.
struct Destination {
  std::string name;  ///< of its folder beside the results: a to z, 0 to 9, -; begins with a letter
  ObjectSet objects;
};

}  // namespace osler::report
