#include "dicom_samples/head_ct.hpp"

#include <algorithm>

#include "core/sha256.hpp"
#include "dicom_samples/inv3.hpp"

namespace osler::sample {
namespace {

constexpr int kRescaleIntercept_hu = -1024;
constexpr int kLargestStored = 4095;  // 12 bits
constexpr const char* kRecipe = "osler-sample head-ct 1";

std::vector<Attribute> header() {
  return {{"ImageType", "DERIVED\\SECONDARY\\AXIAL"},
          {"StudyDate", "20260311"},
          {"SeriesDate", "20260311"},
          {"AcquisitionDate", "20260311"},
          {"ContentDate", "20260311"},
          {"StudyTime", "101500"},
          {"SeriesTime", "101710"},
          {"AcquisitionTime", "101710"},
          {"ContentTime", "101710"},
          {"AccessionNumber", "OSLER0002"},
          {"Modality", "CT"},
          {"Manufacturer", "Osler project"},
          {"ManufacturerModelName", "osler-sample head-ct"},
          {"DeviceSerialNumber", "0"},
          {"SoftwareVersions", kRecipe},
          {"InstitutionName", "Osler sample data"},
          {"ReferringPhysicianName", ""},
          {"StudyDescription", "CT HEAD WITHOUT CONTRAST (SAMPLE)"},
          {"SeriesDescription", "Head axial 1.5 mm (sample)"},
          {"DerivationDescription",
           "Volume of InVesalius' example project Cranium, rows and headers written anew"},
          {"PatientName", "Sample^Cranium"},
          {"PatientID", "OSLER-0002"},
          {"PatientBirthDate", ""},
          {"PatientSex", ""},
          {"PatientIdentityRemoved", "YES"},
          {"DeidentificationMethod", "The source holds pixels, spacing and no patient"},
          {"BodyPartExamined", "HEAD"},
          {"KVP", "120"},
          {"PatientPosition", "HFS"},
          {"StudyID", "2"},
          {"SeriesNumber", "2"},
          {"AcquisitionNumber", "1"},
          {"PositionReferenceIndicator", ""},
          {"WindowCenter", "40"},
          {"WindowWidth", "400"},
          {"RescaleIntercept", std::to_string(kRescaleIntercept_hu)},
          {"RescaleSlope", "1"},
          {"RescaleType", "HU"}};
}

}  // namespace

DicomSeries make_head_ct(const std::filesystem::path& inv3) {
  const Inv3Volume volume = read_inv3(inv3);
  const auto [columns, rows, slices] = volume.size;

  DicomSeries series;
  series.sop_class_uid = "1.2.840.10008.5.1.4.1.1.2";  // CT Image Storage
  series.identity = {kRecipe, sha256_hex_of_file(inv3)};
  series.attributes = header();
  series.size = volume.size;
  const Vec3& mm = volume.spacing_mm;
  series.voxel_to_lps = Affine::from_columns({mm[0], 0, 0}, {0, mm[1], 0}, {0, 0, mm[2]},
                                             {-0.5 * mm[0] * static_cast<double>(columns - 1),
                                              -0.5 * mm[1] * static_cast<double>(rows - 1),
                                              -0.5 * mm[2] * static_cast<double>(slices - 1)});
  // InVesalius keeps a slice's rows from the back to the front; DICOM's axial row 0 is the front.
  series.pixels.resize(volume.hu.size());
  for (std::int64_t line = 0; line < rows * slices; ++line) {
    const std::int64_t slice = line / rows, row = line % rows;
    const auto* from = volume.hu.data() + (slice * rows + (rows - 1 - row)) * columns;
    std::transform(from, from + columns, series.pixels.begin() + line * columns, [](int hu) {
      return static_cast<std::uint16_t>(std::clamp(hu - kRescaleIntercept_hu, 0, kLargestStored));
    });
  }
  return series;
}

}  // namespace osler::sample
