#pragma once
// DICOMDIR: the Media Storage Directory of PS3.10 8.6 and PS3.3 annex F. Inside the room only.

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "dicom/scan.hpp"

namespace osler::dicom {

/// A file that a directory record names, and what the records above it say of it.
struct ReferencedFile {
  std::string file_id;  ///< Referenced File ID: components with backslashes between
  std::string sop_class_uid;
  std::string sop_instance_uid;
  std::string study_uid;   ///< of the STUDY record above; empty if there is none
  std::string series_uid;  ///< of the SERIES record above
  std::string modality;    ///< of the SERIES record above
};

/// Files of all records in use, in the order of the records' tree. What stands below a record that
/// is not in use is not in use.
/// @throws Error bad_input: no directory, damaged, links between records that lead nowhere or in a
/// circle, a file's record that no link leads to, more records than Limits::max_files
std::vector<ReferencedFile> read_media_directory(const std::filesystem::path& file,
                                                 const Limits& limits);

/// Finds Referenced File IDs below the folder of a DICOMDIR.
class FileIdFinder {
 public:
  /// @param max_entries  names that are looked at in all folders together
  FileIdFinder(std::filesystem::path folder, std::int64_t max_entries);

  /// Whether the ID is of 1 to 8 components of 1 to 8 of the characters A-Z, 0-9 and _ (PS3.10
  /// 8.2), or a-z, which real discs have. Nothing else can lead out of the folder.
  static bool is_allowed(std::string_view file_id);

  /// The path that an allowed ID stands for, whether it is there or not.
  std::filesystem::path named(std::string_view file_id) const;

  /// The regular file of an allowed ID, or empty. Names are compared without regard to case, and to
  /// an ISO 9660 version number at their end (";1", ".;1"), which some mounts show. A link that
  /// leads out of the folder is not followed.
  /// @throws Error bad_input over max_entries
  std::filesystem::path find(std::string_view file_id);

 private:
  using Names = std::map<std::string, std::string>;  ///< as compared -> as in the folder

  const Names& names_in(const std::filesystem::path& folder);

  std::filesystem::path folder_;
  std::filesystem::path canonical_;
  std::int64_t entries_left_;
  std::map<std::string, Names> folders_;
};

}  // namespace osler::dicom
