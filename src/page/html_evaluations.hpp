#pragma once
// Evaluations as a part of report.html.

#include <string>

#include "findings/findings.hpp"

namespace osler::page {

/// A table of classes for each image, and what its probabilities were calibrated on.
std::string evaluations_html(const Findings& findings);

}  // namespace osler::page
