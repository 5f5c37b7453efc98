#include "objects/image_modules.hpp"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/plain_text.hpp"
#include "core/uid.hpp"
#include "core/version.hpp"
#include "objects/elements.hpp"
#include "objects/modules.hpp"

namespace osler::objects {
namespace {

constexpr int kSeriesOffset = 50;  ///< of Series Number, beside those of the results

// What single-frame images of either modality can say of how they were made; type 3 here.
const DcmTagKey kOfBoth[] = {
    DCM_SeriesDescription, DCM_ProtocolName,       DCM_BodyPartExamined,
    DCM_AcquisitionDate,   DCM_AcquisitionTime,    DCM_ContentDate,
    DCM_ContentTime,       DCM_Manufacturer,       DCM_ManufacturerModelName,
    DCM_InstitutionName,   DCM_StationName,        DCM_DeviceSerialNumber,
    DCM_SoftwareVersions,  DCM_ContrastBolusAgent, DCM_BurnedInAnnotation,
    DCM_ScanOptions};
const DcmTagKey kOfMr[] = {DCM_InversionTime,
                           DCM_TriggerTime,
                           DCM_SequenceName,
                           DCM_AngioFlag,
                           DCM_NumberOfAverages,
                           DCM_ImagingFrequency,
                           DCM_ImagedNucleus,
                           DCM_EchoNumbers,
                           DCM_MagneticFieldStrength,
                           DCM_PercentSampling,
                           DCM_PercentPhaseFieldOfView,
                           DCM_PixelBandwidth,
                           DCM_ReceiveCoilName,
                           DCM_TransmitCoilName,
                           DCM_FlipAngle,
                           DCM_TemporalPositionIdentifier,
                           DCM_NumberOfTemporalPositions,
                           DCM_AcquisitionNumber};
const DcmTagKey kOfCt[] = {DCM_DataCollectionDiameter,
                           DCM_ReconstructionDiameter,
                           DCM_GantryDetectorTilt,
                           DCM_TableHeight,
                           DCM_ExposureTime,
                           DCM_XRayTubeCurrent,
                           DCM_Exposure,
                           DCM_FilterType,
                           DCM_FocalSpots,
                           DCM_ConvolutionKernel};

/// Type 2: there even if nothing is known.
void copy_or_empty(DcmItem& item, const ImageSource* source, const DcmTagKey& tag) {
  if (source == nullptr || !source->copy(item, tag)) put_empty(item, tag);
}

/// Type 1: `otherwise` is what says that it is not known.
void copy_or_put(DcmItem& item, const ImageSource* source, const DcmTagKey& tag,
                 const char* otherwise) {
  if (source == nullptr || !source->copy(item, tag)) put(item, tag, otherwise);
}

void put_utf8(DcmItem& item, const DcmTagKey& tag, const std::string& value) {
  const auto is_ascii = [](char c) { return static_cast<unsigned char>(c) < 0x80; };
  if (!std::all_of(value.begin(), value.end(), is_ascii)) {
    put(item, DCM_SpecificCharacterSet, "ISO_IR 192");
  }
  put(item, tag, value);
}

void put_patient_and_study_of(DcmItem& item, const NewSeries& series) {
  if (series.source != nullptr) {
    put_patient_and_study(item, series.source->header());
    put(item, DCM_StudyInstanceUID, series.volume.study_uid);
    return;
  }
  for (const DcmTagKey& tag : {DCM_PatientBirthDate, DCM_PatientSex, DCM_StudyDate, DCM_StudyTime,
                               DCM_StudyID, DCM_ReferringPhysicianName, DCM_AccessionNumber}) {
    put_empty(item, tag);
  }
  put_utf8(item, DCM_PatientName, series.description->patient_name);
  put_utf8(item, DCM_PatientID, series.description->patient_id);
  put(item, DCM_StudyInstanceUID, series.uid("study"));
}

void put_series_and_equipment(DcmItem& item, const NewSeries& series, std::size_t k) {
  put(item, DCM_Modality, series.modality);
  put(item, DCM_SeriesInstanceUID, series.uid("series"));
  put(item, DCM_InstanceNumber, std::to_string(k + 1));
  put(item, DCM_SOPInstanceUID, series.uid(fmt::format("image {}", k + 1)));
  put(item, DCM_SOPClassUID, series.modality == "CT" ? UID_CTImageStorage : UID_MRImageStorage);
  copy_or_empty(item, series.source, DCM_PatientPosition);
  if (series.source == nullptr) {
    put(item, DCM_SeriesNumber, "1");
    put_empty(item, DCM_Laterality);
    put_text(item, DCM_SeriesDescription, series.description->series_description, 64);
    put(item, DCM_FrameOfReferenceUID, series.uid("frame of reference"));
    put_empty(item, DCM_PositionReferenceIndicator);
    put(item, DCM_Manufacturer, kManufacturer);
    put(item, DCM_ManufacturerModelName, kModelName);
    put(item, DCM_SoftwareVersions, fmt::format("osler {}", kVersion));
    return;
  }
  put_empty(item, DCM_Manufacturer);
  for (const DcmTagKey& tag : kOfBoth) series.source->copy(item, tag);
  if (!series.source->copy(item, DCM_Laterality) && !item.tagExists(DCM_BodyPartExamined)) {
    put_empty(item, DCM_Laterality);
  }
  put(item, DCM_SeriesNumber, series_number(series.source->header(), kSeriesOffset));
  put_frame_of_reference(item, series.source->header(), series.volume.frame_of_reference_uid,
                         series.volume.series_uid);
  DcmItem& equipment = add_item(item, DCM_ContributingEquipmentSequence);
  add_code(equipment, DCM_PurposeOfReferenceCodeSequence,
           {"109102", "DCM", "Processing Equipment"});
  put(equipment, DCM_Manufacturer, kManufacturer);
  put(equipment, DCM_ManufacturerModelName, kModelName);
  put(equipment, DCM_SoftwareVersions, fmt::format("osler {}", kVersion));
}

/// DERIVED, then as the source has it as far as a single-frame image may.
std::string image_type(const NewSeries& series) {
  std::string second = "SECONDARY", third = series.modality == "CT" ? "AXIAL" : "OTHER", rest;
  if (series.source == nullptr) return "DERIVED\\" + second + "\\" + third;
  const std::string type = string_of(series.source->header(), DCM_ImageType);
  std::vector<std::string> values;
  for (std::size_t begin = 0; begin <= type.size();) {
    const std::size_t end = std::min(type.find('\\', begin), type.size());
    values.push_back(type.substr(begin, end - begin));
    begin = end + 1;
  }
  if (values.size() > 1 && values[1] == "PRIMARY") second = values[1];
  const bool single = !series.source->is_multi_frame();
  for (std::size_t i = 2; single && i < values.size(); ++i) {
    if (i > 2) {
      rest += "\\" + values[i];
    } else if (series.modality == "MR" && !values[i].empty()) {
      third = values[i];
    }
  }
  return "DERIVED\\" + second + "\\" + third + rest;
}

/// @param error  of the coding, of the whole series
void put_derivation(DcmItem& item, const NewSeries& series, const SliceSource& slice,
                    double error) {
  put(item, DCM_ImageType, image_type(series));
  const std::string values =
      series.coding.exact ? "the values are unchanged"
                          : fmt::format("values were rounded to 16 bits, by {:.3g} at most", error);
  if (series.source == nullptr) {
    put_text(item, DCM_DerivationDescription,
             fmt::format("Made by osler {} from a file that was not DICOM; {}", kVersion, values),
             1024);
    return;
  }
  put_text(
      item, DCM_DerivationDescription,
      fmt::format("Written anew by osler {} as uncompressed single frames; {}", kVersion, values),
      1024);
  put_lossy_compression(item, series.source->header(), series.volume.lossy);
  const auto refer = [&](DcmItem& to, const DcmTagKey& sequence) -> DcmItem& {
    DcmItem& reference = add_reference(to, sequence, slice.sop_class_uid, slice.sop_instance_uid);
    if (series.source->is_multi_frame()) {
      put(reference, DCM_ReferencedFrameNumber, std::to_string(slice.frame));
    }
    return reference;
  };
  add_code(refer(item, DCM_SourceImageSequence), DCM_PurposeOfReferenceCodeSequence,
           {"121322", "DCM", "Source image for image processing operation"});
  DcmItem& referenced = add_item(item, DCM_ReferencedSeriesSequence);
  put(referenced, DCM_SeriesInstanceUID, series.volume.series_uid);
  refer(referenced, DCM_ReferencedInstanceSequence);
}

void put_plane(DcmItem& item, const NewSeries& series, std::size_t k) {
  const Grid& grid = series.volume.grid;
  const Vec3 spacing = grid.spacing_mm();
  const Vec3 x = (1 / spacing[0]) * grid.index_to_lps.column(0);
  const Vec3 y = (1 / spacing[1]) * grid.index_to_lps.column(1);
  const double orientation[] = {x[0], x[1], x[2], y[0], y[1], y[2]};
  const double pixel_spacing[] = {spacing[1], spacing[0]};
  put_decimals(item, DCM_ImageOrientationPatient, orientation);
  put_decimals(item, DCM_PixelSpacing, pixel_spacing);
  put_decimals(item, DCM_ImagePositionPatient, grid.centre_mm(0, 0, static_cast<std::int64_t>(k)));
  // Along the normal; uneven slices have no one distance.
  const double distance = grid.slice_distances_mm()[0];
  if (series.modality == "MR" && grid.is_regular()) {
    put(item, DCM_SpacingBetweenSlices, decimal_string(distance));
  }
  if (series.source == nullptr) {
    put(item, DCM_SliceThickness, decimal_string(distance));
  } else {
    copy_or_empty(item, series.source, DCM_SliceThickness);
  }
}

void put_acquisition(DcmItem& item, const NewSeries& series) {
  const ImageSource* source = series.source;
  if (series.modality == "CT") {
    for (const DcmTagKey& tag : {DCM_KVP, DCM_AcquisitionNumber}) copy_or_empty(item, source, tag);
    for (const DcmTagKey& tag : kOfCt) {
      if (source != nullptr) source->copy(item, tag);
    }
    return;
  }
  copy_or_put(item, source, DCM_ScanningSequence, "RM");
  copy_or_put(item, source, DCM_SequenceVariant, "NONE");
  for (const DcmTagKey& tag : {DCM_ScanOptions, DCM_MRAcquisitionType, DCM_RepetitionTime,
                               DCM_EchoTime, DCM_EchoTrainLength}) {
    copy_or_empty(item, source, tag);
  }
  if (source == nullptr) return;
  for (const DcmTagKey& tag : kOfMr) source->copy(item, tag);
  double echo_time_ms = 0;
  if (source->number(DCM_EffectiveEchoTime, echo_time_ms)) {
    put(item, DCM_EchoTime, decimal_string(echo_time_ms));
  }
}

void put_padding(DcmItem& item, const NewSeries& series) {
  const auto padding = coded_padding(series.volume, series.coding);
  if (!padding) return;
  const auto put_word = [&](const DcmTagKey& tag, std::int64_t value) {
    const DcmTag typed(tag, series.coding.is_signed ? EVR_SS : EVR_US);
    if (series.coding.is_signed) {
      item.putAndInsertSint16(typed, static_cast<Sint16>(value));
    } else {
      item.putAndInsertUint16(typed, static_cast<Uint16>(value));
    }
  };
  put_word(DCM_PixelPaddingValue, padding->low);
  if (padding->high != padding->low) put_word(DCM_PixelPaddingRangeLimit, padding->high);
}

void put_pixels(DcmItem& item, const NewSeries& series, std::size_t k) {
  const Grid& grid = series.volume.grid;
  put_us(item, DCM_SamplesPerPixel, 1);
  copy_or_put(item, series.source, DCM_PhotometricInterpretation, "MONOCHROME2");
  put_us(item, DCM_Rows, static_cast<std::uint16_t>(grid.size[1]));
  put_us(item, DCM_Columns, static_cast<std::uint16_t>(grid.size[0]));
  put_us(item, DCM_BitsAllocated, 16);
  put_us(item, DCM_BitsStored, 16);
  put_us(item, DCM_HighBit, 15);
  put_us(item, DCM_PixelRepresentation, series.coding.is_signed ? 1 : 0);
  put_padding(item, series);
  const CodedRescale rescale = coded_rescale(series.volume, series.coding, k);
  if (series.modality == "CT" || rescale.slope != 1 || rescale.intercept != 0) {
    put(item, DCM_RescaleSlope, decimal_string(rescale.slope));
    put(item, DCM_RescaleIntercept, decimal_string(rescale.intercept));
    copy_or_put(item, series.source, DCM_RescaleType, series.modality == "CT" ? "HU" : "US");
  }
  if (series.source != nullptr && series.source->copy(item, DCM_WindowCenter)) {
    if (series.source->copy(item, DCM_WindowWidth)) {
      series.source->copy(item, DCM_WindowCenterWidthExplanation);
      series.source->copy(item, DCM_VOILUTFunction);
    } else {
      item.findAndDeleteElement(DCM_WindowCenter);
    }
  }
}

}  // namespace

std::string NewSeries::uid(std::string role) const {
  std::vector<std::string> parts = content;
  parts.push_back(std::move(role));
  return derived_uid(parts);
}

void put_image(DcmItem& item, const NewSeries& series, std::size_t k, double error) {
  put_patient_and_study_of(item, series);
  put_series_and_equipment(item, series, k);
  put_derivation(item, series, series.volume.slices[k], error);
  put_plane(item, series, k);
  put_acquisition(item, series);
  put_pixels(item, series, k);
  put_pixel_words(item, coded_slice(series.volume, series.coding, k));
}

}  // namespace osler::objects
