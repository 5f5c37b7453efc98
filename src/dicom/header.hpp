#pragma once
// One file's header as an Instance. Inside the room only.

#include <filesystem>
#include <variant>

#include "dicom/scan.hpp"
#include "dicom/study.hpp"

namespace osler::dicom {

/// The instance (with `damage` set if only a part of it could be read), or why there is none.
std::variant<Instance, Unreadable> read_header(const std::filesystem::path& file,
                                               const Limits& limits);

}  // namespace osler::dicom
