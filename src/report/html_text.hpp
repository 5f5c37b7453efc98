#pragma once
// Text and bytes as a page can hold them.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "core/json.hpp"

namespace osler::report {

/// Safe in text and in quoted attributes; bytes that are not UTF-8 become U+FFFD.
std::string escaped(std::string_view text);

/// RFC 4648, padded.
std::string base64(std::span<const std::uint8_t> bytes);
constexpr std::size_t base64_length(std::size_t bytes) {
  return (bytes + 2) / 3 * 4;
}

/// ASCII that can stand in a script element: no `<`, no `>`, no `&`, no line separators.
std::string script_json(const Json& json);

/// "'sha256-...'" of the text of an inline script or style sheet (CSP level 2).
std::string csp_hash(std::string_view text);

/// "4.14": two decimals, no unit.
std::string millilitres(double volume_mm3);

}  // namespace osler::report
