#include "dicom/media_directory.hpp"

#include <algorithm>
#include <cctype>
#include <optional>
#include <unordered_map>

#include "core/error.hpp"
#include "dicom/data_set.hpp"
#include "dicom/values.hpp"

namespace osler::dicom {
namespace fs = std::filesystem;
namespace {

constexpr std::uint32_t kFirstRootRecord = 0x00041200;
constexpr std::uint32_t kDirectoryRecordSequence = 0x00041220;
constexpr std::uint64_t kItemHeaderBytes = 8;
// PATIENT, STUDY, SERIES, IMAGE and private levels; deeper is a circle or a bomb.
constexpr int kMaxLevels = 16;

struct Record {
  std::uint32_t next = 0;   ///< offset in the file of the next record of this level; 0: none
  std::uint32_t lower = 0;  ///< of the first record below
  bool in_use = true;
  std::string type;
  ReferencedFile file;
  bool visited = false;
};

[[noreturn]] void fail(const char* what) {
  throw Error(ErrorCode::bad_input, what);
}

class DirectoryReader {
 public:
  DirectoryReader(const DataSet& data, const Limits& limits)
      : limits_(limits), values_(data.bytes(), data.encoding().big_endian) {
    ElementReader reader = data.elements();
    Element e;
    bool found = false;
    while (reader.next(e)) {
      if (e.tag == kFirstRootRecord) root_ = values_.long_word(e).value_or(0);
      if (e.tag == kDirectoryRecordSequence) {
        found = true;
        reader.for_each_item(e, [&](ElementReader& item) { read_record(item); });
      } else {
        reader.skip(e);
      }
    }
    if (!found) fail("no Directory Record Sequence");
  }

  std::vector<ReferencedFile> files() {
    if (root_ == 0 && !records_.empty()) fail("no first record");
    walk(root_, {}, true, 0);
    for (const auto& [offset, record] : records_) {
      if (!record.visited && record.in_use && !record.file.file_id.empty()) {
        fail("a record of a file that no other record leads to");
      }
    }
    return std::move(files_);
  }

 private:
  void read_record(ElementReader& item) {
    if (static_cast<std::int64_t>(records_.size()) >= limits_.max_files) {
      throw Error(ErrorCode::bad_input,
                  "more than " + std::to_string(limits_.max_files) + " records (--max-files)");
    }
    Record& record = records_[item.position() - kItemHeaderBytes];
    Element e;
    while (item.next(e)) {
      if (!e.is_sequence()) take(e, record);
      item.skip(e);
    }
  }

  void take(const Element& e, Record& record);
  void walk(std::uint32_t offset, const ReferencedFile& above, bool in_use, int level);

