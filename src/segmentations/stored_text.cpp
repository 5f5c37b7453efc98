#include "segmentations/stored_text.hpp"

#include <algorithm>
#include <cmath>

namespace osler::segmentations {
namespace {

double cube_or_line(double v) {
  constexpr double kEdge = 6.0 / 29;
  return v > kEdge ? v * v * v : 3 * kEdge * kEdge * (v - 4.0 / 29);
}

std::uint8_t srgb_byte(double linear) {
  const double v = linear <= 0.0031308 ? 12.92 * linear : 1.055 * std::pow(linear, 1 / 2.4) - 0.055;
  return static_cast<std::uint8_t>(std::lround(std::clamp(v, 0.0, 1.0) * 255));
}

}  // namespace

std::string Texts::of(const dicom::Item& item, std::uint32_t tag) const {
  return character_set_.to_utf8(item.text(tag)).utf8;
}

std::optional<Code> Texts::code_of(const dicom::Item& item) const {
  std::string value = of(item, 0x00080100);
  if (value.empty()) value = of(item, 0x00080119);  // Long Code Value
  if (value.empty()) value = of(item, 0x00080120);  // URN Code Value
  if (value.empty()) return std::nullopt;
  return Code{value, of(item, 0x00080102), of(item, 0x00080104)};
}

std::optional<Code> Texts::code(const dicom::Item& item, std::uint32_t sequence) const {
  return code_of(item.item(sequence));
}

std::vector<Code> Texts::codes(const dicom::Item& item, std::uint32_t sequence) const {
  std::vector<Code> all;
  for (const dicom::Item& entry : item.items(sequence)) {
    if (auto code = code_of(entry)) all.push_back(std::move(*code));
  }
  return all;
}

std::optional<std::array<std::uint8_t, 3>> rgb_of_cielab(const std::vector<std::uint16_t>& values) {
  if (values.size() < 3) return std::nullopt;
  const double l = values[0] * 100.0 / 65535;
  const double a = values[1] * 255.0 / 65535 - 128, b = values[2] * 255.0 / 65535 - 128;
  const double fy = (l + 16) / 116;
  const double x = 0.9642 * cube_or_line(fy + a / 500), y = cube_or_line(fy);
  const double z = 0.8249 * cube_or_line(fy - b / 200);
  // D50 to the sRGB primaries (Bradford).
  return std::array{srgb_byte(3.1338561 * x - 1.6168667 * y - 0.4906146 * z),
                    srgb_byte(-0.9787684 * x + 1.9161415 * y + 0.0334540 * z),
                    srgb_byte(0.0719453 * x - 0.2289914 * y + 1.4052427 * z)};
}

}  // namespace osler::segmentations
