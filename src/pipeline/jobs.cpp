#include "pipeline/jobs.hpp"

#include <algorithm>
#include <set>

#include "core/error.hpp"
#include "pipeline/fit.hpp"
#include "volume/exchange.hpp"

namespace osler {
namespace fs = std::filesystem;

std::vector<Reason> lost_files(const std::vector<dicom::Unreadable>& unreadable) {
  const auto count =
      std::count_if(unreadable.begin(), unreadable.end(),
                    [](const dicom::Unreadable& u) { return u.is_dicom && u.series_uid.empty(); });
  if (count == 0) return {};
  return {{"unreadable_files",
           std::to_string(count) +
               " DICOM files of the input could not be read; one may be a slice "
               "of this series",
           false}};
}

namespace {

std::vector<Job> plan_study(const dicom::Study& study, std::vector<LoadedModel>& models,
                            const std::vector<Reason>& lost, const RunOptions& options,
                            RunReport& report) {
  std::vector<Job> jobs;
  for (const dicom::Series& series : study.series) {
    const SeriesPlan plan = plan_series(series, options.limits, options.policy);
    for (LoadedModel& model : models) {
      for (std::size_t i = 0; i < std::max<std::size_t>(1, plan.volumes.size()); ++i) {
        std::vector<Reason> reasons = misfits(series, plan, i, model.package);
        if (!reasons.empty()) {
          report.not_used.push_back({study.uid, series.uid, series.modality,
                                     series.instances.size(), model.package.name,
                                     std::move(reasons)});
          continue;
        }
        const VolumePlan& volume = plan.volumes[i];
        Job job{[volume, limits = options.limits] { return load_volume(volume, limits); },
                volume.grid.voxel_mm3(), plan.reasons, &model};
        job.warnings.insert(job.warnings.end(), lost.begin(), lost.end());
        if (plan.volumes.size() > 1) {
          job.warnings.push_back(
              {"one_of_several_volumes", "this result is of: " + volume.told_apart, false});
        }
        jobs.push_back(std::move(job));
      }
    }
  }
  std::stable_sort(jobs.begin(), jobs.end(),
                   [](const Job& a, const Job& b) { return a.voxel_mm3 < b.voxel_mm3; });
  return jobs;
}

std::vector<Job> plan_file(const fs::path& file, std::vector<LoadedModel>& models,
                           const RunOptions& options, RunReport& report) {
  const std::string& modality = options.modality;
  const auto note = [&](const LoadedModel& model, std::vector<Reason> reasons) {
    report.not_used.push_back({{}, {}, modality, 1, model.package.name, std::move(reasons), file});
  };
  std::vector<Job> jobs;
  ExchangeHeader header;
  try {
    header = read_exchange_header(file, options.limits);
  } catch (const Error& error) {
    for (const LoadedModel& model : models) note(model, {{"not_a_volume", error.what(), true}});
    return jobs;
  }
  header.warnings.push_back({"modality_stated",
                             "the modality " + modality + " was stated, not read from the file",
                             false});
  for (LoadedModel& model : models) {
    std::vector<Reason> reasons = misfits(header.grid, modality, model.package);
    if (!reasons.empty()) {
      note(model, std::move(reasons));
      continue;
    }
    const auto load = [file, modality, limits = options.limits] {
      Volume volume = read_exchange(file, limits);
      volume.modality = modality;
      return volume;
    };
    jobs.push_back({load, header.grid.voxel_mm3(), header.warnings, &model});
  }
  return jobs;
}

/// A name that is one folder below another, whatever the file was called.
std::string folder_name(const fs::path& file) {
  const std::string stem = exchange_stem(file);
  const auto first = stem.find_first_not_of('.');
  return first == std::string::npos ? "volume" : stem.substr(first);
}

}  // namespace

std::vector<fs::path> take_files(dicom::ScanResult& scanned, const dicom::Limits& limits) {
  std::vector<fs::path> files = take_exchange_files(scanned);
  std::erase_if(files, [&](const fs::path& file) {
    try {
      if (!read_exchange_header(file, limits).own_labels) return false;
    } catch (const Error&) {
      return false;  // said when it is planned
    }
    scanned.unreadable.push_back({file, "labels that osler wrote: a result, not an image", false});
    return true;
  });
  return files;
}

std::vector<Subject> subjects_of(const std::vector<dicom::Study>& studies,
                                 const std::vector<fs::path>& files, const fs::path& out) {
  std::vector<Subject> subjects;
  std::set<std::string> taken;
  for (const dicom::Study& study : studies) {
    taken.insert(study.uid);
    subjects.push_back({&study, {}, out / study.uid});
  }
  for (const fs::path& file : files) {
    const std::string stem = folder_name(file);
    std::string name = stem;
    for (int number = 2; !taken.insert(name).second; ++number) {
      name = stem + "-" + std::to_string(number);
    }
    subjects.push_back({nullptr, file, out / name});
  }
  return subjects;
}

std::vector<Job> plan_jobs(const Subject& subject, std::vector<LoadedModel>& models,
                           const std::vector<Reason>& lost, const RunOptions& options,
                           RunReport& report) {
  return subject.study == nullptr ? plan_file(subject.file, models, options, report)
                                  : plan_study(*subject.study, models, lost, options, report);
}

}  // namespace osler
