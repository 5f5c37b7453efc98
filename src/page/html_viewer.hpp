#pragma once
// The slices of a study to scroll through, as a part of report.html.

#include <string>

#include "findings/findings.hpp"
#include "page/html_slices.hpp"

namespace osler::page {

/// Shown by its script only; without one there is a sentence. Empty if the stack is.
std::string viewer_html(const Findings& findings, const SliceStack& slices);

/// What the script reads: a data block of JSON. Empty if the stack is.
std::string viewer_data(const Findings& findings, const SliceStack& slices);

/// The page's only script, as it stands between its tags; the same for every study.
extern const char kViewerScript[];

}  // namespace osler::page
