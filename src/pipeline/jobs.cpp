#include "pipeline/jobs.hpp"

#include <algorithm>
#include <map>
#include <mutex>
#include <set>
#include <string_view>

#include "core/error.hpp"
#include "pipeline/channel_choice.hpp"
#include "pipeline/fit.hpp"
#include "pipeline/pictures.hpp"
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

/// As nnU-Net calls the file of a channel: "_0000".
std::string numbered_channel(std::size_t channel) {
  const std::string number = std::to_string(channel);
  return "_" + std::string(4 - std::min<std::size_t>(number.size(), 4), '0') + number;
}

/// Loads a volume once for all the jobs that use it, and lets go of it behind the last. A job may
/// be prepared while another one runs.
class SharedLoad {
 public:
  explicit SharedLoad(std::function<Volume()> load) : load_(std::move(load)) {}

  void promise() { ++users_; }
  SharedVolume get() {
    const std::lock_guard guard(mutex_);
    if (!volume_) volume_ = std::make_shared<const Volume>(load_());
    SharedVolume volume = volume_;
    if (--users_ <= 0) volume_.reset();
    return volume;
  }

 private:
  std::function<Volume()> load_;
  std::mutex mutex_;
  SharedVolume volume_;
  int users_ = 0;
};
using Loads = std::vector<std::shared_ptr<SharedLoad>>;

std::function<ChannelVolumes()> load_all(Loads loads) {
  for (const auto& load : loads) load->promise();
  return [loads = std::move(loads)] {
    ChannelVolumes volumes;
    for (const auto& load : loads) volumes.push_back(load->get());
    return volumes;
  };
}

struct PlannedSeries {
  const dicom::Series* series = nullptr;
  SeriesPlan plan;
  Loads loads;  ///< one per volume
};

std::vector<PlannedSeries> plan_all(const dicom::Study& study, const RunOptions& options) {
  std::vector<PlannedSeries> all;
  for (const dicom::Series& series : study.series) {
    PlannedSeries planned{&series, plan_series(series, options.limits, options.policy), {}};
    for (const VolumePlan& volume : planned.plan.volumes) {
      planned.loads.push_back(std::make_shared<SharedLoad>(
          [volume, limits = options.limits] { return load_volume(volume, limits); }));
    }
    all.push_back(std::move(planned));
  }
  return all;
}

void note(const dicom::Study& study, const dicom::Series& series, const LoadedModel& model,
          std::vector<Reason> reasons, RunReport& report) {
  report.not_used.push_back({study.uid, series.uid, series.modality, series.instances.size(),
                             model.package.name, std::move(reasons)});
}

void plan_single(const dicom::Study& study, const PlannedSeries& planned, LoadedModel& model,
                 const std::vector<Reason>& lost, RunReport& report, std::vector<Job>& jobs) {
  const SeriesPlan& plan = planned.plan;
  for (std::size_t i = 0; i < std::max<std::size_t>(1, plan.volumes.size()); ++i) {
    std::vector<Reason> reasons = misfits(*planned.series, plan, i, model.package);
    if (!reasons.empty()) {
      note(study, *planned.series, model, std::move(reasons), report);
      continue;
    }
    const VolumePlan& volume = plan.volumes[i];
    Job job{load_all({planned.loads[i]}), volume.grid.voxel_mm3(), plan.reasons, &model};
    job.warnings.insert(job.warnings.end(), lost.begin(), lost.end());
    if (plan.volumes.size() > 1) {
      job.warnings.push_back(
          {"one_of_several_volumes", "this result is of: " + volume.told_apart, false});
    }
    jobs.push_back(std::move(job));
  }
}

bool takes_pictures(const LoadedModel& model) {
  const Classification* classification = model.package.classification();
  return classification != nullptr && classification->planar;
}

void plan_pictures(const dicom::Study& study, const dicom::Series& series, LoadedModel& model,
                   const std::vector<Reason>& lost, RunReport& report, std::vector<Job>& jobs) {
  PictureChoice choice = choose_pictures(series, model.package);
  if (choice.pictures.empty()) return note(study, series, model, std::move(choice.reasons), report);
  Job job{{}, 0, std::move(choice.reasons), &model, std::move(choice.pictures)};
  job.warnings.insert(job.warnings.end(), lost.begin(), lost.end());
  jobs.push_back(std::move(job));
}

