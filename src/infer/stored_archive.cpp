#include "infer/stored_archive.hpp"

#include <zlib.h>

#include <cstdint>

#include "core/error.hpp"

namespace osler {
namespace {

// Parts of an archive, PKWARE's APPNOTE.TXT 4.3.7, 4.3.12 and 4.3.16.
constexpr std::uint32_t kFile = 0x04034b50, kEntry = 0x02014b50, kEnd = 0x06054b50;
constexpr std::size_t kFileBytes = 30, kEntryBytes = 46, kEndBytes = 22;
constexpr std::uint32_t kElsewhere = 0xffffffff;  // in the records of zip64

[[noreturn]] void refuse(const std::string& what) {
  throw Error(ErrorCode::model, "weights cannot be loaded: " + what,
              "an archive (.pt2) as tools/export/aot writes it", "install the package again");
}

/// Numbers and parts of the archive by their place, all within it.
class Bytes {
 public:
  explicit Bytes(std::span<const std::byte> bytes) : bytes_(bytes) {}

  std::span<const std::byte> part(std::size_t at, std::size_t count) const {
    if (at > bytes_.size() || count > bytes_.size() - at) refuse("the archive is cut off");
    return bytes_.subspan(at, count);
  }
  std::uint32_t number(std::size_t at, std::size_t count) const {
    std::uint32_t value = 0;
    const auto digits = part(at, count);
    for (std::size_t i = count; i-- > 0;)
      value = value << 8 | std::to_integer<std::uint32_t>(digits[i]);
    return value;
  }
  std::uint32_t two(std::size_t at) const { return number(at, 2); }
  std::uint32_t four(std::size_t at) const { return number(at, 4); }

 private:
  std::span<const std::byte> bytes_;
};

std::span<const std::byte> content(const Bytes& archive, std::size_t entry) {
  const std::uint32_t method = archive.two(entry + 10), crc = archive.four(entry + 16),
                      packed = archive.four(entry + 20), size = archive.four(entry + 24),
                      file = archive.four(entry + 42);
  if (size == kElsewhere || packed == kElsewhere || file == kElsewhere) {
    refuse("the archive has more than 4 GiB");
  }
  if (method != 0 || packed != size) refuse("the archive is compressed");
  if (archive.four(file) != kFile) refuse("a file of the archive is not where it should be");
  const auto bytes =
      archive.part(file + kFileBytes + archive.two(file + 26) + archive.two(file + 28), size);
  const auto* data = reinterpret_cast<const Bytef*>(bytes.data());
  if (::crc32_z(0, data, bytes.size()) != crc) refuse("a checksum in the archive is wrong");
  return bytes;
}

}  // namespace

std::vector<StoredFile> read_stored_archive(std::span<const std::byte> bytes) {
  const Bytes archive(bytes);
  // Nothing may follow the end: LibTorch writes no comment.
  if (bytes.size() < kEndBytes || archive.four(bytes.size() - kEndBytes) != kEnd) {
    refuse("it is no archive, or not all of one");
  }
  const std::size_t end = bytes.size() - kEndBytes;
  const std::uint32_t count = archive.two(end + 10);
  std::size_t entry = archive.four(end + 16);
  std::vector<StoredFile> files;
  for (std::uint32_t i = 0; i < count; ++i) {
    if (archive.four(entry) != kEntry) refuse("the archive's list of files is damaged");
    const std::uint32_t length = archive.two(entry + 28);
    const auto name = archive.part(entry + kEntryBytes, length);
    files.push_back(
        {{reinterpret_cast<const char*>(name.data()), name.size()}, content(archive, entry)});
    entry += kEntryBytes + length + archive.two(entry + 30) + archive.two(entry + 32);
  }
  return files;
}

}  // namespace osler
