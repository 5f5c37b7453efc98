#pragma once
// Texts, codes and colours of headers. Inside the room only.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/code.hpp"
#include "dicom/character_set.hpp"
#include "dicom/items.hpp"

namespace osler::segmentations {

/// Texts of one data set as UTF-8; U+FFFD for what is no character of its character set.
class Texts {
 public:
  explicit Texts(const dicom::Item& data_set) : character_set_(data_set.text(0x00080005)) {}
  std::string of(const dicom::Item& item, std::uint32_t tag) const;
  /// The first item of a code sequence; nothing if it has no value.
  std::optional<Code> code(const dicom::Item& item, std::uint32_t sequence) const;
  std::vector<Code> codes(const dicom::Item& item, std::uint32_t sequence) const;

 private:
  std::optional<Code> code_of(const dicom::Item& item) const;

  dicom::CharacterSet character_set_;
};

/// Recommended Display CIELab Value (PS3.3 C.10.7.1.1, D50) to sRGB, clipped; nothing if there are
/// not three.
std::optional<std::array<std::uint8_t, 3>> rgb_of_cielab(const std::vector<std::uint16_t>& values);

}  // namespace osler::segmentations