  const Limits& limits_;
  Values values_;
  std::uint32_t root_ = 0;
  std::unordered_map<std::uint64_t, Record> records_;  ///< by offset in the file
  std::vector<ReferencedFile> files_;
};

void DirectoryReader::take(const Element& e, Record& record) {
  switch (e.tag) {
    case 0x00041400:
      record.next = values_.long_word(e).value_or(0);
      break;
    case 0x00041410:
      record.in_use = values_.word(e) != 0;
      break;
    case 0x00041420:
      record.lower = values_.long_word(e).value_or(0);
      break;
    case 0x00041430:
      record.type = values_.first(e);
      break;
    case 0x00041500:
      record.file.file_id = values_.whole(e);
      break;
    case 0x00041510:
      record.file.sop_class_uid = values_.first(e);
      break;
    case 0x00041511:
      record.file.sop_instance_uid = values_.first(e);
      break;
    case 0x00080060:
      record.file.modality = values_.first(e);
      break;
    case 0x0020000D:
      record.file.study_uid = values_.first(e);
      break;
    case 0x0020000E:
      record.file.series_uid = values_.first(e);
      break;
    default:
      break;
  }
}

void DirectoryReader::walk(std::uint32_t offset, const ReferencedFile& above, bool in_use,
                           int level) {
  if (level >= kMaxLevels) fail("records nested too deep");
  while (offset != 0) {
    const auto found = records_.find(offset);
    if (found == records_.end()) fail("a link to where no record begins");
    Record& record = found->second;
    if (std::exchange(record.visited, true)) fail("records linked in a circle");
    offset = record.next;
    ReferencedFile own = above;
    if (record.type == "STUDY") own.study_uid = record.file.study_uid;
    if (record.type == "SERIES") {
      own.series_uid = record.file.series_uid;
      own.modality = record.file.modality;
    }
    const bool own_in_use = in_use && record.in_use;
    if (own_in_use && !record.file.file_id.empty()) {
      own.file_id = record.file.file_id;
      own.sop_class_uid = record.file.sop_class_uid;
      own.sop_instance_uid = record.file.sop_instance_uid;
      files_.push_back(own);
    }
    walk(record.lower, own, own_in_use, level + 1);
  }
}

std::vector<std::string_view> components(std::string_view file_id) {
  std::vector<std::string_view> parts;
  for (std::size_t i = 0; i <= 8; ++i) {
    const auto part = value_at(file_id, i);
    if (!part) break;
    parts.push_back(*part);
  }
  return parts;
}

std::string as_compared(std::string name) {
  if (name.ends_with(";1")) {
    name.resize(name.size() - 2);
    if (name.ends_with('.')) name.pop_back();
  }
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return name;
}

}  // namespace

std::vector<ReferencedFile> read_media_directory(const fs::path& file, const Limits& limits) {
  const std::optional<DataSet> data = DataSet::open(file, limits);
  if (!data || !data->is_media_directory()) fail("it is no Media Storage Directory");
  return DirectoryReader(*data, limits).files();
}

FileIdFinder::FileIdFinder(fs::path folder, std::int64_t max_entries)
    : folder_(std::move(folder)), entries_left_(max_entries) {
  std::error_code error;
  canonical_ = fs::canonical(folder_.empty() ? fs::path(".") : folder_, error);
}

bool FileIdFinder::is_allowed(std::string_view file_id) {
  const auto parts = components(file_id);
  return !parts.empty() && parts.size() <= 8 &&
         std::all_of(parts.begin(), parts.end(), [](std::string_view part) {
           return !part.empty() && part.size() <= 8 &&
                  std::all_of(part.begin(), part.end(), [](char c) {
                    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                           (c >= '0' && c <= '9') || c == '_';
                  });
         });
}

fs::path FileIdFinder::named(std::string_view file_id) const {
  fs::path path = folder_;
  for (const std::string_view part : components(file_id)) path /= part;
  return path;
}

const FileIdFinder::Names& FileIdFinder::names_in(const fs::path& folder) {
  const auto [at, is_new] = folders_.try_emplace(folder.native());
  if (!is_new) return at->second;
  std::error_code error;
  const fs::path listed = folder.empty() ? fs::path(".") : folder;
  for (fs::directory_iterator it(listed, error), end; !error && it != end; it.increment(error)) {
    if (--entries_left_ < 0) {
      throw Error(ErrorCode::bad_input, "its folders hold too many files (--max-files)");
    }
    const std::string name = it->path().filename().native();
    at->second.emplace(as_compared(name), name);
  }
  return at->second;
}

fs::path FileIdFinder::find(std::string_view file_id) {
  fs::path path = folder_;
  for (const std::string_view part : components(file_id)) {
    std::error_code error;
    if (const fs::path exact = path / part; fs::exists(exact, error)) {
      path = exact;
      continue;
    }
    const Names& names = names_in(path);
    const auto found = names.find(as_compared(std::string(part)));
    if (found == names.end()) return {};
    path /= found->second;
  }
  std::error_code error;
  const std::string target = fs::canonical(path, error).native();
  const bool inside = target.starts_with(canonical_.native() + '/') || canonical_ == "/";
  return !error && inside && fs::is_regular_file(target, error) ? path : fs::path();
}

}  // namespace osler::dicom
