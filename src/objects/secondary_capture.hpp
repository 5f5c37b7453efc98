#pragma once
// A picture -> DICOM Secondary Capture, RGB.

#include <filesystem>
#include <vector>

#include "findings/findings.hpp"
#include "findings/picture.hpp"
#include "objects/modules.hpp"

namespace osler::objects {

inline constexpr char kSecondaryCaptureStorage[] = "1.2.840.10008.5.1.4.1.1.7";

/// @param shown  other new objects that the picture shows, referenced beside the source
/// @throws Error output if the file cannot be written
ObjectIds write_secondary_capture(const Findings& findings, const Picture& picture,
                                  const std::vector<ObjectIds>& shown,
                                  const std::filesystem::path& file);

}  // namespace osler::objects
