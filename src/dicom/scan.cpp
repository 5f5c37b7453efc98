#include "dicom/scan.hpp"

#include <algorithm>
#include <map>
#include <unordered_set>

#include "core/error.hpp"
#include "dicom/header.hpp"

namespace osler::dicom {
namespace fs = std::filesystem;
namespace {

void collect(const fs::path& input, const Limits& limits, std::vector<fs::path>& files,
             std::vector<Unreadable>& unreadable) {
  std::error_code error;
  if (!fs::is_directory(input, error)) {
    files.push_back(input);
    return;
  }
  std::vector<fs::path> below;
  fs::recursive_directory_iterator it(input, fs::directory_options::none, error);
  if (error) {
    unreadable.push_back({input, "folder cannot be read: " + error.message()});
    return;
  }
  for (const fs::recursive_directory_iterator end; it != end; it.increment(error)) {
    if (error) break;
    std::error_code ignored;
    if (it->is_regular_file(ignored)) below.push_back(it->path());
    if (static_cast<std::int64_t>(files.size() + below.size()) > limits.max_files) {
      throw Error(ErrorCode::bad_input, "more than " + std::to_string(limits.max_files) + " files",
                  {}, "give fewer folders at once");
    }
  }
  if (error) unreadable.push_back({input, "folder cannot be read in full: " + error.message()});
  std::sort(below.begin(), below.end());
  files.insert(files.end(), below.begin(), below.end());
}

}  // namespace

ScanResult scan(std::span<const fs::path> inputs, const Limits& limits, const Progress& progress) {
  ScanResult result;
  std::vector<fs::path> files;
  for (const fs::path& input : inputs) {
    std::error_code error;
    if (!fs::exists(input, error)) {
      throw Error(ErrorCode::bad_input, "no such file or folder: " + input.string(),
                  "DICOM files, or folders that hold them", "check the path");
    }
    collect(input, limits, files, result.unreadable);
  }

  const auto total = static_cast<std::int64_t>(files.size());
  std::vector<std::variant<Instance, Unreadable>> headers(files.size());
  std::int64_t done = 0;
#pragma omp parallel for schedule(dynamic, 16)
  for (std::int64_t i = 0; i < total; ++i) {
    headers[i] = read_header(files[i], limits);
#pragma omp critical(osler_scan_progress)
    notify(progress, "scan", ++done, total);
  }

  std::map<std::string, std::map<std::string, std::vector<Instance>>> studies;
  std::unordered_set<std::string> seen;
  for (std::int64_t i = 0; i < total; ++i) {
    if (const auto* unreadable = std::get_if<Unreadable>(&headers[i])) {
      result.unreadable.push_back(*unreadable);
      continue;
    }
    auto& instance = std::get<Instance>(headers[i]);
    if (!instance.damage.empty()) {
      result.unreadable.push_back({files[i], instance.damage, true, instance.series_uid});
    }
    if (!seen.insert(instance.sop_instance_uid).second) {
      ++result.duplicates;
      continue;
    }
    auto& series = studies[instance.study_uid][instance.series_uid];
    series.push_back(std::move(instance));
  }
  for (auto& [study_uid, by_series] : studies) {
    Study study{study_uid, {}};
    for (auto& [series_uid, instances] : by_series) {
      std::sort(instances.begin(), instances.end(), [](const Instance& a, const Instance& b) {
        return a.sop_instance_uid < b.sop_instance_uid;
      });
      std::string modality = instances.front().modality;
      study.series.push_back({series_uid, std::move(modality), std::move(instances)});
    }
    result.studies.push_back(std::move(study));
  }
  return result;
}

}  // namespace osler::dicom
