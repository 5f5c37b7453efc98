#pragma once
// Measured structures as a part of report.html: their table, and what is usual beside theirs.

#include <string>

#include "findings/findings.hpp"
#include "page/html_slices.hpp"

namespace osler::page {

/// Volumes, differences of the sides, CT numbers where there are any. A structure's name carries
/// the place of its largest slice (data-slice, from 0) if the stack has one.
std::string measurements_html(const Findings& findings, const SliceStack& slices);

/// A chart for each finding that has a norm; empty if none has.
std::string norms_html(const Findings& findings);

}  // namespace osler::page
