#include "report/segmentation.hpp"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <numeric>
#include <span>
#include <vector>

#include "core/error.hpp"
#include "kernels/bit_planes.hpp"
#include "report/elements.hpp"
#include "report/frame_groups.hpp"

namespace osler::report {
namespace {

using kernels::BitPlane;
using kernels::LabelSlice;

const DcmTag kSegmentsOverlap(0x0062, 0x0013, DcmVR(EVR_CS));  // younger than DCMTK 3.6.7

void check_labels(const Findings& findings, const LabelMap& labels, const Volume& volume) {
  const Grid& a = labels.grid;
  const Grid& b = volume.grid;
  if (!(a == b) || static_cast<std::int64_t>(labels.labels.size()) != voxel_count(a.size) ||
      static_cast<std::int64_t>(findings.source.instances.size()) != a.size[2]) {
    throw Error(ErrorCode::bad_argument, "labels, volume and source slices do not match");
  }
  constexpr std::int64_t kLargestSide = std::numeric_limits<std::uint16_t>::max();
  if (a.size[0] > kLargestSide || a.size[1] > kLargestSide) {
    throw Error(ErrorCode::bad_argument, "more than 65535 rows or columns");
  }
  for (std::size_t i = 0; i < findings.segments.size(); ++i) {
    if (findings.segments[i].number != static_cast<int>(i) + 1) {
      throw Error(ErrorCode::bad_argument, "segment numbers do not count from 1 without gaps");
    }
  }
}

void check_segments(const Findings& findings, std::span<const LabelSlice> slices) {
  bool lacks_segment = findings.segments.empty();
  for (const LabelSlice& slice : slices) {
    for (std::size_t label = findings.segments.size() + 1; label < 256; ++label) {
      lacks_segment = lacks_segment || slice.holds[label] != 0;
    }
  }
  if (lacks_segment) throw Error(ErrorCode::bad_argument, "a label has no segment");
}

/// Segment by segment, slices in geometric order inside; one empty frame if there is nothing.
std::vector<BitPlane> frames_of(const Findings& findings, std::span<const LabelSlice> slices) {
  // A label is a byte: segments above 255 have no voxel.
  std::vector<std::uint8_t> segments(std::min<std::size_t>(findings.segments.size(), 255));
  std::iota(segments.begin(), segments.end(), std::uint8_t{1});
  std::vector<BitPlane> frames = kernels::filled_planes(slices, segments);
  if (frames.empty()) frames.push_back({.slice = 0, .label = 1});
  return frames;
}

void put_segments(DcmItem& object, DcmItem& source, const Findings& findings) {
  for (const Segment& segment : findings.segments) {
    DcmItem& item = add_item(object, DCM_SegmentSequence);
    put_us(item, DCM_SegmentNumber, static_cast<std::uint16_t>(segment.number));
    put_text(item, DCM_SegmentLabel, segment.label, 64);
    put(item, DCM_SegmentAlgorithmType, "AUTOMATIC");
    put_text(item, DCM_SegmentAlgorithmName, findings.model.name, 64);
    add_code(item, DCM_SegmentedPropertyCategoryCodeSequence, segment.category);
    DcmItem& type = add_code(item, DCM_SegmentedPropertyTypeCodeSequence, segment.type);
    for (const auto& modifier : {segment.type_modifier, segment.part_modifier}) {
      if (modifier) add_code(type, DCM_SegmentedPropertyTypeModifierCodeSequence, *modifier);
    }
    DcmItem& algorithm = add_item(item, DCM_SegmentationAlgorithmIdentificationSequence);
    add_code(algorithm, DCM_AlgorithmFamilyCodeSequence,
             {"123110", "DCM", "Artificial Intelligence"});
    put_text(algorithm, DCM_AlgorithmName, findings.model.name, 64);
    put_text(algorithm, DCM_AlgorithmVersion, findings.model.version, 64);
    put_text(algorithm, DCM_AlgorithmSource, findings.model.manufacturer, 64);
    put_text(algorithm, DCM_AlgorithmParameters, "package SHA-256 " + findings.model.digest, 1024);
    put_text(item, DCM_TrackingID, segment.label, 64);
    put(item, DCM_TrackingUID,
        tracking_uid(source, findings,
                     structure_key(segment.type, segment.type_modifier, segment.part_modifier)));
    const std::array<std::uint16_t, 3> lab = cielab_of(segment.rgb);
    item.putAndInsertUint16Array(DCM_RecommendedDisplayCIELabValue, lab.data(), 3);
  }
}

void put_dimensions(DcmItem& object, const Findings& findings) {
  const std::string uid = object_uid(findings, "seg dimensions");
  put_dimension_organization(object, uid);
  add_dimension(object, uid, DCM_ReferencedSegmentNumber, DCM_SegmentIdentificationSequence,
                "Segment Number");
  add_dimension(object, uid, DCM_ImagePositionPatient, DCM_PlanePositionSequence,
                "Image Position (Patient)");
}

void put_frame_groups(DcmItem& object, const Findings& findings, const Grid& grid,
                      std::span<const BitPlane> frames) {
  std::map<std::int64_t, std::uint32_t> position_index;  // of the slices that are used
  for (const BitPlane& frame : frames) position_index[frame.slice] = 0;
  std::uint32_t rank = 0;
  for (auto& [slice, index] : position_index) index = ++rank;

  const bool multi_frame = is_multi_frame(findings);
  for (const BitPlane& frame : frames) {
    DcmItem& item = add_item(object, DCM_PerFrameFunctionalGroupsSequence);
    put_dimension_index(item,
                        std::array<std::uint32_t, 2>{frame.label, position_index[frame.slice]});
    put_frame_place(item, grid, frame.slice);
    put_us(add_item(item, DCM_SegmentIdentificationSequence), DCM_ReferencedSegmentNumber,
           frame.label);
    put_frame_source(item, findings.source.instances[static_cast<std::size_t>(frame.slice)],
                     multi_frame, {"113076", "DCM", "Segmentation"});
  }
}

void put_pixels(DcmItem& object, const LabelMap& labels, std::span<const BitPlane> frames) {
  const Size3& size = labels.grid.size;
  const std::size_t bytes = kernels::bit_plane_bytes(size, frames.size());
  kernels::pack_bit_planes_cpu(labels.labels, size, frames, add_pixel_data(object, bytes));
  put(object, DCM_NumberOfFrames, std::to_string(frames.size()));
  put_us(object, DCM_Rows, static_cast<std::uint16_t>(size[1]));
  put_us(object, DCM_Columns, static_cast<std::uint16_t>(size[0]));
  put_us(object, DCM_SamplesPerPixel, 1);
  put(object, DCM_PhotometricInterpretation, "MONOCHROME2");
  put_us(object, DCM_BitsAllocated, 1);
  put_us(object, DCM_BitsStored, 1);
  put_us(object, DCM_HighBit, 0);
  put_us(object, DCM_PixelRepresentation, 0);
}

}  // namespace

ObjectIds write_segmentation(const Findings& findings, const LabelMap& labels, const Volume& volume,
                             const std::filesystem::path& file) {
  check_labels(findings, labels, volume);
  const std::vector<LabelSlice> slices = kernels::label_slices_cpu(labels.labels, labels.grid.size);
  check_segments(findings, slices);
  const auto header = read_source_header(findings);
  DcmItem& source = *header->getDataset();
  const std::vector<BitPlane> frames = frames_of(findings, slices);

  DcmFileFormat object;
  DcmItem& item = *object.getDataset();
  const ObjectKind kind{.sop_class_uid = kSegmentationStorage,
                        .modality = "SEG",
                        .role = "seg",
                        .series_role = "seg",
                        .series_description = "AI, unverified: segmentation",
                        .series_offset = 1};
  ObjectIds ids = put_common_modules(item, source, findings, kind);
  put_content_time(item);
  put_frame_of_reference(item, source, findings.source.frame_of_reference_uid,
                         findings.source.series_uid);
  put(item, DCM_ImageType, "DERIVED\\PRIMARY");
  put(item, DCM_ContentLabel, "SEGMENTATION");
  put_text(item, DCM_ContentDescription, "AI, unverified: " + findings.model.title, 64);
  put_empty(item, DCM_ContentCreatorName);
  put_lossy_compression(item, source, findings.source.lossy);
  put(item, DCM_SegmentationType, "BINARY");
  put(item, kSegmentsOverlap, "NO");  // a voxel of a label map has one label

  put_segments(item, source, findings);
  put_referenced_series(item, findings, {});
  put_dimensions(item, findings);
  add_shared_groups(item, source, labels.grid);
  put_frame_groups(item, findings, labels.grid, frames);
  put_pixels(item, labels, frames);
  save(object, file);
  return ids;
}

}  // namespace osler::report
