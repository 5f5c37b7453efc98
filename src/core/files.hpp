#pragma once
// Files that are written whole or not at all.

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace osler {

/// @throws Error bad_input if it cannot be read or is larger than max_bytes
std::vector<std::byte> read_file(const std::filesystem::path& file, std::size_t max_bytes);

/// A folder that appears under its final name only when `commit` is called, and is removed again
/// if it is not: results of a study are there together or not at all.
///
/// Files are written into `path()` (a hidden sibling of the target). `commit` moves them into the
/// target one by one with rename, replacing files of the same name and leaving others alone.
class StagedFolder {
 public:
  /// @throws Error output if the parent cannot be created or written
  explicit StagedFolder(std::filesystem::path target);
  ~StagedFolder();
  StagedFolder(const StagedFolder&) = delete;
  StagedFolder& operator=(const StagedFolder&) = delete;

  const std::filesystem::path& path() const { return staging_; }
  const std::filesystem::path& target() const { return target_; }

  /// @throws Error output (no space, not permitted)
  void write(std::string_view name, std::string_view content);
  /// Files of an earlier run that `commit` removes from the target unless this one wrote them too:
  /// an old segmentation must not lie beside a new refusal.
  void supersede(std::vector<std::string> names) { superseded_ = std::move(names); }
  /// Flushes every file to the disk, then renames. @throws Error output
  void commit();

 private:
  std::filesystem::path target_;
  std::filesystem::path staging_;
  std::vector<std::string> superseded_;
};

}  // namespace osler
