#pragma once
// Files and folders -> studies and series. Only headers are read; pixel data stays on disk.

#include <filesystem>
#include <span>

#include "core/progress.hpp"
#include "dicom/study.hpp"

namespace osler::dicom {

/// Limits that hold before anything is allocated (docs/security.md).
struct Limits {
  std::int64_t max_files = 1'000'000;
  std::int64_t max_header_bytes = 64LL << 20;  ///< of one file, pixel data not counted
  std::int64_t max_frame_bytes = 1LL << 30;    ///< rows x columns x samples x bytes of one frame
  std::int64_t max_volume_bytes = 16LL << 30;  ///< of one volume
};

/// Walks `inputs` (files, or folders with all below; links to folders are not followed), reads
/// every header and groups by study and series. A file that is not DICOM, is damaged or has no
/// identifiers is listed in `unreadable` with the reason; it does not end the scan. Folders are
/// read in order of name, so the result does not depend on the file system.
///
/// Of an input that is a DICOMDIR (PS3.10 8.6) the files that it names are read. A file that this
/// one, or a DICOMDIR in a folder, names and that is not there is listed, and stands in its series
/// as damaged.
/// @throws Error bad_input if an input does not exist, is a damaged DICOMDIR, or over the limits
ScanResult scan(std::span<const std::filesystem::path> inputs, const Limits& limits = {},
                const Progress& progress = {});

}  // namespace osler::dicom
