#pragma once
// Value fields as the elements of a "Value" array (PS3.18 F.2.3 to F.2.5). Inside the room only.

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "dicom/character_set.hpp"

namespace osler::dicom {

/// A quoted JSON string. @param utf8  valid
std::string json_string(std::string_view utf8);

/// A Decimal or Integer String as a JSON number with the same digits: JSON has no plus sign, no
/// leading zeros, and digits on both sides of a point. Empty if it is no number.
std::string json_number_of(std::string_view text);

/// Values of a VR whose value field is text; empty if there is no value.
/// @param notes  gets what is odd in them
std::string json_text_values(std::string_view vr, std::string_view bytes, const CharacterSet& set,
                             TextNotes& notes);

/// Values of AT, FL, FD, SL, SS, SV, UL, US or UV; empty if there is no value. Bytes left over at
/// the end are dropped.
std::string json_binary_values(std::string_view vr, std::span<const std::byte> bytes,
                               bool big_endian);

/// Bytes of one number of a VR; 1 for bytes and text.
std::size_t unit_bytes(std::string_view vr);

}  // namespace osler::dicom
