#pragma once
// Findings as findings.json (docs/schema/findings.schema.json).

#include <string>
#include <vector>

#include "core/json.hpp"
#include "findings/findings.hpp"

namespace osler::report {

/// {"kind": "dicom"}, or {"kind": "file", "file"} for what is not DICOM.
Json source_json(const std::string& file);

/// @param outputs  file names that stand beside it
Json to_json(const Findings& findings, const std::vector<std::string>& outputs);

}  // namespace osler::report
