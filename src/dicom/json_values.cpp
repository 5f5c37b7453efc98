#include "dicom/json_values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>

#include "core/json.hpp"
#include "dicom/values.hpp"

namespace osler::dicom {
namespace {

constexpr std::uint64_t kLargestExact = std::uint64_t{1} << 53;  // of a number in JavaScript

/// Trailing spaces and NULs are padding; leading ones may be meant.
std::string_view without_padding(std::string_view text) {
  const auto last = text.find_last_not_of(std::string_view(" \0", 2));
  return text.substr(0, last == std::string_view::npos ? 0 : last + 1);
}

bool is_any_of(std::string_view vr, std::string_view list) {
  for (std::size_t i = 0; i + 1 < list.size(); i += 3) {
    if (list.substr(i, 2) == vr) return true;
  }
  return false;
}

/// Texts of one element.
struct Texts {
  const CharacterSet& set;
  TextNotes& notes;

  std::string json(std::string_view bytes, TextKind kind) const {
    const CharacterSet::Text text = set.to_utf8(bytes, kind);
    notes.add(text.notes);
    return json_string(text.utf8);
  }
};

/// {"Alphabetic": ...} with the groups that are there, or null.
std::string person_name(std::string_view bytes, const Texts& texts) {
  static constexpr const char* kGroups[] = {"Alphabetic", "Ideographic", "Phonetic"};
  std::string json;
  std::size_t i = 0;
  for (const std::string_view padded : texts.set.split(bytes, '=')) {
    const std::string_view group = without_padding(padded);
    if (i < std::size(kGroups) && !group.empty()) {
      json += fmt::format("{}\"{}\":{}", json.empty() ? "" : ",", kGroups[i],
                          texts.json(group, TextKind::person_name));
    }
    ++i;
  }
  return json.empty() ? "null" : "{" + json + "}";
}

std::string one_value(std::string_view vr, std::string_view bytes, const Texts& texts) {
  const std::string_view bare = without_padding(bytes);
  if (vr == "PN") return person_name(bare, texts);
  if (bare.empty()) return "null";
  if (vr == "IS" || vr == "DS") {
    std::string number = json_number_of(trimmed(bare));
    if (!number.empty()) return number;
  }
  return texts.json(bare, TextKind::values);
}

template <typename Float>
std::string json_float(Float value) {
  if (std::isnan(value)) return "\"NaN\"";
  if (std::isinf(value)) return value > 0 ? "\"Infinity\"" : "\"-Infinity\"";
  return fmt::format("{}", value);
}

std::string json_integer(std::uint64_t magnitude, bool negative) {
  const std::string digits = fmt::format("{}{}", negative ? "-" : "", magnitude);
  return magnitude > kLargestExact ? "\"" + digits + "\"" : digits;
}

std::string json_signed(std::int64_t value) {
  const auto bits = static_cast<std::uint64_t>(value);
  return json_integer(value < 0 ? 0 - bits : bits, value < 0);
}

std::string one_number(std::string_view vr, std::uint64_t bits) {
  if (vr == "FL") return json_float(std::bit_cast<float>(static_cast<std::uint32_t>(bits)));
  if (vr == "FD") return json_float(std::bit_cast<double>(bits));
  if (vr == "SS") return json_signed(static_cast<std::int16_t>(bits));
  if (vr == "SL") return json_signed(static_cast<std::int32_t>(bits));
  if (vr == "SV") return json_signed(static_cast<std::int64_t>(bits));
  return json_integer(bits, false);
}

std::uint64_t bits_of(std::span<const std::byte> bytes, bool big_endian) {
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    bits = bits << 8 | static_cast<std::uint64_t>(bytes[big_endian ? i : bytes.size() - 1 - i]);
  }
  return bits;
}

}  // namespace

std::string json_string(std::string_view utf8) {
  return Json(utf8).dump();
}

std::string json_number_of(std::string_view text) {
  const auto digits = [&text] {
    const auto end = std::min(text.find_first_not_of("0123456789"), text.size());
    const std::string_view taken = text.substr(0, end);
    text.remove_prefix(end);
    return taken;
  };
  const auto take = [&text](std::string_view any_of) {
    if (text.empty() || any_of.find(text.front()) == std::string_view::npos) return '\0';
    const char taken = text.front();
    text.remove_prefix(1);
    return taken;
  };
  std::string number = take("+-") == '-' ? "-" : "";
  std::string_view whole = digits();
  const bool point = take(".") != '\0';
  const std::string_view fraction = point ? digits() : std::string_view();
  if (whole.empty() && fraction.empty()) return "";
  while (whole.size() > 1 && whole.front() == '0') whole.remove_prefix(1);
  number += whole.empty() ? "0" : whole;
  if (!fraction.empty()) number += "." + std::string(fraction);
  if (take("eE") != '\0') {
    const char sign = take("+-");
    const std::string_view exponent = digits();
    if (exponent.empty()) return "";
    number += "e";
    if (sign != '\0') number += sign;
    number += exponent;
  }
  return text.empty() ? number : "";
}

std::string json_text_values(std::string_view vr, std::string_view bytes, const CharacterSet& set,
                             TextNotes& notes) {
  if (without_padding(bytes).empty()) return "";
  static const CharacterSet kAscii;
  const Texts texts{is_any_of(vr, "LO LT PN SH ST UC UT") ? set : kAscii, notes};
  if (is_any_of(vr, "LT ST UT UR")) return texts.json(without_padding(bytes), TextKind::text);
  std::string json;
  for (const std::string_view value : texts.set.split(bytes, '\\')) {
    json += (json.empty() ? "" : ",") + one_value(vr, value, texts);
  }
  return json;
}

std::string json_binary_values(std::string_view vr, std::span<const std::byte> bytes,
                               bool big_endian) {
  std::string json;
  const std::size_t unit = unit_bytes(vr);
  for (std::size_t i = 0; i + unit <= bytes.size(); i += unit) {
    if (!json.empty()) json += ',';
    const auto value = bytes.subspan(i, unit);
    if (vr == "AT") {
      json += fmt::format("\"{:04X}{:04X}\"", bits_of(value.first(2), big_endian),
                          bits_of(value.last(2), big_endian));
    } else {
      json += one_number(vr, bits_of(value, big_endian));
    }
  }
  return json;
}

std::size_t unit_bytes(std::string_view vr) {
  if (is_any_of(vr, "SS US OW")) return 2;
  if (is_any_of(vr, "AT FL SL UL OF OL")) return 4;
  if (is_any_of(vr, "FD SV UV OD OV")) return 8;
  return 1;
}

}  // namespace osler::dicom
