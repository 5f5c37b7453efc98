#pragma once
// One file's header as an Instance. Inside the room only.

#include <string>
#include <variant>

#include "dicom/scan.hpp"
#include "dicom/study.hpp"

namespace osler::dicom {

/// A Media Storage Directory (DICOMDIR), which is no instance.
struct MediaDirectory {};
using Header = std::variant<Instance, Unreadable, MediaDirectory>;

/// The instance (with `damage` set if only a part of it could be read), or why there is none.
Header read_header(const std::string& file, const Limits& limits);

}  // namespace osler::dicom
