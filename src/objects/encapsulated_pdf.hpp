#pragma once
// A PDF -> DICOM Encapsulated PDF (PS3.3 A.45.1).

#include <filesystem>
#include <string_view>
#include <vector>

#include "findings/findings.hpp"
#include "objects/modules.hpp"

namespace osler::objects {

inline constexpr char kEncapsulatedPdfStorage[] = "1.2.840.10008.5.1.4.1.1.104.1";

/// Burned In Annotation is YES: to_pdf prints whose images they are.
/// @param shown  other new objects that the document shows, referenced beside the source
/// @throws Error bad_argument: no PDF; output if the file cannot be written
ObjectIds write_encapsulated_pdf(const Findings& findings, std::string_view pdf,
                                 const std::vector<ObjectIds>& shown,
                                 const std::filesystem::path& file);

}  // namespace osler::objects
