#pragma once
// Text as a page can hold it.

#include <string>
#include <string_view>

#include "core/json.hpp"

namespace osler::page {

/// Safe in text and in quoted attributes; bytes that are not UTF-8 become U+FFFD.
std::string escaped(std::string_view text);

/// ASCII that can stand in a script element: no `<`, no `>`, no `&`, no line separators.
std::string script_json(const Json& json);

/// "'sha256-...'" of the text of an inline script or style sheet (CSP level 2).
std::string csp_hash(std::string_view text);

/// "4.14": two decimals, no unit.
std::string millilitres(double volume_mm3);

}  // namespace osler::page
