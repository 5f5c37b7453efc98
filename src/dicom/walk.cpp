#include "dicom/walk.hpp"

#include <algorithm>

#include "core/error.hpp"

namespace osler::dicom {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kFilesPerNotice = 1024;

class Walk {
 public:
  Walk(const Limits& limits, const Progress& progress, std::vector<std::string>& files,
       std::vector<Unreadable>& unreadable)
      : limits_(limits), progress_(progress), files_(files), unreadable_(unreadable) {}

  void all_below(const fs::path& top) {
    const auto begin = static_cast<std::ptrdiff_t>(files_.size());
    folders_.push_back(top);
    while (!folders_.empty()) {
      const fs::path folder = std::move(folders_.back());
      folders_.pop_back();
      one_folder(folder);
    }
    std::sort(files_.begin() + begin, files_.end());
  }

  void add(std::string file) {
    if (static_cast<std::int64_t>(files_.size()) >= limits_.max_files) {
      throw Error(ErrorCode::bad_input, "more than " + std::to_string(limits_.max_files) + " files",
                  {}, "give fewer folders at once, or raise --max-files");
    }
    files_.push_back(std::move(file));
    if (files_.size() % kFilesPerNotice == 0) {
      notify(progress_, "find files", static_cast<std::int64_t>(files_.size()), 0);
    }
  }

 private:
  void one_folder(const fs::path& folder) {
    std::error_code error;
    fs::directory_iterator it(folder, error);
    for (const fs::directory_iterator end; !error && it != end; it.increment(error)) entry(*it);
    if (error) unreadable_.push_back({folder, "folder cannot be read: " + error.message()});
  }

  void entry(const fs::directory_entry& entry) {
    std::error_code error;
    const fs::file_type type = entry.symlink_status(error).type();
    if (type == fs::file_type::regular) return add(entry.path().native());
    if (type == fs::file_type::directory) return folders_.push_back(entry.path());
    if (type == fs::file_type::symlink) {
      const fs::file_type target = entry.status(error).type();
      if (target == fs::file_type::regular) return add(entry.path().native());
      if (target == fs::file_type::directory) return;
      if (target == fs::file_type::not_found || target == fs::file_type::none) {
        unreadable_.push_back({entry.path(), "a link to a file that is not there"});
        return;
      }
    }
    if (type == fs::file_type::none || type == fs::file_type::not_found) {
      unreadable_.push_back({entry.path(), "cannot be looked at: " + error.message()});
      return;
    }
    unreadable_.push_back({entry.path(), "not a regular file", false});
  }

  const Limits& limits_;
  const Progress& progress_;
  std::vector<std::string>& files_;
  std::vector<Unreadable>& unreadable_;
  std::vector<fs::path> folders_;
};

}  // namespace

void walk(const fs::path& input, const Limits& limits, const Progress& progress,
          std::vector<std::string>& files, std::vector<Unreadable>& unreadable) {
  Walk walk(limits, progress, files, unreadable);
  std::error_code error;
  const fs::file_type type = fs::status(input, error).type();
  if (type == fs::file_type::directory) return walk.all_below(input);
  if (type == fs::file_type::regular) return walk.add(input.native());
  unreadable.push_back({input, "not a regular file", false});
}

}  // namespace osler::dicom
