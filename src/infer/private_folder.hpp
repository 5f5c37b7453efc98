#pragma once
// A folder that only this user can look into, gone with the object.

#include <cstddef>
#include <filesystem>
#include <span>
#include <string_view>

namespace osler {

/// In TMPDIR, or /tmp. What an earlier process has left there, because it was killed, is removed
/// when the next one is made. Each has a name of its own: the loader takes a library of a name that
/// it has seen for the one that it has.
class PrivateFolder {
 public:
  /// @throws Error output
  PrivateFolder();
  ~PrivateFolder();
  PrivateFolder(const PrivateFolder&) = delete;
  PrivateFolder& operator=(const PrivateFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }

  /// @param name plain. @throws Error output
  std::filesystem::path write(std::string_view name, std::span<const std::byte> bytes) const;

 private:
  std::filesystem::path path_;
  int lock_ = -1;  ///< held as long as it is in use
};

}  // namespace osler
