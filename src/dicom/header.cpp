#include "dicom/header.hpp"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>
#include <dcmtk/oflog/oflog.h>

#include <cmath>
#include <fstream>
#include <mutex>
#include <string_view>

#include "core/uid.hpp"

namespace osler::dicom {
namespace {

// Larger elements stay in the file until they are asked for.
constexpr Uint32 kMaxReadBytes = 4096;

std::string text(DcmItem& item, const DcmTagKey& tag, unsigned long position = 0) {
  OFString value;
  if (item.findAndGetOFString(tag, value, position).bad()) return {};
  return {value.c_str(), value.size()};
}

std::optional<double> number(DcmItem& item, const DcmTagKey& tag, unsigned long position = 0) {
  Float64 value = 0;
  if (item.findAndGetFloat64(tag, value, position).bad()) return std::nullopt;
  return value;
}

std::optional<long> integer(DcmItem& item, const DcmTagKey& tag) {
  Sint32 value = 0;
  if (item.findAndGetSint32(tag, value).bad()) return std::nullopt;
  return value;
}

template <std::size_t N>
std::optional<std::array<double, N>> numbers(DcmItem& item, const DcmTagKey& tag) {
  std::array<double, N> values{};
  for (std::size_t i = 0; i < N; ++i) {
    const auto value = number(item, tag, i);
    if (!value || !std::isfinite(*value)) return std::nullopt;
    values[i] = *value;
  }
  return values;
}

int unsigned_short(DcmItem& item, const DcmTagKey& tag, int absent) {
  Uint16 value = 0;
  return item.findAndGetUint16(tag, value).good() ? value : absent;
}

/// US or SS by Pixel Representation; writers mix the two up, so the bits are taken and read again.
std::optional<std::int64_t> pixel_value(DcmItem& item, const DcmTagKey& tag, bool is_signed) {
  Uint16 word = 0;
  if (item.findAndGetUint16(tag, word).good()) {
    return is_signed ? static_cast<std::int64_t>(static_cast<std::int16_t>(word)) : word;
  }
  Sint16 signed_word = 0;
  if (item.findAndGetSint16(tag, signed_word).good()) {
    return is_signed ? signed_word
                     : static_cast<std::int64_t>(static_cast<std::uint16_t>(signed_word));
  }
  return std::nullopt;
}

PixelFormat read_pixel_format(DcmItem& data) {
  PixelFormat format;
  format.rows = unsigned_short(data, DCM_Rows, 0);
  format.columns = unsigned_short(data, DCM_Columns, 0);
  format.samples_per_pixel = unsigned_short(data, DCM_SamplesPerPixel, 1);
  format.bits_allocated = unsigned_short(data, DCM_BitsAllocated, 0);
  format.bits_stored = unsigned_short(data, DCM_BitsStored, format.bits_allocated);
  format.high_bit = unsigned_short(data, DCM_HighBit, format.bits_stored - 1);
  format.is_signed = unsigned_short(data, DCM_PixelRepresentation, 0) == 1;
  format.photometric_interpretation = text(data, DCM_PhotometricInterpretation);
  const auto frames = integer(data, DCM_NumberOfFrames);
  format.frames = frames ? static_cast<int>(*frames) : 1;
  return format;
}

void read_geometry(DcmItem& data, Instance& instance) {
  instance.position_mm = numbers<3>(data, DCM_ImagePositionPatient);
  instance.orientation = numbers<6>(data, DCM_ImageOrientationPatient);
  instance.spacing_mm = numbers<2>(data, DCM_PixelSpacing);
  instance.slice_thickness_mm = number(data, DCM_SliceThickness);
  instance.gantry_tilt_deg = number(data, DCM_GantryDetectorTilt);
}

void read_rescale(DcmItem& data, Instance& instance) {
  instance.rescale_slope = number(data, DCM_RescaleSlope);
  instance.rescale_intercept = number(data, DCM_RescaleIntercept);
  instance.rescale_type = text(data, DCM_RescaleType);
  instance.has_modality_lut_sequence = data.tagExists(DCM_ModalityLUTSequence);
  instance.pixel_padding_value =
      pixel_value(data, DCM_PixelPaddingValue, instance.pixels.is_signed);
  instance.pixel_padding_range_limit =
      pixel_value(data, DCM_PixelPaddingRangeLimit, instance.pixels.is_signed);
}

/// Part 10 preamble, or a data set that starts with group 0002 or 0008 as files without one do.
bool looks_like_dicom(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  char head[132] = {};
  in.read(head, sizeof head);
  const auto count = in.gcount();
  if (count >= 132 && std::string_view(head + 128, 4) == "DICM") return true;
  return count >= 8 && (head[0] == 2 || head[0] == 8) && head[1] == 0 && head[3] == 0;
}

void silence_dcmtk() {
  static std::once_flag once;
  std::call_once(once, [] { OFLog::configure(OFLogger::OFF_LOG_LEVEL); });
}

}  // namespace

std::variant<Instance, std::string> read_header(const std::filesystem::path& file,
                                                const Limits& limits) {
  silence_dcmtk();
  if (!looks_like_dicom(file)) return "not a DICOM file";
  DcmFileFormat format;
  const OFCondition loaded =
      format.loadFile(file.c_str(), EXS_Unknown, EGL_noChange, kMaxReadBytes, ERM_autoDetect);
  if (loaded.bad()) return std::string("damaged or truncated: ") + loaded.text();

  DcmDataset& data = *format.getDataset();
  Instance instance;
  instance.file = file;
  instance.sop_class_uid = text(data, DCM_SOPClassUID);
  instance.sop_instance_uid = text(data, DCM_SOPInstanceUID);
  instance.study_uid = text(data, DCM_StudyInstanceUID);
  instance.series_uid = text(data, DCM_SeriesInstanceUID);
  for (const std::string* uid : {&instance.sop_class_uid, &instance.sop_instance_uid,
                                 &instance.study_uid, &instance.series_uid}) {
    if (!is_valid_uid(*uid)) return "SOP, study or series UID is missing or not valid";
  }
  instance.transfer_syntax_uid = DcmXfer(data.getOriginalXfer()).getXferID();
  instance.patient_key = text(data, DCM_PatientID) + '\n' + text(data, DCM_IssuerOfPatientID);
  instance.frame_of_reference_uid = text(data, DCM_FrameOfReferenceUID);
  instance.modality = text(data, DCM_Modality);
  instance.body_part = text(data, DCM_BodyPartExamined);
  instance.series_description = text(data, DCM_SeriesDescription);
  instance.manufacturer = text(data, DCM_Manufacturer);
  instance.device_serial_number = text(data, DCM_DeviceSerialNumber);
  for (unsigned long i = 0; i < 16; ++i) {
    const std::string value = text(data, DCM_ImageType, i);
    if (value.empty() && i > 0) break;
    instance.image_type.push_back(value);
  }
  instance.anatomical_orientation_type = text(data, DCM_AnatomicalOrientationType);
  instance.lossy_image_compression = text(data, DCM_LossyImageCompression);
  instance.series_number = integer(data, DCM_SeriesNumber);
  instance.instance_number = integer(data, DCM_InstanceNumber);
  instance.acquisition_number = integer(data, DCM_AcquisitionNumber);
  instance.echo_time_ms = number(data, DCM_EchoTime);
  instance.pixels = read_pixel_format(data);
  read_geometry(data, instance);
  read_rescale(data, instance);

  DcmElement* pixel_data = nullptr;
  instance.has_pixel_data = data.findAndGetElement(DCM_PixelData, pixel_data).good();
  if (instance.has_pixel_data && !DcmXfer(data.getOriginalXfer()).isEncapsulated()) {
    instance.pixel_data_bytes = pixel_data->getLengthField();
  }
  std::error_code ignored;
  const auto bytes = static_cast<std::int64_t>(std::filesystem::file_size(file, ignored));
  if (!instance.has_pixel_data && bytes > limits.max_header_bytes) {
    return "header of " + std::to_string(bytes) + " bytes is over the limit";
  }
  return instance;
}

}  // namespace osler::dicom
