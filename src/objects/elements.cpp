#include "objects/elements.hpp"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>

#include "core/error.hpp"
#include "core/plain_text.hpp"

namespace osler::objects {
namespace {

void check(const OFCondition& condition, const DcmTag& tag) {
  if (condition.bad()) {
    throw Error(ErrorCode::internal,
                fmt::format("attribute ({:04x},{:04x}) of a result cannot be set: {}",
                            tag.getGroup(), tag.getElement(), condition.text()));
  }
}

double linear(std::uint8_t channel) {
  const double v = channel / 255.0;
  return v <= 0.04045 ? v / 12.92 : std::pow((v + 0.055) / 1.055, 2.4);
}

double lab_curve(double t) {
  constexpr double kEdge = 216.0 / 24389.0;
  return t > kEdge ? std::cbrt(t) : (24389.0 / 27.0 * t + 16.0) / 116.0;
}

}  // namespace

std::string shortened(std::string text, std::size_t length) {
  if (text.size() > length) text.resize(length);
  while (!text.empty() && text.back() == ' ') text.pop_back();
  return text;
}

std::array<std::uint16_t, 3> cielab_of(std::array<std::uint8_t, 3> rgb) {
  const double r = linear(rgb[0]), g = linear(rgb[1]), b = linear(rgb[2]);
  // sRGB primaries adapted to D50 (Bradford), the white of the ICC profile connection space.
  const double x = 0.4360747 * r + 0.3850649 * g + 0.1430804 * b;
  const double y = 0.2225045 * r + 0.7168786 * g + 0.0606169 * b;
  const double z = 0.0139322 * r + 0.0971045 * g + 0.7141733 * b;
  const double fx = lab_curve(x / 0.9642), fy = lab_curve(y), fz = lab_curve(z / 0.8249);
  const double l = 116 * fy - 16, a = 500 * (fx - fy), b_star = 200 * (fy - fz);
  const auto scaled = [](double v) {
    return static_cast<std::uint16_t>(std::lround(std::clamp(v, 0.0, 65535.0)));
  };
  return {scaled(l * 65535 / 100), scaled((a + 128) * 65535 / 255),
          scaled((b_star + 128) * 65535 / 255)};
}

void put(DcmItem& item, const DcmTag& tag, std::string_view value) {
  check(item.putAndInsertString(tag, std::string(value).c_str()), tag);
}

void put_text(DcmItem& item, const DcmTag& tag, std::string_view utf8, std::size_t length) {
  put(item, tag, shortened(plain_ascii(utf8), length));
}

void put_empty(DcmItem& item, const DcmTag& tag) {
  check(item.insertEmptyElement(tag), tag);
}

void put_us(DcmItem& item, const DcmTag& tag, std::uint16_t value) {
  check(item.putAndInsertUint16(tag, value), tag);
}

void put_decimals(DcmItem& item, const DcmTag& tag, std::span<const double> values) {
  std::string text;
  for (const double value : values) text += (text.empty() ? "" : "\\") + decimal_string(value);
  put(item, tag, text);
}

void put_empty_sequence(DcmItem& item, const DcmTag& tag) {
  check(item.insertEmptyElement(tag), tag);
}

void put_pixel_data(DcmItem& item, std::span<const std::uint8_t> bytes) {
  std::ranges::copy(bytes, add_pixel_data(item, bytes.size() + bytes.size() % 2).begin());
}

std::span<std::uint8_t> add_pixel_data(DcmItem& item, std::size_t size) {
  if (size >= std::numeric_limits<std::uint32_t>::max() - 1) {
    throw Error(ErrorCode::output, "Pixel Data would hold more than 4 GiB");
  }
  auto pixels = std::make_unique<DcmPixelData>(DCM_PixelData);
  pixels->setVR(EVR_OB);
  Uint8* bytes = nullptr;
  check(pixels->createUint8Array(static_cast<Uint32>(size), bytes), DCM_PixelData);
  check(item.insert(pixels.get(), OFTrue), DCM_PixelData);
  static_cast<void>(pixels.release());  // the item owns it now
  return {bytes, size};
}

void put_pixel_words(DcmItem& item, std::span<const std::uint16_t> words) {
  auto pixels = std::make_unique<DcmPixelData>(DCM_PixelData);
  pixels->setVR(EVR_OW);
  check(pixels->putUint16Array(words.data(), words.size()), DCM_PixelData);
  check(item.insert(pixels.get(), OFTrue), DCM_PixelData);
  static_cast<void>(pixels.release());  // the item owns it now
}

std::string string_of(DcmItem& item, const DcmTagKey& tag) {
  OFString value;
  item.findAndGetOFStringArray(tag, value);
  return std::string(value.c_str(), value.length());
}

DcmItem& add_item(DcmItem& item, const DcmTag& sequence) {
  DcmItem* added = nullptr;
  check(item.findOrCreateSequenceItem(sequence, added, -2), sequence);
  return *added;
}

DcmItem& add_code(DcmItem& item, const DcmTag& sequence, const Code& code) {
  DcmItem& added = add_item(item, sequence);
  // Code Value holds 16 characters; a longer one has an attribute of its own (PS3.3 8.1).
  if (code.value.size() > 16) {
    put(added, DCM_LongCodeValue, code.value);
  } else {
    put(added, DCM_CodeValue, code.value);
  }
  put(added, DCM_CodingSchemeDesignator, code.scheme);
  put_text(added, DCM_CodeMeaning, code.meaning, 64);
  return added;
}

DcmItem& add_reference(DcmItem& item, const DcmTag& sequence, const std::string& sop_class_uid,
                       const std::string& sop_instance_uid) {
  DcmItem& added = add_item(item, sequence);
  put(added, DCM_ReferencedSOPClassUID, sop_class_uid);
  put(added, DCM_ReferencedSOPInstanceUID, sop_instance_uid);
  return added;
}

}  // namespace osler::objects
