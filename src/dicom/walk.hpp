#pragma once
// Which files a scan reads. Inside the room only.

#include <filesystem>
#include <string>
#include <vector>

#include "core/progress.hpp"
#include "dicom/scan.hpp"

namespace osler::dicom {

/// Adds `input` itself, or, if it is a folder, the regular files below it in order of name, and
/// links to regular files. Links to folders are not followed. What cannot be looked at, links that
/// lead nowhere, FIFOs, sockets and devices are added to `unreadable`; the rest is still walked.
/// @throws Error bad_input if `files` grows over Limits::max_files
void walk(const std::filesystem::path& input, const Limits& limits, const Progress& progress,
          std::vector<std::string>& files, std::vector<Unreadable>& unreadable);

}  // namespace osler::dicom
