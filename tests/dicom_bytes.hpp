#pragma once
// Explicit VR Little Endian by hand (PS3.5 7.1.2), for files that no writer would make.

#include <cstdint>
#include <string>

namespace osler::testing {

inline std::string little_endian(std::uint64_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i) text += static_cast<char>(value >> (8 * i));
  return text;
}

inline std::string tag_bytes(std::uint32_t tag) {
  return little_endian(tag >> 16, 2) + little_endian(tag & 0xFFFF, 2);
}

/// An element whose length has 16 bits; the value is padded to an even length.
inline std::string element(std::uint32_t tag, const std::string& vr, std::string value) {
  if (value.size() % 2 != 0) value += vr == "UI" ? '\0' : ' ';
  return tag_bytes(tag) + vr + little_endian(value.size(), 2) + value;
}

/// The head of an element whose length has 32 bits (OB, OW, SQ, UN, UT, ...).
inline std::string long_head(std::uint32_t tag, const std::string& vr, std::uint32_t length) {
  return tag_bytes(tag) + vr + std::string(2, '\0') + little_endian(length, 4);
}

/// An item or a delimiter of an undefined or defined length.
inline std::string item_head(std::uint32_t tag, std::uint32_t length) {
  return tag_bytes(tag) + little_endian(length, 4);
}

/// Preamble and meta header.
inline std::string part10_head(const std::string& sop_class, const std::string& syntax) {
  return std::string(128, '\0') + "DICM" + element(0x00020002, "UI", sop_class) +
         element(0x00020010, "UI", syntax);
}

}  // namespace osler::testing
