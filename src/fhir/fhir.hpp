#pragma once
// Findings as FHIR R4: docs/fhir.md has the mapping from the structured report, item by item.

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "core/json.hpp"
#include "findings/findings.hpp"
#include "findings/identifiers.hpp"
#include "findings/identity.hpp"

namespace osler::fhir {

/// A document that the report carries within it.
struct PresentedForm {
  std::string content_type;  ///< "application/pdf"
  std::string title;
  std::string bytes;
};

/// The DICOM objects that say the same, and what only the caller knows.
struct FhirReferences {
  std::optional<ObjectIds> segmentation;
  std::optional<ObjectIds> structured_report;
  std::vector<ObjectIds> others;    ///< pictures, encapsulated documents
  std::chrono::sys_seconds issued;  ///< when the report was made; all else hangs on the findings
  std::optional<PresentedForm> presented_form;
};

/// A Bundle of type collection whose references all resolve in it: DiagnosticReport, Patient,
/// ImagingStudy, two Devices (program and model), an Observation for each volume, asymmetry,
/// evaluation and remark, and a BodyStructure (tracking identifiers and site) and an
/// ImagingSelection (in R4: Basic with the cross-version profile) for each of them that has one.
/// Valid in R4 (4.0.1) and R4B (4.3.0).
///
/// Ids are UUIDs derived as the DICOM UIDs are: the same run gives the same resources. Text is
/// data: one line of valid UTF-8 without control characters; no narrative is written. Dates that
/// are none and UIDs that are none are left out.
/// @throws Error bad_argument: an evaluation of an image that is not in its series
Json to_fhir(const Findings& findings, const Identity& identity, const FhirReferences& references);

}  // namespace osler::fhir