/// Series that are the channels of one image; each must fit and be one volume.
void plan_channels(const dicom::Study& study, const std::vector<PlannedSeries>& all,
                   LoadedModel& model, const std::vector<Reason>& lost, const RunOptions& options,
                   RunReport& report, std::vector<Job>& jobs) {
  ChannelChoice choice = choose_channels(study, model.package, options.channels);
  if (!choice.reasons.empty()) {
    for (const dicom::Series& series : study.series) {
      note(study, series, model, choice.reasons, report);
    }
    return;
  }
  Job job;
  job.model = &model;
  Loads loads;
  bool fits = true;
  for (const dicom::Series* series : choice.series) {
    const PlannedSeries& planned = *std::ranges::find(all, series, &PlannedSeries::series);
    std::vector<Reason> reasons = misfits(*series, planned.plan, 0, model.package);
    if (reasons.empty() && planned.plan.volumes.size() > 1) {
      reasons.push_back(
          {"several_volumes", "a channel is one volume; this series is several", true});
    }
    if (!reasons.empty()) {
      fits = false;
      note(study, *series, model, std::move(reasons), report);
      continue;
    }
    loads.push_back(planned.loads.front());
    job.warnings.insert(job.warnings.end(), planned.plan.reasons.begin(),
                        planned.plan.reasons.end());
    if (job.voxel_mm3 == 0) job.voxel_mm3 = planned.plan.volumes.front().grid.voxel_mm3();
  }
  if (!fits) return;
  job.load = load_all(std::move(loads));
  job.warnings.insert(job.warnings.end(), lost.begin(), lost.end());
  jobs.push_back(std::move(job));
}

std::vector<Job> plan_study(const dicom::Study& study, std::vector<LoadedModel>& models,
                            const std::vector<Reason>& lost, const RunOptions& options,
                            RunReport& report) {
  std::vector<Job> jobs;
  const std::vector<PlannedSeries> all = plan_all(study, options);
  for (const PlannedSeries& planned : all) {
    for (LoadedModel& model : models) {
      if (takes_pictures(model)) {
        plan_pictures(study, *planned.series, model, lost, report, jobs);
      } else if (model.package.channels.size() == 1) {
        plan_single(study, planned, model, lost, report, jobs);
      }
    }
  }
  for (LoadedModel& model : models) {
    if (model.package.channels.size() > 1) {
      plan_channels(study, all, model, lost, options, report, jobs);
    }
  }
  std::stable_sort(jobs.begin(), jobs.end(),
                   [](const Job& a, const Job& b) { return a.voxel_mm3 < b.voxel_mm3; });
  return jobs;
}

/// The files that a model's channels are. @return empty, and why in `reasons`
std::vector<fs::path> files_of(const Subject& subject, const ModelPackage& package,
                               std::vector<Reason>& reasons) {
  const std::size_t wanted = package.channels.size();
  if (subject.channels.empty()) {
    if (wanted == 1) return {subject.file};
    reasons.push_back({"channel",
                       package.name + " sees " + std::to_string(wanted) +
                           " images: name a file for each with --channel NAME=FILE, or call them "
                           "STEM_0000.nii.gz, STEM_0001.nii.gz, ...",
                       true});
    return {};
  }
  std::vector<fs::path> files;
  for (std::size_t i = 0; i < wanted; ++i) {
    auto found = subject.channels.find(package.channels[i]);
    if (found == subject.channels.end()) found = subject.channels.find(numbered_channel(i));
    if (found == subject.channels.end()) {
      reasons.push_back({"channel", "no file is given for channel " + package.channels[i], true});
    } else {
      files.push_back(found->second);
    }
  }
  if (reasons.empty() && subject.channels.size() != wanted) {
    reasons.push_back({"channel",
                       std::to_string(subject.channels.size()) + " files are given; " +
                           package.name + " sees " + std::to_string(wanted),
                       true});
  }
  if (!reasons.empty()) files.clear();
  return files;
}

class FilePlanner {
 public:
  FilePlanner(const RunOptions& options, RunReport& report) : options_(options), report_(report) {}

  std::vector<Job> plan(const Subject& subject, std::vector<LoadedModel>& models) {
    std::vector<Job> jobs;
    for (LoadedModel& model : models) {
      Job job;
      job.model = &model;
      std::vector<Reason> reasons;
      Loads loads;
      for (const fs::path& file : files_of(subject, model.package, reasons)) {
        add(file, model.package, job, reasons, loads);
      }
      if (!reasons.empty()) {
        report_.not_used.push_back(
            {{}, {}, options_.modality, 1, model.package.name, std::move(reasons), subject.file});
        continue;
      }
      job.warnings.push_back(
          {"modality_stated",
           "the modality " + options_.modality + " was stated, not read from the file", false});
      job.load = load_all(std::move(loads));
      jobs.push_back(std::move(job));
    }
    return jobs;
  }

