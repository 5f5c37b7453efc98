#pragma once
// Findings as one page that needs nothing beside it: no scripts, no fonts, no network.

#include <string>
#include <string_view>
#include <vector>

#include "findings/findings.hpp"
#include "report/identity.hpp"
#include "report/pictures.hpp"

namespace osler::report {

/// Safe in text and in quoted attributes; bytes that are not UTF-8 become U+FFFD.
std::string escaped(std::string_view text);

std::string to_html(const Findings& findings, const Identity& identity,
                    const std::vector<Picture>& pictures);

}  // namespace osler::report
