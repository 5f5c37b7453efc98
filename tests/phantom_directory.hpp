#pragma once
// A DICOMDIR put together byte by byte, so that it can be wrong in any way (PS3.3 F.3,
// PS3.5 7.1.2).

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "dicom_bytes.hpp"
#include "temporary_folder.hpp"

namespace osler::testing {

struct DirectoryRecord {
  std::string type;  ///< "STUDY", "SERIES", "IMAGE", ...
  std::string uid;   ///< Study, Series or, of an IMAGE, SOP Instance UID
  std::string file_id;
  int next = -1;   ///< index of the next record of this level; -1: none
  int lower = -1;  ///< index of the first record below
  bool in_use = true;
};

namespace detail {

inline std::string record_bytes(const DirectoryRecord& r, std::uint32_t next, std::uint32_t lower) {
  std::string text = element(0x00041400, "UL", little_endian(next, 4)) +
                     element(0x00041410, "US", little_endian(r.in_use ? 0xFFFF : 0, 2)) +
                     element(0x00041420, "UL", little_endian(lower, 4)) +
                     element(0x00041430, "CS", r.type);
  if (!r.file_id.empty()) text += element(0x00041500, "CS", r.file_id);
  if (r.type == "IMAGE") {
    text += element(0x00041510, "UI", "1.2.840.10008.5.1.4.1.1.4");
    text += element(0x00041511, "UI", r.uid);
  }
  if (r.type == "SERIES") text += element(0x00080060, "CS", "MR");
  if (r.type == "STUDY") text += element(0x0020000D, "UI", r.uid);
  if (r.type == "SERIES") text += element(0x0020000E, "UI", r.uid);
  return std::string("\xFE\xFF\x00\xE0", 4) + little_endian(text.size(), 4) + text;
}

}  // namespace detail

/// @param shift  added to every offset that is not 0: 0 for a sound directory
inline void write_directory(const std::filesystem::path& file,
                            const std::vector<DirectoryRecord>& records, std::uint32_t shift = 0) {
  using namespace detail;
  const std::string meta = part10_head("1.2.840.10008.1.3.10", "1.2.840.10008.1.2.1");
  const std::size_t root_bytes = 12, sequence_head_bytes = 12;
  std::vector<std::uint32_t> offsets;
  std::size_t at = meta.size() + root_bytes + sequence_head_bytes;
  for (const DirectoryRecord& r : records) {
    offsets.push_back(static_cast<std::uint32_t>(at) + shift);
    at += record_bytes(r, 0, 0).size();
  }
  const auto offset_of = [&](int index) {
    return index < 0 ? 0U : offsets.at(static_cast<std::size_t>(index));
  };
  std::string text =
      meta + element(0x00041200, "UL", little_endian(offset_of(records.empty() ? -1 : 0), 4));
  text += little_endian(0x0004, 2) + little_endian(0x1220, 2) + std::string("SQ\0\0", 4) +
          std::string(4, '\xFF');
  for (const DirectoryRecord& r : records) {
    text += record_bytes(r, offset_of(r.next), offset_of(r.lower));
  }
  text += std::string("\xFE\xFF\xDD\xE0\0\0\0\0", 8);
  write_text(file, text);
}

}  // namespace osler::testing
