#pragma once
// Findings as one page that needs nothing beside it: no fonts, no network. Its one script lets one
// scroll through slices; what it says stands there without it too.

#include <string>
#include <vector>

#include "findings/findings.hpp"
#include "findings/identity.hpp"
#include "page/html_slices.hpp"
#include "page/html_text.hpp"
#include "page/pictures.hpp"

namespace osler::page {

/// @param slices  empty: a page without the stack, and without a script
std::string to_html(const Findings& findings, const Identity& identity,
                    const std::vector<Picture>& pictures, const SliceStack& slices = {});

}  // namespace osler::page