 private:
  void add(const fs::path& file, const ModelPackage& package, Job& job,
           std::vector<Reason>& reasons, Loads& loads) {
    try {
      const ExchangeHeader header = read_exchange_header(file, options_.limits);
      const std::vector<Reason> found = misfits(header.grid, options_.modality, package);
      reasons.insert(reasons.end(), found.begin(), found.end());
      if (job.voxel_mm3 == 0) job.voxel_mm3 = header.grid.voxel_mm3();
      job.warnings.insert(job.warnings.end(), header.warnings.begin(), header.warnings.end());
    } catch (const Error& error) {
      reasons.push_back({"not_a_volume", error.what(), true});
      return;
    }
    std::shared_ptr<SharedLoad>& load = loads_[file];
    if (!load) {
      load = std::make_shared<SharedLoad>(
          [file, modality = options_.modality, limits = options_.limits] {
            Volume volume = read_exchange(file, limits);
            volume.modality = modality;
            return volume;
          });
    }
    loads.push_back(load);
  }

  const RunOptions& options_;
  RunReport& report_;
  std::map<fs::path, std::shared_ptr<SharedLoad>> loads_;
};

/// A name that is one folder below another, whatever the file was called.
std::string folder_name(const fs::path& file) {
  const std::string stem = exchange_stem(file);
  const auto first = stem.find_first_not_of('.');
  return first == std::string::npos ? "volume" : stem.substr(first);
}

constexpr std::size_t kChannelNumber = 5;  // "_0000"

/// True if a name ends in _0000 or another number of four digits, as nnU-Net names channels.
bool has_channel_number(const std::string& stem) {
  if (stem.size() <= kChannelNumber) return false;
  const std::string_view number = std::string_view(stem).substr(stem.size() - kChannelNumber);
  return number[0] == '_' &&
         std::ranges::all_of(number.substr(1), [](char c) { return c >= '0' && c <= '9'; });
}

/// Files that the user named for channels.
std::map<std::string, fs::path> named_files(const ChannelWishes& wishes,
                                            const std::vector<fs::path>& files) {
  std::map<std::string, fs::path> named;
  for (const auto& [channel, wish] : wishes) {
    for (const fs::path& file : files) {
      std::error_code error;
      if (fs::equivalent(file, wish, error)) named[channel] = file;
    }
  }
  return named;
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
                                 const std::vector<fs::path>& files, const RunOptions& options,
                                 bool several_channels) {
  const fs::path& out = options.out;
  std::vector<Subject> subjects;
  std::set<std::string> taken;
  for (const dicom::Study& study : studies) {
    taken.insert(study.uid);
    subjects.push_back({&study, {}, out / study.uid, {}});
  }
  const auto add = [&](const fs::path& file, const std::string& stem,
                       std::map<std::string, fs::path> channels) {
    std::string name = stem;
    for (int number = 2; !taken.insert(name).second; ++number) {
      name = stem + "-" + std::to_string(number);
    }
    subjects.push_back({nullptr, file, out / name, std::move(channels)});
  };
  std::map<std::string, fs::path> named = named_files(options.channels, files);
  std::map<fs::path, std::map<std::string, fs::path>> numbered;
  for (const fs::path& file : files) {
    const auto same = [&](const auto& each) { return each.second == file; };
    if (std::ranges::any_of(named, same)) continue;
    const std::string stem = exchange_stem(file);
    if (several_channels && has_channel_number(stem)) {
      const auto cut = stem.size() - kChannelNumber;
      numbered[file.parent_path() / stem.substr(0, cut)][stem.substr(cut)] = file;
    } else {
      add(file, folder_name(file), {});
    }
  }
  for (auto& [stem, channels] : numbered) {
    const fs::path first = channels.begin()->second;
    add(first, stem.filename().string(), std::move(channels));
  }
  if (!named.empty()) {
    const fs::path first = named.begin()->second;
    add(first, folder_name(first), std::move(named));
  }
  return subjects;
}

std::vector<Job> plan_jobs(const Subject& subject, std::vector<LoadedModel>& models,
                           const std::vector<Reason>& lost, const RunOptions& options,
                           RunReport& report) {
  return subject.study == nullptr ? FilePlanner(options, report).plan(subject, models)
                                  : plan_study(*subject.study, models, lost, options, report);
}

}  // namespace osler
