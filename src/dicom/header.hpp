#pragma once
// One file's header as an Instance. Inside the room only.

#include <filesystem>
#include <string>
#include <variant>

#include "dicom/scan.hpp"
#include "dicom/study.hpp"

namespace osler::dicom {

/// The instance, or why it cannot be read.
std::variant<Instance, std::string> read_header(const std::filesystem::path& file,
                                                const Limits& limits);

}  // namespace osler::dicom
