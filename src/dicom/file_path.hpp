#pragma once
// Where a file lies, in little space: std::filesystem::path keeps each component apart, which of
// 100,000 files is more than their headers.

#include <filesystem>
#include <string>

#include "dicom/shared.hpp"

namespace osler::dicom {

/// A folder, which files share, and a name in it. Converts from and to std::filesystem::path.
class FilePath {
 public:
  FilePath() = default;
  FilePath(const std::filesystem::path& path) : FilePath(path.native()) {}
  explicit FilePath(const std::string& path) {
    const auto cut = path.rfind('/') + 1;  // 0 if there is none
    folder = path.substr(0, cut);
    name = path.substr(cut);
  }
  operator std::filesystem::path() const { return string(); }
  std::string string() const { return *folder + name; }

  SharedText folder;  ///< with the slash at its end
  std::string name;
};

}  // namespace osler::dicom
