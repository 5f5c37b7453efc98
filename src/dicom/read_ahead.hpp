#pragma once
// Files are fetched from the disk while others are decoded.

#include <filesystem>

namespace osler::dicom {

/// Asks the system to bring a file into its cache, and does not wait for it. Takes no memory of
/// this process. Says nothing if the file cannot be opened: whoever reads it will.
void read_ahead(const std::filesystem::path& file);

}  // namespace osler::dicom
