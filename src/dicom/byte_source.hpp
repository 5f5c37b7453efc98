#pragma once
// Bytes of a file or of an inflated data set, read in pieces. Inside the room only.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <span>
#include <vector>

namespace osler::dicom {

/// Random reads, bounds checked: a length out of a hostile file cannot reach past the end. Small
/// reads come out of one window that moves along, so that a header costs one or two system calls.
class ByteSource {
 public:
  /// @throws Error bad_input if the file cannot be opened
  explicit ByteSource(const std::filesystem::path& file);
  /// Owns the bytes.
  explicit ByteSource(std::vector<std::byte> bytes);
  ~ByteSource();
  ByteSource(const ByteSource&) = delete;
  ByteSource& operator=(const ByteSource&) = delete;

  std::uint64_t size() const { return size_; }

  /// `view` reads no more than this many bytes of the file from now on.
  void limit_views(std::uint64_t bytes) { views_left_ = bytes; }

  /// `count` bytes at `offset`, valid until the next call.
  /// @throws Error bad_input if they reach past the end, are over the limit or cannot be read
  std::span<const std::byte> view(std::uint64_t offset, std::size_t count);

  /// Copies straight to `out`, past the window. @throws as `view`
  void read(std::uint64_t offset, std::span<std::byte> out) const;

 private:
  int handle_ = -1;
  std::uint64_t size_ = 0;
  std::uint64_t window_offset_ = 0;
  std::uint64_t views_left_ = std::numeric_limits<std::uint64_t>::max();
  std::vector<std::byte> window_;  ///< of a file; all bytes if there is no file
};

}  // namespace osler::dicom
