#include "objects/image_library.hpp"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>

#include <map>
#include <optional>
#include <string>

#include "findings/report_codes.hpp"
#include "findings/statements.hpp"
#include "objects/content_items.hpp"
#include "objects/elements.hpp"
#include "objects/modules.hpp"

namespace osler::objects {
namespace {

using enum Relationship;

/// The code of a sequence's first item, if it is a whole one.
std::optional<Code> code_of(DcmItem& item, const DcmTagKey& sequence) {
  DcmItem* found = nullptr;
  if (item.findAndGetSequenceItem(sequence, found, 0).bad() || found == nullptr) {
    return std::nullopt;
  }
  Code code{string_of(*found, DCM_CodeValue), string_of(*found, DCM_CodingSchemeDesignator),
            string_of(*found, DCM_CodeMeaning)};
  if (code.value.empty() || code.scheme.empty() || code.meaning.empty()) return std::nullopt;
  return code;
}

/// Anatomic Region Sequence, else what PS3.16 annex L gives for Body Part Examined.
std::optional<Code> target_region(DcmItem& source) {
  if (const auto code = code_of(source, DCM_AnatomicRegionSequence)) return code;
  static const std::map<std::string, Code> kRegions = {
      {"HEAD", {"69536005", "SCT", "Head"}},        {"BRAIN", {"12738006", "SCT", "Brain"}},
      {"NECK", {"45048000", "SCT", "Neck"}},        {"CHEST", {"816094009", "SCT", "Chest"}},
      {"HEART", {"80891009", "SCT", "Heart"}},      {"BREAST", {"76752008", "SCT", "Breast"}},
      {"ABDOMEN", {"818981001", "SCT", "Abdomen"}}, {"LIVER", {"10200004", "SCT", "Liver"}},
      {"KIDNEY", {"64033007", "SCT", "Kidney"}},    {"PANCREAS", {"15776009", "SCT", "Pancreas"}},
      {"PELVIS", {"816092008", "SCT", "Pelvis"}},   {"PROSTATE", {"41216001", "SCT", "Prostate"}},
      {"SPINE", {"421060004", "SCT", "Spine"}},     {"KNEE", {"72696002", "SCT", "Knee"}}};
  const auto known = kRegions.find(string_of(source, DCM_BodyPartExamined));
  if (known == kRegions.end()) return std::nullopt;
  return known->second;
}

/// Direction cosines of rows and columns; those of all images, or they would be no volume.
void add_orientation(DcmItem& group, const Grid& grid) {
  for (std::size_t axis = 0; axis < 2; ++axis) {
    const Vec3 step = grid.index_to_lps.column(static_cast<int>(axis));
    for (std::size_t i = 0; i < 3; ++i) {
      add_number_item(group, has_acq_context, codes::kOrientation[3 * axis + i],
                      step[i] / norm(step), codes::kNoRange);
    }
  }
}

/// TID 1605, 1606, 1607.
void add_of_modality(DcmItem& group, DcmItem& source, const std::string& modality) {
  if (modality == "CT") {
    static const std::map<std::string, Code> kTypes = {
        {"SPIRAL", {"116152004", "SCT", "Spiral Acquisition"}},
        {"SEQUENCED", {"113804", "DCM", "Sequenced Acquisition"}},
        {"CONSTANT_ANGLE", {"113805", "DCM", "Constant Angle Acquisition"}},
        {"STATIONARY", {"113806", "DCM", "Stationary Acquisition"}},
        {"FREE", {"113807", "DCM", "Free Acquisition"}}};
    const auto type = kTypes.find(string_of(source, DCM_AcquisitionType));
    if (type != kTypes.end()) {
      add_code_item(group, has_acq_context, codes::kCtAcquisitionType, type->second);
    }
    static const std::map<std::string, Code> kAlgorithms = {
        {"FILTER_BACK_PROJ", {"113962", "DCM", "Filtered Back Projection"}},
        {"ITERATIVE", {"113963", "DCM", "Iterative Reconstruction"}}};
    const auto algorithm = kAlgorithms.find(string_of(source, DCM_ReconstructionAlgorithm));
    if (algorithm != kAlgorithms.end()) {
      add_code_item(group, has_acq_context, codes::kReconstructionAlgorithm, algorithm->second);
    }
  } else if (modality == "MR") {
    std::string name = string_of(source, DCM_PulseSequenceName);
    if (name.empty()) name = string_of(source, DCM_SequenceName);
    if (!name.empty()) add_text_item(group, has_acq_context, codes::kPulseSequence, name);
  } else if (modality == "PT") {
    DcmItem* drug = nullptr;
    if (source.findAndGetSequenceItem(DCM_RadiopharmaceuticalInformationSequence, drug, 0).good()) {
      if (const auto code = code_of(*drug, DCM_RadionuclideCodeSequence)) {
        add_code_item(group, has_acq_context, codes::kRadionuclide, *code);
      }
    }
  }
}

}  // namespace

void add_image_library(DcmItem& root, DcmItem& source, const Findings& findings, const Grid& grid) {
  DcmItem& library = add_container(root, codes::kImageLibrary, "1600");
  DcmItem& group = add_container(library, codes::kImageLibraryGroup);
  add_code_item(group, has_acq_context, codes::kModality, modality_code(findings.source.modality));
  if (const auto region = target_region(source)) {
    add_code_item(group, has_acq_context, codes::kTargetRegion, *region);
  }
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
    add_orientation(group, grid);
    add_of_modality(group, source, findings.source.modality);
  }
  Float64 thickness = 0;
  if (source.findAndGetFloat64(DCM_SliceThickness, thickness).good() && thickness > 0) {
    add_number_item(group, has_acq_context, codes::kSliceThickness, thickness, codes::kMillimetre);
  }
  for (const SliceSource& slice : distinct_instances(findings)) {
    add_image_item(group, std::nullopt, {slice.sop_class_uid, slice.sop_instance_uid, {}, {}});
  }
}

}  // namespace osler::objects
