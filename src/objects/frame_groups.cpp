#include "objects/frame_groups.hpp"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>

#include <array>
#include <memory>
#include <vector>

#include "core/error.hpp"
#include "objects/elements.hpp"

namespace osler::objects {
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

void put_measures_of_slice(DcmItem& group, const Grid& grid, std::int64_t slice) {
  const GridAxes axes = axes_of(grid);
  DcmItem& measures = add_item(group, DCM_PixelMeasuresSequence);
  const double area = axes.between_rows_mm * axes.between_columns_mm;
  put_decimals(measures, DCM_SliceThickness, std::array{grid.voxel_mm3(slice) / area});
  put_decimals(measures, DCM_PixelSpacing,
               std::array{axes.between_rows_mm, axes.between_columns_mm});
}

}  // namespace

void put_dimension_organization(DcmItem& object, const std::string& uid) {
  put(add_item(object, DCM_DimensionOrganizationSequence), DCM_DimensionOrganizationUID, uid);
}

void add_dimension(DcmItem& object, const std::string& organization_uid, const DcmTagKey& pointer,
                   const DcmTagKey& group, const char* label) {
  DcmItem& item = add_item(object, DCM_DimensionIndexSequence);
  put(item, DCM_DimensionOrganizationUID, organization_uid);
  item.putAndInsertTagKey(DCM_DimensionIndexPointer, pointer);
  item.putAndInsertTagKey(DCM_FunctionalGroupPointer, group);
  put(item, DCM_DimensionDescriptionLabel, label);
}

DcmItem& add_shared_groups(DcmItem& object, DcmItem& source, const Grid& grid) {
  const GridAxes axes = axes_of(grid);
  DcmItem& shared = add_item(object, DCM_SharedFunctionalGroupsSequence);
  if (grid.is_regular()) put_regular_measures(shared, source, grid);
  const Vec3 &r = axes.row, &c = axes.column;
  put_decimals(add_item(shared, DCM_PlaneOrientationSequence), DCM_ImageOrientationPatient,
               std::array{r[0], r[1], r[2], c[0], c[1], c[2]});
  return shared;
}

void put_frame_place(DcmItem& frame, const Grid& grid, std::int64_t slice) {
  put_decimals(add_item(frame, DCM_PlanePositionSequence), DCM_ImagePositionPatient,
               grid.centre_mm(0, 0, slice));
  if (!grid.is_regular()) put_measures_of_slice(frame, grid, slice);
}

void put_frame_source(DcmItem& frame, const SliceSource& slice, bool multi_frame,
                      const Code& derivation_code) {
  DcmItem& derivation = add_item(frame, DCM_DerivationImageSequence);
  add_code(derivation, DCM_DerivationCodeSequence, derivation_code);
  DcmItem& image = add_reference(derivation, DCM_SourceImageSequence, slice.sop_class_uid,
                                 slice.sop_instance_uid);
  if (multi_frame) put(image, DCM_ReferencedFrameNumber, std::to_string(slice.frame));
  put(image, DCM_SpatialLocationsPreserved, "YES");
  add_code(image, DCM_PurposeOfReferenceCodeSequence,
           {"121322", "DCM", "Source image for image processing operation"});
}

void put_dimension_index(DcmItem& frame, std::span<const std::uint32_t> values) {
  const std::vector<Uint32> numbers(values.begin(), values.end());
  auto element = std::make_unique<DcmUnsignedLong>(DCM_DimensionIndexValues);
  if (element->putUint32Array(numbers.data(), numbers.size()).bad() ||
      add_item(frame, DCM_FrameContentSequence).insert(element.get(), OFTrue).bad()) {
    throw Error(ErrorCode::internal, "a dimension index cannot be set");
  }
  static_cast<void>(element.release());
}

}  // namespace osler::objects
