#include "objects/structure_set.hpp"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>
#include <fmt/format.h>

#include <cmath>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "core/error.hpp"
#include "core/plain_text.hpp"
#include "objects/contours.hpp"
#include "objects/elements.hpp"

namespace osler::objects {
namespace {

/// Coordinates are rounded to this: far finer than the third of a voxel between an outline and the
/// nearest centre, and half as long as all digits.
constexpr double kStepsPerMm = 1e6;

/// Detached Study Management, retired with its service, is what RT Referenced Study Sequence names.
constexpr char kStudyClass[] = "1.2.840.10008.3.1.2.3.1";

/// Outlines of the segments, in order of slice; [number - 1].
using OutlinesOfSegments = std::vector<std::vector<Outline>>;

OutlinesOfSegments outlines_of(const Findings& findings, const LabelMap& labels,
                               const Volume& volume) {
  const Grid& grid = labels.grid;
  if (!(grid == volume.grid) ||
      static_cast<std::int64_t>(labels.labels.size()) != voxel_count(grid.size) ||
      static_cast<std::int64_t>(findings.source.instances.size()) != grid.size[2]) {
    throw Error(ErrorCode::bad_argument, "labels, volume and source slices do not match");
  }
  if (findings.segments.empty()) {
    throw Error(ErrorCode::bad_argument, "a structure set without a segment");
  }
  OutlinesOfSegments outlines(findings.segments.size());
  for (std::size_t i = 0; i < outlines.size(); ++i) {
    if (findings.segments[i].number != static_cast<int>(i) + 1) {
      throw Error(ErrorCode::bad_argument, "segment numbers do not count from 1 without gaps");
    }
  }
  for (std::int64_t k = 0; k < grid.size[2]; ++k) {
    for (Outline& outline : outlines_of_slice(labels, k)) {
      if (static_cast<std::size_t>(outline.segment) > outlines.size()) {
        throw Error(ErrorCode::bad_argument, "a label has no segment");
      }
      outlines[static_cast<std::size_t>(outline.segment - 1)].push_back(std::move(outline));
    }
  }
  return outlines;
}

void put_structure_set(DcmItem& object, const Findings& findings) {
  put(object, DCM_StructureSetLabel, "AI, unverified");
  put_text(object, DCM_StructureSetName, "AI, unverified: " + findings.model.title, 64);
  put_text(object, DCM_StructureSetDescription,
           "AI, unverified. Nested contours of a region are combined by exclusive or.", 1024);
  put(object, DCM_StructureSetDate, string_of(object, DCM_InstanceCreationDate));
  put(object, DCM_StructureSetTime, string_of(object, DCM_InstanceCreationTime));
  put(object, DCM_ApprovalStatus, "UNAPPROVED");
}

void put_referenced_images(DcmItem& object, const Findings& findings,
                           const std::string& frame_of_reference_uid) {
  DcmItem& frame = add_item(object, DCM_ReferencedFrameOfReferenceSequence);
  put(frame, DCM_FrameOfReferenceUID, frame_of_reference_uid);
  DcmItem& study =
      add_reference(frame, DCM_RTReferencedStudySequence, kStudyClass, findings.source.study_uid);
  DcmItem& series = add_item(study, DCM_RTReferencedSeriesSequence);
  put(series, DCM_SeriesInstanceUID, findings.source.series_uid);
  for (const SliceSource& slice : distinct_instances(findings)) {
    add_reference(series, DCM_ContourImageSequence, slice.sop_class_uid, slice.sop_instance_uid);
  }
}

void put_regions(DcmItem& object, const Findings& findings,
                 const std::string& frame_of_reference_uid) {
  for (const Segment& segment : findings.segments) {
    DcmItem& item = add_item(object, DCM_StructureSetROISequence);
    put(item, DCM_ROINumber, std::to_string(segment.number));
    put(item, DCM_ReferencedFrameOfReferenceUID, frame_of_reference_uid);
    put_text(item, DCM_ROIName, segment.label, 64);
    put_text(item, DCM_ROIDescription, "AI, unverified: " + segment.label, 1024);
    put(item, DCM_ROIGenerationAlgorithm, "AUTOMATIC");
    put_text(item, DCM_ROIGenerationDescription, findings.model.name + " " + findings.model.version,
             64);
  }
}

std::string contour_data(const Outline& outline, const Grid& grid) {
  std::string data;
  const double place = grid.place_of_slice(outline.slice);
  for (const auto& [column, row] : outline.points) {
    for (const double mm : grid.index_to_lps({column, row, place})) {
      if (!data.empty()) data += '\\';
      data += decimal_string(std::round(mm * kStepsPerMm) / kStepsPerMm);
    }
  }
  return data;
}

void put_contours(DcmItem& object, const Findings& findings, const Grid& grid,
                  const OutlinesOfSegments& outlines) {
  const bool multi_frame = is_multi_frame(findings);
  for (const Segment& segment : findings.segments) {
    DcmItem& region = add_item(object, DCM_ROIContourSequence);
    put(region, DCM_ROIDisplayColor,
        fmt::format("{}\\{}\\{}", segment.rgb[0], segment.rgb[1], segment.rgb[2]));
    int number = 0;
    for (const Outline& outline : outlines[static_cast<std::size_t>(segment.number - 1)]) {
      DcmItem& contour = add_item(region, DCM_ContourSequence);
      const SliceSource& slice = findings.source.instances[static_cast<std::size_t>(outline.slice)];
      DcmItem& image = add_reference(contour, DCM_ContourImageSequence, slice.sop_class_uid,
                                     slice.sop_instance_uid);
      if (multi_frame) put(image, DCM_ReferencedFrameNumber, std::to_string(slice.frame));
      put(contour, DCM_ContourNumber, std::to_string(++number));
      put(contour, DCM_ContourGeometricType, "CLOSED_PLANAR");
      put(contour, DCM_NumberOfContourPoints, std::to_string(outline.points.size()));
      put(contour, DCM_ContourData, contour_data(outline, grid));
    }
    put(region, DCM_ReferencedROINumber, std::to_string(segment.number));
  }
}

bool is_anatomy(const Code& category) {
  return category == Code{"123037004", "SCT", {}} || category == Code{"91723000", "SCT", {}};
}

void put_observations(DcmItem& object, const Findings& findings) {
  for (const Segment& segment : findings.segments) {
    DcmItem& item = add_item(object, DCM_RTROIObservationsSequence);
    put(item, DCM_ObservationNumber, std::to_string(segment.number));
    put(item, DCM_ReferencedROINumber, std::to_string(segment.number));
    put_text(item, DCM_ROIObservationLabel, segment.label, 16);
    DcmItem& type = add_code(item, DCM_RTROIIdentificationCodeSequence, segment.type);
    for (const auto& modifier : {segment.type_modifier, segment.part_modifier}) {
      if (modifier) add_code(type, DCM_SegmentedPropertyTypeModifierCodeSequence, *modifier);
    }
    put(item, DCM_RTROIInterpretedType, is_anatomy(segment.category) ? "ORGAN" : "");
    put_empty(item, DCM_ROIInterpreter);
  }
}

}  // namespace

ObjectIds write_structure_set(const Findings& findings, const LabelMap& labels,
                              const Volume& volume, const std::filesystem::path& file) {
  const OutlinesOfSegments outlines = outlines_of(findings, labels, volume);
  const auto header = read_source_header(findings);
  DcmItem& source = *header->getDataset();

  DcmFileFormat object;
  DcmItem& item = *object.getDataset();
  const ObjectKind kind{.sop_class_uid = kRtStructureSetStorage,
                        .modality = "RTSTRUCT",
                        .role = "rtstruct",
                        .series_role = "rtstruct",
                        .series_description = "AI, unverified: contours",
                        .series_offset = 7};
  ObjectIds ids = put_common_modules(item, source, findings, kind);
  put_empty(item, DCM_OperatorsName);
  put_frame_of_reference(item, source, findings.source.frame_of_reference_uid,
                         findings.source.series_uid);
  const std::string frame_of_reference_uid = string_of(item, DCM_FrameOfReferenceUID);
  put_structure_set(item, findings);
  put_referenced_images(item, findings, frame_of_reference_uid);
  put_regions(item, findings, frame_of_reference_uid);
  put_contours(item, findings, labels.grid, outlines);
  put_observations(item, findings);
  save(object, file, Encoding::implicit_vr);
  return ids;
}

}  // namespace osler::objects
