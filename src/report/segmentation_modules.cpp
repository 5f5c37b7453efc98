#include "report/segmentation_modules.hpp"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "core/error.hpp"
#include "report/elements.hpp"
#include "report/modules.hpp"

namespace osler::report {
namespace {

struct GridAxes {
  Vec3 row;     ///< unit, along increasing column index
  Vec3 column;  ///< unit, along increasing row index
  double between_rows_mm = 0;
  double between_columns_mm = 0;
};

GridAxes axes_of(const Grid& grid) {
  const Vec3 x = grid.index_to_lps.column(0), y = grid.index_to_lps.column(1);
  return {(1 / norm(x)) * x, (1 / norm(y)) * y, norm(y), norm(x)};
}

/// Distances along the slice normal, also if the gantry was tilted.
void put_regular_measures(DcmItem& group, DcmItem& source, const Grid& grid) {
  const GridAxes axes = axes_of(grid);
  DcmItem& measures = add_item(group, DCM_PixelMeasuresSequence);
  const double between_slices = grid.slice_distances_mm()[0];
  Float64 thickness = 0;
  if (source.findAndGetFloat64(DCM_SliceThickness, thickness).bad() || !(thickness > 0)) {
    thickness = between_slices;
  }
  put_decimals(measures, DCM_SliceThickness, std::array{thickness});
  put_decimals(measures, DCM_SpacingBetweenSlices, std::array{between_slices});
  put_decimals(measures, DCM_PixelSpacing,
               std::array{axes.between_rows_mm, axes.between_columns_mm});
}

/// Of one frame of unevenly spaced slices: its thickness is what its voxels stand for, half-way to
/// both neighbours, so that pixels x thickness is the segment's volume for every reader.
void put_measures_of_slice(DcmItem& group, const Grid& grid, std::int64_t slice) {
  const GridAxes axes = axes_of(grid);
  DcmItem& measures = add_item(group, DCM_PixelMeasuresSequence);
  const double area = axes.between_rows_mm * axes.between_columns_mm;
  put_decimals(measures, DCM_SliceThickness, std::array{grid.voxel_mm3(slice) / area});
  put_decimals(measures, DCM_PixelSpacing,
               std::array{axes.between_rows_mm, axes.between_columns_mm});
}

void put_dimension_index(DcmItem& content, std::size_t count) {
  const std::array<Uint32, 2> values{};
  auto element = std::make_unique<DcmUnsignedLong>(DCM_DimensionIndexValues);
  if (element->putUint32Array(values.data(), count).bad() ||
      content.insert(element.get(), OFTrue).bad()) {
    throw Error(ErrorCode::internal, "a dimension index cannot be set");
  }
  static_cast<void>(element.release());
}

/// Everything but the numbers in which frames of one slice differ.
EncodedItem encode_slice(const Findings& findings, const Grid& grid, std::int64_t index,
                         bool by_segment, bool multi_frame) {
  DcmItem item;
  put_dimension_index(add_item(item, DCM_FrameContentSequence), by_segment ? 2 : 1);
  put_decimals(add_item(item, DCM_PlanePositionSequence), DCM_ImagePositionPatient,
               grid.centre_mm(0, 0, index));
  if (!grid.is_regular()) put_measures_of_slice(item, grid, index);
  if (by_segment) {
    put_us(add_item(item, DCM_SegmentIdentificationSequence), DCM_ReferencedSegmentNumber, 0);
  }
  const SliceSource& slice = findings.source.instances[static_cast<std::size_t>(index)];
  DcmItem& derivation = add_item(item, DCM_DerivationImageSequence);
  add_code(derivation, DCM_DerivationCodeSequence, {"113076", "DCM", "Segmentation"});
  DcmItem& image = add_reference(derivation, DCM_SourceImageSequence, slice.sop_class_uid,
                                 slice.sop_instance_uid);
  if (multi_frame) put(image, DCM_ReferencedFrameNumber, std::to_string(slice.frame));
  put(image, DCM_SpatialLocationsPreserved, "YES");
  add_code(image, DCM_PurposeOfReferenceCodeSequence,
           {"121322", "DCM", "Source image for image processing operation"});
  return EncodedItem(item);
}

template <std::size_t N>
std::array<std::uint8_t, N> little_endian(std::uint64_t value) {
  std::array<std::uint8_t, N> bytes{};
  for (std::size_t i = 0; i < N; ++i) bytes[i] = static_cast<std::uint8_t>(value >> (8 * i));
  return bytes;
}

}  // namespace

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

void put_dimensions(DcmItem& object, const Findings& findings, bool by_segment) {
  const std::string uid = object_uid(findings, "seg dimensions");
  put(add_item(object, DCM_DimensionOrganizationSequence), DCM_DimensionOrganizationUID, uid);
  struct Index {
    DcmTagKey pointer;
    DcmTagKey group;
    const char* label;
  };
  for (const Index& index :
       {Index{DCM_ReferencedSegmentNumber, DCM_SegmentIdentificationSequence, "Segment Number"},
        Index{DCM_ImagePositionPatient, DCM_PlanePositionSequence, "Image Position (Patient)"}}) {
    if (!by_segment && index.pointer == DCM_ReferencedSegmentNumber) continue;
    DcmItem& item = add_item(object, DCM_DimensionIndexSequence);
    put(item, DCM_DimensionOrganizationUID, uid);
    item.putAndInsertTagKey(DCM_DimensionIndexPointer, index.pointer);
    item.putAndInsertTagKey(DCM_FunctionalGroupPointer, index.group);
    put(item, DCM_DimensionDescriptionLabel, index.label);
  }
}

void put_shared_groups(DcmItem& object, DcmItem& source, const Grid& grid) {
  const GridAxes axes = axes_of(grid);
  DcmItem& shared = add_item(object, DCM_SharedFunctionalGroupsSequence);
  if (grid.is_regular()) put_regular_measures(shared, source, grid);
  const Vec3 &r = axes.row, &c = axes.column;
  put_decimals(add_item(shared, DCM_PlaneOrientationSequence), DCM_ImageOrientationPatient,
               std::array{r[0], r[1], r[2], c[0], c[1], c[2]});
}

std::vector<std::string> encode_frame_groups(const Findings& findings, const Grid& grid,
                                             const std::vector<SegmentFrame>& frames) {
  const bool by_segment = !frames.empty() && frames.front().segment != 0;
  const bool multi_frame = is_multi_frame(findings);
  std::map<std::int64_t, std::uint32_t> position_index;  // of the slices that are used
  for (const SegmentFrame& frame : frames) position_index[frame.slice] = 0;
  std::uint32_t rank = 0;
  for (auto& [slice, index] : position_index) index = ++rank;

  std::map<std::int64_t, EncodedItem> slices;
  std::vector<std::string> groups;
  groups.reserve(frames.size());
  for (const SegmentFrame& frame : frames) {
    auto found = slices.find(frame.slice);
    if (found == slices.end()) {
      found = slices
                  .emplace(frame.slice,
                           encode_slice(findings, grid, frame.slice, by_segment, multi_frame))
                  .first;
    }
    EncodedItem& item = found->second;
    const std::uint64_t position = position_index[frame.slice];
    if (by_segment) {
      item.overwrite(DCM_DimensionIndexValues,
                     little_endian<8>(position << 32 | std::uint64_t{frame.segment}));
      item.overwrite(DCM_ReferencedSegmentNumber, little_endian<2>(frame.segment));
    } else {
      item.overwrite(DCM_DimensionIndexValues, little_endian<4>(position));
    }
    groups.push_back(item.bytes());
  }
  return groups;
}

}  // namespace osler::report
