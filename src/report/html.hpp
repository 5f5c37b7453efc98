#pragma once
// Findings as one page that needs nothing beside it: no fonts, no network. Its one script lets one
// scroll through slices; what it says stands there without it too.

#include <string>
#include <vector>

#include "findings/findings.hpp"
#include "report/html_slices.hpp"
#include "report/html_text.hpp"
#include "report/identity.hpp"
#include "report/pictures.hpp"

namespace osler::report {

/// @param slices  empty: a page without the stack, and without a script
std::string to_html(const Findings& findings, const Identity& identity,
                    const std::vector<Picture>& pictures, const SliceStack& slices = {});

}  // namespace osler::report
