#include "objects/secondary_capture.hpp"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>

#include "objects/elements.hpp"

namespace osler::objects {
namespace {

const char* patient_orientation(PlaneKind kind) {
  switch (kind) {
    case PlaneKind::axial:
      return "L\\P";
    case PlaneKind::coronal:
      return "L\\F";
    case PlaneKind::sagittal:
      break;
  }
  return "P\\F";
}

/// Source Image Sequence needs the Common Instance Reference beside it.
void put_sources(DcmItem& item, const Findings& findings, const std::vector<ObjectIds>& shown) {
  const Code purpose{"121322", "DCM", "Source image for image processing operation"};
  for (const SliceSource& slice : distinct_instances(findings)) {
    add_code(
        add_reference(item, DCM_SourceImageSequence, slice.sop_class_uid, slice.sop_instance_uid),
        DCM_PurposeOfReferenceCodeSequence, purpose);
  }
  for (const ObjectIds& ids : shown) {
    add_code(add_reference(item, DCM_SourceImageSequence, ids.sop_class_uid, ids.sop_instance_uid),
             DCM_PurposeOfReferenceCodeSequence, purpose);
  }
  put_referenced_series(item, findings, shown);
}

void put_pixels(DcmItem& item, const Picture& picture) {
  put_us(item, DCM_SamplesPerPixel, 3);
  put(item, DCM_PhotometricInterpretation, "RGB");
  put_us(item, DCM_PlanarConfiguration, 0);
  put_us(item, DCM_Rows, static_cast<std::uint16_t>(picture.height));
  put_us(item, DCM_Columns, static_cast<std::uint16_t>(picture.width));
  put_us(item, DCM_BitsAllocated, 8);
  put_us(item, DCM_BitsStored, 8);
  put_us(item, DCM_HighBit, 7);
  put_us(item, DCM_PixelRepresentation, 0);
  put_pixel_data(item, picture.rgb);
}

}  // namespace

ObjectIds write_secondary_capture(const Findings& findings, const Picture& picture,
                                  const std::vector<ObjectIds>& shown,
                                  const std::filesystem::path& file) {
  const auto header = read_source_header(findings);
  DcmItem& source = *header->getDataset();
  DcmFileFormat object;
  DcmItem& item = *object.getDataset();
  const ObjectKind kind{.sop_class_uid = kSecondaryCaptureStorage,
                        .modality = "OT",
                        .role = role_naming("sc-" + picture.name, shown),
                        .series_role = "sc",
                        .series_description = "AI, unverified: pictures",
                        .series_offset = 3,
                        .instance_number = static_cast<int>(picture.kind) + 1};
  ObjectIds ids = put_common_modules(item, source, findings, kind);
  put_content_time(item);
  put(item, DCM_ConversionType, "WSD");
  put(item, DCM_ImageType, "DERIVED\\SECONDARY");
  put(item, DCM_PatientOrientation, patient_orientation(picture.kind));
  put(item, DCM_BurnedInAnnotation, "NO");  // words are burned in, but nothing of the patient
  put_text(item, DCM_DerivationDescription,
           "Picture of a segmentation by AI, unverified: " + picture.name, 1024);
  put_lossy_compression(item, source, findings.source.lossy);
  put_empty(item, DCM_Laterality);
  put_sources(item, findings, shown);
  put_pixels(item, picture);
  save(object, file);
  return ids;
}

}  // namespace osler::objects
