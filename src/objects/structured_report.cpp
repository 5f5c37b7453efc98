#include "objects/structured_report.hpp"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>
#include <fmt/format.h>

#include "core/error.hpp"
#include "findings/report_codes.hpp"
#include "findings/sentences.hpp"
#include "findings/statements.hpp"
#include "objects/content_items.hpp"
#include "objects/elements.hpp"
#include "objects/evaluation_items.hpp"
#include "objects/image_library.hpp"
#include "objects/measurement_items.hpp"
#include "objects/result_references.hpp"

namespace osler::objects {
namespace {

using enum Relationship;

/// The source's own procedure code, else the one of CID 100 for its modality.
Code procedure_of(DcmItem& source, const std::string& modality) {
  DcmItem* procedure = nullptr;
  if (source.findAndGetSequenceItem(DCM_ProcedureCodeSequence, procedure, 0).good()) {
    Code code{string_of(*procedure, DCM_CodeValue),
              string_of(*procedure, DCM_CodingSchemeDesignator),
              string_of(*procedure, DCM_CodeMeaning)};
    if (!code.value.empty() && !code.scheme.empty() && !code.meaning.empty()) return code;
  }
  if (modality == "MR") return {"25056-3", "LN", "MRI unspecified body region"};
  if (modality == "CT") return {"25045-6", "LN", "CT unspecified body region"};
  if (modality == "PT") return {"44136-0", "LN", "PET unspecified body region"};
  return {"363679005", "SCT", "Imaging procedure"};
}

void put_document(DcmItem& object, const Findings& findings, const SegReference& segmentation,
                  std::span<const ObjectIds> others) {
  const bool complete = findings.status == Status::complete;
  put_content_time(object);
  put(object, DCM_CompletionFlag, complete ? "COMPLETE" : "PARTIAL");
  if (!complete) {
    put(object, DCM_CompletionFlagDescription, "No measurements: see the reasons in the report");
  }
  put(object, DCM_VerificationFlag, "UNVERIFIED");
  put(object, DCM_PreliminaryFlag, "PRELIMINARY");
  put_empty_sequence(object, DCM_ReferencedPerformedProcedureStepSequence);
  put_empty_sequence(object, DCM_PerformedProcedureCodeSequence);

  std::vector<ObjectIds> results(others.begin(), others.end());
  if (segmentation) results.insert(results.begin(), *segmentation);
  put_evidence(object, findings, distinct_instances(findings), results);
}

void add_context(DcmItem& root, DcmItem& source, const Findings& findings) {
  DcmItem& language = add_code_item(root, has_concept_mod, codes::kLanguage, codes::kEnglish);
  add_code_item(language, has_concept_mod, codes::kCountry, codes::kUnitedStates);
  add_device_context(root, findings);
  add_code_item(root, has_concept_mod, codes::kProcedureReported,
                procedure_of(source, findings.source.modality));
}

void add_remarks(DcmItem& root, const Findings& findings) {
  DcmItem& evaluations = add_container(root, codes::kQualitativeEvaluations);
  for (const Remark& remark : remarks_of(findings)) {
    add_text_item(evaluations, contains, remark.name, remark.text);
  }
}

}  // namespace

ObjectIds write_structured_report(const Findings& findings, const Volume& volume,
                                  const SegReference& segmentation,
                                  const std::filesystem::path& file, SrForm form,
                                  std::span<const ObjectIds> others) {
  const bool measured = findings.status == Status::complete && findings.evaluations.empty();
  if (measured != segmentation.has_value()) {
    throw Error(ErrorCode::bad_argument,
                "a complete report of measurements needs a segmentation, any other has none");
  }
  const auto header = read_source_header(findings);
  DcmItem& source = *header->getDataset();
  DcmFileFormat object;
  DcmItem& root = *object.getDataset();
  const bool enhanced = form == SrForm::enhanced;
  std::string role = enhanced ? "sr-enhanced" : "sr";
  if (segmentation) role = role_naming(role, {&*segmentation, 1});
  const ObjectKind kind{.sop_class_uid = enhanced ? kEnhancedSrStorage : kComprehensive3dSrStorage,
                        .modality = "SR",
                        .role = role_naming(role, others),
                        .series_role = "sr",
                        .series_description = "AI, unverified: measurement report",
                        .series_offset = 2};
  ObjectIds ids = put_common_modules(root, source, findings, kind);
  put_document(root, findings, segmentation, others);
  put_container(root, codes::kImagingMeasurementReport, "1500");
  add_context(root, source, findings);
  add_image_library(root, source, findings, volume.grid);
  const bool measures = segmentation && !findings.findings.empty();
  if (measures || !findings.evaluations.empty() || !others.empty()) {
    DcmItem& measurements = add_container(root, codes::kImagingMeasurements);
    if (measures) {
      add_measurements(measurements, source, findings, volume.grid, *segmentation, !enhanced);
    }
    add_evaluation_groups(measurements, source, findings);
    add_result_groups(measurements, source, findings, segmentation, others);
  }
  add_remarks(root, findings);
  save(object, file);
  return ids;
}

}  // namespace osler::objects
