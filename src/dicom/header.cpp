#include "dicom/header.hpp"

#include <cmath>
#include <string_view>

#include "core/error.hpp"
#include "core/uid.hpp"
#include "dicom/data_set.hpp"
#include "dicom/functional_groups.hpp"
#include "dicom/values.hpp"

namespace osler::dicom {
namespace {

constexpr std::uint32_t kSharedFunctionalGroups = 0x52009229;
constexpr std::uint32_t kPerFrameFunctionalGroups = 0x52009230;
constexpr int kMaxFrames = 1'000'000;
constexpr std::uint32_t kPixelData = 0x7FE00010;
constexpr std::uint32_t kFloatPixelData = 0x7FE00008;
constexpr std::uint32_t kDoubleFloatPixelData = 0x7FE00009;

/// US or SS by Pixel Representation; writers mix the two up, so the bits are read again.
std::int64_t pixel_value(std::uint16_t word, bool is_signed) {
  return is_signed ? static_cast<std::int64_t>(static_cast<std::int16_t>(word)) : word;
}

/// Padding is read in Pixel Representation, which comes later in the file.
struct RawPadding {
  std::optional<std::uint16_t> value;
  std::optional<std::uint16_t> range_limit;
};

class HeaderReader {
 public:
  HeaderReader(const DataSet& data, Instance& instance)
      : data_(data), values_(data.bytes(), data.encoding().big_endian), instance_(instance) {}

  void read() {
    ElementReader reader = data_.elements();
    Element e;
    while (reader.next(e)) {
      if (e.tag == kPixelData || e.tag == kFloatPixelData || e.tag == kDoubleFloatPixelData) {
        take_pixel_data(e);
        return finish();
      }
      if (e.tag == kSharedFunctionalGroups) {
        reader.for_each_item(
            e, [&](ElementReader& item) { read_functional_groups(item, values_, common_); });
      } else if (e.tag == kPerFrameFunctionalGroups) {
        reader.for_each_item(e, [&](ElementReader& item) {
          if (static_cast<int>(instance_.frames.size()) >= kMaxFrames) return;
          read_functional_groups(item, values_, instance_.frames.emplace_back(common_));
        });
      } else {
        take(e);
        reader.skip(e);
      }
    }
    finish();
  }

 private:
  void take(const Element& e);
  void take_identity(const Element& e);
  void take_image(const Element& e);

  void take_pixel_data(const Element& e) {
    instance_.has_pixel_data = e.tag == kPixelData;
    instance_.pixel_data_offset = e.offset;
    instance_.pixel_data_bytes = e.length == kUndefinedLength ? 0 : e.length;
  }

  void finish() {
    PixelFormat& p = instance_.pixels;
    if (p.bits_stored == 0) p.bits_stored = p.bits_allocated;
    if (!high_bit_) p.high_bit = p.bits_stored - 1;
    if (padding_.value) instance_.pixel_padding_value = pixel_value(*padding_.value, p.is_signed);
    if (padding_.range_limit) {
      instance_.pixel_padding_range_limit = pixel_value(*padding_.range_limit, p.is_signed);
    }
    if (instance_.frames.empty()) instance_.frames.push_back(std::move(common_));
    instance_.patient_key = patient_id_ + '\n' + issuer_;
  }

