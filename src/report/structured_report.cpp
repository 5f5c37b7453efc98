#include "report/structured_report.hpp"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>
#include <fmt/format.h>

#include "core/error.hpp"
#include "core/version.hpp"
#include "report/content_items.hpp"
#include "report/elements.hpp"
#include "report/evaluation_items.hpp"
#include "report/report_codes.hpp"
#include "report/sentences.hpp"
#include "report/statements.hpp"

namespace osler::report {
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

void put_document(DcmItem& object, const Findings& findings, const SegReference& segmentation) {
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

  DcmItem& study = add_item(object, DCM_CurrentRequestedProcedureEvidenceSequence);
  put(study, DCM_StudyInstanceUID, findings.source.study_uid);
  DcmItem& series = add_item(study, DCM_ReferencedSeriesSequence);
  put(series, DCM_SeriesInstanceUID, findings.source.series_uid);
  for (const SliceSource& slice : distinct_instances(findings)) {
    add_reference(series, DCM_ReferencedSOPSequence, slice.sop_class_uid, slice.sop_instance_uid);
  }
  if (segmentation) {
    DcmItem& results = add_item(study, DCM_ReferencedSeriesSequence);
    put(results, DCM_SeriesInstanceUID, segmentation->series_uid);
    add_reference(results, DCM_ReferencedSOPSequence, segmentation->sop_class_uid,
                  segmentation->sop_instance_uid);
  }
}

void add_context(DcmItem& root, DcmItem& source, const Findings& findings) {
  DcmItem& language = add_code_item(root, has_concept_mod, codes::kLanguage, codes::kEnglish);
  add_code_item(language, has_concept_mod, codes::kCountry, codes::kUnitedStates);
  add_code_item(root, has_obs_context, codes::kObserverType, codes::kDevice);
  add_uid_item(root, has_obs_context, codes::kDeviceUid, device_uid(findings));
  add_text_item(root, has_obs_context, codes::kDeviceName, "osler " + std::string(kVersion));
  add_text_item(root, has_obs_context, codes::kDeviceManufacturer, "Osler project");
  add_text_item(root, has_obs_context, codes::kDeviceModel, "osler");
  add_text_item(root, has_obs_context, codes::kDeviceSerial, device_serial_number(findings));
  add_code_item(root, has_concept_mod, codes::kProcedureReported,
                procedure_of(source, findings.source.modality));
}

void add_image_library(DcmItem& root, DcmItem& source, const Findings& findings, const Grid& grid) {
  DcmItem& library = add_container(root, codes::kImageLibrary, "1600");
  DcmItem& group = add_container(library, codes::kImageLibraryGroup);
  add_code_item(group, has_acq_context, codes::kModality, modality_code(findings.source.modality));
  const std::string date = string_of(source, DCM_StudyDate);
  if (date.size() == 8) add_date_item(group, has_acq_context, codes::kStudyDate, date);
  if (!findings.source.frame_of_reference_uid.empty()) {
    add_uid_item(group, has_acq_context, codes::kFrameOfReference,
                 findings.source.frame_of_reference_uid);
  }
  if (voxel_count(grid.size) > 0) {
    const Vec3 spacing = grid.spacing_mm();
    struct Descriptor {
      const Code& name;
      double value;
      const Code& unit;
    };
    for (const Descriptor& d :
         {Descriptor{codes::kRows, static_cast<double>(grid.size[1]), codes::kPixels},
          Descriptor{codes::kColumns, static_cast<double>(grid.size[0]), codes::kPixels},
          Descriptor{codes::kHorizontalSpacing, spacing[0], codes::kMillimetre},
          Descriptor{codes::kVerticalSpacing, spacing[1], codes::kMillimetre}}) {
      add_number_item(group, has_acq_context, d.name, d.value, d.unit);
    }
    // Along the slice normal, also if the gantry was tilted. Uneven slices have no one spacing.
    if (grid.is_regular()) {
      add_number_item(group, has_acq_context, codes::kSliceSpacing, grid.slice_distances_mm()[0],
                      codes::kMillimetre);
    }
  }
  for (const SliceSource& slice : distinct_instances(findings)) {
    add_image_item(group, std::nullopt, {slice.sop_class_uid, slice.sop_instance_uid, {}, {}});
  }
}

void add_site(DcmItem& group, const Finding& finding) {
  DcmItem& site = add_code_item(group, has_concept_mod, codes::kFindingSite, finding.code);
  if (finding.laterality) {
    add_code_item(site, has_concept_mod, codes::kLaterality, *finding.laterality);
  }
  if (finding.part) {
    add_code_item(site, has_concept_mod, codes::kTopographicalModifier, *finding.part);
  }
}

void add_segments(DcmItem& group, const Findings& findings, const std::vector<int>& numbers,
                  const ObjectIds& segmentation) {
  add_image_item(group, codes::kReferencedSegment,
                 {segmentation.sop_class_uid, segmentation.sop_instance_uid, {}, numbers});
  add_uid_item(group, contains, codes::kSourceSeries, findings.source.series_uid);
}

void add_finding(DcmItem& measurements, DcmItem& source, const Findings& findings,
                 const Finding& finding, const ObjectIds& segmentation) {
  const bool one = finding.segments.size() == 1;
  DcmItem& group = add_container(measurements, codes::kMeasurementGroup, one ? "1411" : "1501");
  add_text_item(group, has_obs_context, codes::kTrackingIdentifier, finding.label);
  add_uid_item(group, has_obs_context, codes::kTrackingUid,
               tracking_uid(source, findings, tracking_key(finding)));
  add_code_item(group, contains, codes::kFindingCategory, category_of(findings, finding));
  add_code_item(group, contains, codes::kFinding, finding.code);
  add_segments(group, findings, finding.segments, segmentation);
  add_code_item(group, has_concept_mod, codes::kMethod, codes::kSumOfVoxels);
  add_site(group, finding);
  DcmItem& volume = add_number_item(group, contains, codes::kVolume, reported_volume_mm3(finding),
                                    codes::kCubicMillimetre);
  add_algorithm(volume, findings.model);
  // TID 1411 and 1501 are extensible: where the structure lies is of use to whoever has no SEG.
  if (!findings.source.frame_of_reference_uid.empty()) {
    add_point_item(group, codes::kCenterOfMass, finding.centroid_mm,
                   findings.source.frame_of_reference_uid);
  }
}

void add_asymmetry(DcmItem& measurements, DcmItem& source, const Findings& findings,
                   const Asymmetry& asymmetry, const ObjectIds& segmentation) {
  const Finding* left = side_of(findings, asymmetry, "7771000");
  const Finding* right = side_of(findings, asymmetry, "24028007");
  DcmItem& group = add_container(measurements, codes::kMeasurementGroup, "1501");
  add_text_item(group, has_obs_context, codes::kTrackingIdentifier,
                asymmetry.label + ", left against right");
  add_uid_item(group, has_obs_context, codes::kTrackingUid,
               tracking_uid(source, findings, tracking_key(asymmetry)));
  if (left != nullptr && right != nullptr) {
    add_code_item(group, contains, codes::kFinding, left->code);
    std::vector<int> numbers = left->segments;
    numbers.insert(numbers.end(), right->segments.begin(), right->segments.end());
    add_segments(group, findings, numbers, segmentation);
    Finding both = *left;
    both.laterality = codes::kBoth;
    add_site(group, both);
  }
  DcmItem& index =
      add_number_item(group, contains, codes::kAsymmetryIndex, asymmetry.index, codes::kNoUnits);
  add_algorithm(index, findings.model);
  for (const Finding* side : {left, right}) {
    if (side == nullptr) continue;
    DcmItem& volume = add_number_item(index, inferred_from, codes::kVolume,
                                      reported_volume_mm3(*side), codes::kCubicMillimetre);
    add_site(volume, *side);
  }
}

void add_measurements(DcmItem& root, DcmItem& source, const Findings& findings,
                      const ObjectIds& segmentation) {
  DcmItem& measurements = add_container(root, codes::kImagingMeasurements);
  for (const bool one : {true, false}) {  // TID 1500 has TID 1411 before TID 1501
    for (const Finding& finding : findings.findings) {
      if (finding.segments.empty()) {
        throw Error(ErrorCode::bad_argument, "a finding names no segment");
      }
      if ((finding.segments.size() == 1) == one) {
        add_finding(measurements, source, findings, finding, segmentation);
      }
    }
  }
  for (const Asymmetry& asymmetry : findings.asymmetries) {
    add_asymmetry(measurements, source, findings, asymmetry, segmentation);
  }
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
                                  const std::filesystem::path& file) {
  const bool measured = findings.status == Status::complete && findings.evaluations.empty();
  if (measured != segmentation.has_value()) {
    throw Error(ErrorCode::bad_argument,
                "a complete report of measurements needs a segmentation, any other has none");
  }
  const auto header = read_source_header(findings);
  DcmItem& source = *header->getDataset();
  DcmFileFormat object;
  DcmItem& root = *object.getDataset();
  const ObjectKind kind{.sop_class_uid = kComprehensive3dSrStorage,
                        .modality = "SR",
                        .role = "sr",
                        .series_role = "sr",
                        .series_description = "AI, unverified: measurement report",
                        .series_offset = 2};
  ObjectIds ids = put_common_modules(root, source, findings, kind);
  put_document(root, findings, segmentation);
  put_container(root, codes::kImagingMeasurementReport, "1500");
  add_context(root, source, findings);
  add_image_library(root, source, findings, volume.grid);
  if (segmentation && !findings.findings.empty()) {
    add_measurements(root, source, findings, *segmentation);
  }
  if (!findings.evaluations.empty()) {
    add_evaluation_groups(add_container(root, codes::kImagingMeasurements), source, findings);
  }
  add_remarks(root, findings);
  save(object, file);
  return ids;
}

}  // namespace osler::report
