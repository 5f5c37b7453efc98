#include "dicom/scan.hpp"

#include <omp.h>

#include <algorithm>
#include <cctype>
#include <deque>
#include <map>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "core/error.hpp"
#include "core/uid.hpp"
#include "dicom/header.hpp"
#include "dicom/media_directory.hpp"
#include "dicom/walk.hpp"

namespace osler::dicom {
namespace fs = std::filesystem;
namespace {

// Headers that are held beside the series at one time.
constexpr std::size_t kBatch = 4096;

/// What instances have in common, held once. One of each thread.
class Pools {
 public:
  void unite(Instance& i) {
    for (Shared<std::string>* text :
         {&i.file.folder, &i.sop_class_uid, &i.transfer_syntax_uid, &i.patient_key, &i.study_uid,
          &i.series_uid, &i.frame_of_reference_uid, &i.modality, &i.body_part,
          &i.series_description, &i.manufacturer, &i.device_serial_number,
          &i.anatomical_orientation_type, &i.lossy_image_compression, &i.rescale_type,
          &i.pixels.photometric_interpretation, &i.damage, &i.pixel_presentation}) {
      texts_.unite(*text);
    }
    for (Frame& frame : i.frames) {
      lists_.unite(frame.image_type);
      texts_.unite(frame.told_apart_by.stack_id);
    }
    i.frames.shrink_to_fit();
  }

 private:
  SharedPool<std::string> texts_;
  SharedPool<std::vector<std::string>> lists_;
};

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

[[noreturn]] void fail_directory(const fs::path& file, const std::string& found) {
  throw Error(ErrorCode::bad_input, file.string() + " cannot be used: " + found,
              "a Media Storage Directory (DICOMDIR)",
              "give the folder instead: all files below it are then read");
}

class Scanner {
 public:
  Scanner(const Limits& limits, const Progress& progress)
      : limits_(limits),
        progress_(progress),
        pools_(static_cast<std::size_t>(omp_get_max_threads())) {}

  ScanResult scan(std::span<const fs::path> inputs) {
    std::vector<std::string> files;
    for (const fs::path& input : inputs) {
      std::error_code error;
      if (!fs::exists(input, error)) {
        throw Error(ErrorCode::bad_input, "no such file or folder: " + input.string(),
                    "DICOM files, or folders that hold them", "check the path");
      }
      if (!fs::is_directory(input, error)) given_.insert(input.native());
      walk(input, limits_, progress_, files, result_.unreadable);
    }
    read(files);
    follow_directories(files);
    return group();
  }

 private:
  void read(const std::vector<std::string>& files);
  void merge(const std::string& file, Header& header);
  void follow_directories(const std::vector<std::string>& read_files);
  void miss(const fs::path& file, const char* reason, const ReferencedFile& referenced);
  void keep(Instance&& instance);
  ScanResult group();

