#pragma once
// Findings as findings.json (docs/schema/findings.schema.json).

#include <string>
#include <vector>

#include "core/json.hpp"
#include "findings/findings.hpp"

namespace osler::report {

/// @param outputs  file names that stand beside it
Json to_json(const Findings& findings, const std::vector<std::string>& outputs);

}  // namespace osler::report