  const DataSet& data_;
  Values values_;
  Instance& instance_;
  Frame common_;  ///< what holds for all frames
  RawPadding padding_;
  bool high_bit_ = false;
  std::string patient_id_;
  std::string issuer_;
};

void HeaderReader::take(const Element& e) {
  if (e.tag == 0x00283000) instance_.has_modality_lut_sequence = true;
  if (e.is_sequence()) return;
  if (e.tag >> 16 <= 0x0010) return take_identity(e);
  take_image(e);
}

void HeaderReader::take_identity(const Element& e) {
  switch (e.tag) {
    case 0x00080008:
      for (std::size_t i = 0; i < 16; ++i) {
        const auto value = value_at(values_.text(e), i);
        if (!value) break;
        common_.image_type.emplace_back(*value);
      }
      break;
    case 0x00080016:
      instance_.sop_class_uid = values_.first(e);
      break;
    case 0x00080018:
      instance_.sop_instance_uid = values_.first(e);
      break;
    case 0x00080060:
      instance_.modality = values_.first(e);
      break;
    case 0x00080070:
      instance_.manufacturer = values_.whole(e);
      break;
    case 0x0008103E:
      instance_.series_description = values_.whole(e);
      break;
    case 0x00100020:
      patient_id_ = values_.whole(e);
      break;
    case 0x00100021:
      issuer_ = values_.whole(e);
      break;
    case 0x00102210:
      instance_.anatomical_orientation_type = values_.first(e);
      break;
    default:
      break;
  }
}

void HeaderReader::take_image(const Element& e) {
  PixelFormat& p = instance_.pixels;
  switch (e.tag) {
    case 0x00180015:
      instance_.body_part = values_.first(e);
      break;
    case 0x00180050:
      common_.slice_thickness_mm = number(value_at(values_.text(e), 0));
      break;
    case 0x00180081:
      common_.told_apart_by.echo_time_ms = number(value_at(values_.text(e), 0));
      break;
    case 0x00181060:
      common_.told_apart_by.trigger_time_ms = number(value_at(values_.text(e), 0));
      break;
    case 0x00189087:
      common_.told_apart_by.b_value = values_.float_double(e);
      break;
    case 0x00200100:
      common_.told_apart_by.temporal_position = integer(values_.text(e));
      break;
    case 0x00181000:
      instance_.device_serial_number = values_.whole(e);
      break;
    case 0x00181120:
      instance_.gantry_tilt_deg = number(value_at(values_.text(e), 0));
      break;
    case 0x0020000D:
      instance_.study_uid = values_.first(e);
      break;
    case 0x0020000E:
      instance_.series_uid = values_.first(e);
      break;
    case 0x00200011:
      instance_.series_number = integer(values_.text(e));
      break;
    case 0x00200012:
      common_.told_apart_by.acquisition_number = integer(values_.text(e));
      break;
    case 0x00200013:
      instance_.instance_number = integer(values_.text(e));
      break;
    case 0x00200032:
      common_.position_mm = numbers<3>(values_.text(e));
      break;
    case 0x00200037:
      common_.orientation = numbers<6>(values_.text(e));
      break;
    case 0x00200052:
      instance_.frame_of_reference_uid = values_.first(e);
      break;
    case 0x00280002:
      p.samples_per_pixel = values_.word(e);
      break;
    case 0x00280004:
      p.photometric_interpretation = values_.first(e);
      break;
    case 0x00280008:
      p.frames = static_cast<int>(integer(values_.text(e)).value_or(1));
      break;
    case 0x00280010:
      p.rows = values_.word(e);
      break;
    case 0x00280011:
      p.columns = values_.word(e);
      break;
    case 0x00280030:
      common_.spacing_mm = numbers<2>(values_.text(e));
      break;
    case 0x00280100:
      p.bits_allocated = values_.word(e);
      break;
    case 0x00280101:
      p.bits_stored = values_.word(e);
      break;
    case 0x00280102:
      p.high_bit = values_.word(e);
      high_bit_ = true;
      break;
    case 0x00280103:
      p.is_signed = values_.word(e) == 1;
      break;
    case 0x00280120:
      padding_.value = values_.word(e);
      break;
    case 0x00280121:
      padding_.range_limit = values_.word(e);
      break;
    case 0x00281052:
      common_.rescale_intercept = number(value_at(values_.text(e), 0));
      break;
    case 0x00281053:
      common_.rescale_slope = number(value_at(values_.text(e), 0));
      break;
    case 0x00281054:
      instance_.rescale_type = values_.first(e);
      break;
    case 0x00282110:
      instance_.lossy_image_compression = values_.first(e);
      break;
    default:
      break;
  }
}

}  // namespace

std::variant<Instance, Unreadable> read_header(const std::filesystem::path& file,
                                               const Limits& limits) {
  Instance instance;
  instance.file = file;
  try {
    const std::optional<DataSet> data = DataSet::open(file, limits);
    if (!data) return Unreadable{file, "not a DICOM file", false};
    instance.transfer_syntax_uid = data->transfer_syntax_uid();
    HeaderReader(*data, instance).read();
  } catch (const Error& error) {
    instance.damage = error.found();
  }
  for (const std::string* uid : {&instance.sop_class_uid, &instance.sop_instance_uid,
                                 &instance.study_uid, &instance.series_uid}) {
    if (is_valid_uid(*uid)) continue;
    return Unreadable{file, instance.damage.empty()
                                ? "SOP, study or series UID is missing or not valid"
                                : instance.damage};
  }
  return instance;
}

}  // namespace osler::dicom