  const Limits& limits_;
  const Progress& progress_;
  std::vector<Pools> pools_;
  std::unordered_set<std::string> given_;  ///< inputs that are files
  std::vector<std::string> directories_;
  std::map<std::string, std::map<std::string, std::deque<Instance>>> studies_;
  /// By SOP Instance UID, as the instance holds it: a deque that grows leaves it where it is.
  std::unordered_map<std::string_view, Instance*> seen_;
  std::int64_t done_ = 0;
  ScanResult result_;
};

void Scanner::read(const std::vector<std::string>& files) {
  const auto total = done_ + static_cast<std::int64_t>(files.size());
  for (std::size_t begin = 0; begin < files.size(); begin += kBatch) {
    const std::size_t count = std::min(kBatch, files.size() - begin);
    std::vector<Header> headers(count);
#pragma omp parallel for schedule(dynamic, 16)
    for (std::size_t i = 0; i < count; ++i) {
      headers[i] = read_header(files[begin + i], limits_);
      if (auto* instance = std::get_if<Instance>(&headers[i])) {
        pools_[static_cast<std::size_t>(omp_get_thread_num())].unite(*instance);
      }
#pragma omp critical(osler_scan_progress)
      notify(progress_, "scan", ++done_, total);
    }
    for (std::size_t i = 0; i < count; ++i) merge(files[begin + i], headers[i]);
  }
}

void Scanner::merge(const std::string& file, Header& header) {
  const bool given = given_.contains(file);
  // A directory that cannot be told as one is known by its name, which PS3.10 8.6 gives it.
  const bool named = given && lower(fs::path(file).filename().string()) == "dicomdir";
  if (std::holds_alternative<MediaDirectory>(header)) {
    directories_.push_back(file);
    return;
  }
  if (auto* unreadable = std::get_if<Unreadable>(&header)) {
    if (named) fail_directory(file, unreadable->reason);
    result_.unreadable.push_back(std::move(*unreadable));
    return;
  }
  auto& instance = std::get<Instance>(header);
  if (!instance.damage.empty()) {
    result_.unreadable.push_back({file, instance.damage, true, instance.series_uid});
  }
  const auto known = seen_.find(instance.sop_instance_uid);
  if (known == seen_.end()) return keep(std::move(instance));
  ++result_.duplicates;
  Instance& first = *known->second;
  // A whole copy goes before a damaged one.
  if (!first.damage.empty() && instance.damage.empty() && first.series_uid == instance.series_uid &&
      first.study_uid == instance.study_uid) {
    std::string looked_at = std::move(first.sop_instance_uid);
    first = std::move(instance);
    first.sop_instance_uid = std::move(looked_at);
  }
}

void Scanner::keep(Instance&& instance) {
  std::deque<Instance>& series = studies_[instance.study_uid][instance.series_uid];
  Instance& kept = series.emplace_back(std::move(instance));
  seen_.emplace(kept.sop_instance_uid, &kept);
}

/// Files that a given DICOMDIR names are read; those that any DICOMDIR names and that are not there
/// are listed.
void Scanner::follow_directories(const std::vector<std::string>& read_files) {
  struct Missing {
    fs::path file;
    const char* reason;
    ReferencedFile referenced;
  };
  std::vector<Missing> missing;
  std::vector<std::string> more;
  std::unordered_set<std::string> known;
  for (const std::string& directory : std::exchange(directories_, {})) {
    const bool given = given_.contains(directory);
    if (given && known.empty()) known.insert(read_files.begin(), read_files.end());
    FileIdFinder finder(fs::path(directory).parent_path(), limits_.max_files);
    try {
      for (ReferencedFile& r : read_media_directory(directory, limits_)) {
        if (!FileIdFinder::is_allowed(r.file_id)) {
          missing.push_back({directory,
                             "names a file by an ID that PS3.10 8.2 does not allow; give the "
                             "folder instead of the DICOMDIR",
                             std::move(r)});
          continue;
        }
        fs::path found = finder.find(r.file_id);
        if (found.empty()) {
          missing.push_back(
              {finder.named(r.file_id), "named in the DICOMDIR, but not there", std::move(r)});
        } else if (given && known.insert(found.native()).second) {
          more.push_back(found.native());
        }
      }
    } catch (const Error& error) {
      if (given) fail_directory(directory, error.found());
      result_.unreadable.push_back(
          {directory, "a DICOMDIR that cannot be used: " + error.found(), false});
    }
  }
  read(more);
  for (const Missing& m : missing) miss(m.file, m.reason, m.referenced);
}

/// Stands in its series as damaged, so that the series is not taken for whole without it.
void Scanner::miss(const fs::path& file, const char* reason, const ReferencedFile& r) {
  if (seen_.contains(r.sop_instance_uid)) return;  // found under another name
  result_.unreadable.push_back({file, reason, true, r.series_uid});
  for (const std::string* uid : {&r.sop_instance_uid, &r.study_uid, &r.series_uid}) {
    if (!is_valid_uid(*uid)) return;
  }
  Instance instance;
  instance.file = file;
  instance.sop_class_uid = r.sop_class_uid;
  instance.sop_instance_uid = r.sop_instance_uid;
  instance.study_uid = r.study_uid;
  instance.series_uid = r.series_uid;
  instance.modality = r.modality;
  instance.damage = reason;
  keep(std::move(instance));
}

ScanResult Scanner::group() {
  seen_.clear();  // sorting moves what it looks at
  for (auto& [study_uid, by_series] : studies_) {
    Study study{study_uid, {}};
    study.series.reserve(by_series.size());
    for (auto& [series_uid, instances] : by_series) {
      std::sort(instances.begin(), instances.end(), [](const Instance& a, const Instance& b) {
        return a.sop_instance_uid < b.sop_instance_uid;
      });
      // A damaged file may end before its modality.
      const auto told = std::find_if(instances.begin(), instances.end(),
                                     [](const Instance& i) { return !i.modality.empty(); });
      std::string modality = told == instances.end() ? std::string() : *told->modality;
      study.series.push_back({series_uid, std::move(modality), std::move(instances)});
    }
    result_.studies.push_back(std::move(study));
  }
  return std::move(result_);
}

}  // namespace

ScanResult scan(std::span<const fs::path> inputs, const Limits& limits, const Progress& progress) {
  return Scanner(limits, progress).scan(inputs);
}

}  // namespace osler::dicom
