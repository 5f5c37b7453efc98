#pragma once
// A zip archive whose files are stored as they are, as LibTorch writes its packages.

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace osler {

struct StoredFile {
  std::string name;
  std::span<const std::byte> bytes;  ///< in the archive
};

/// Each file's checksum (CRC-32) is verified: LibTorch's own reader leaves that out.
/// @throws Error model: no whole archive, compressed or more than 4 GiB, a checksum that is wrong
std::vector<StoredFile> read_stored_archive(std::span<const std::byte> archive);

}  // namespace osler
