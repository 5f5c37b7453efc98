#pragma once
// What there is to do: which volume of which input goes through which model, and where its results
// go. Inside the room only.

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "dicom/scan.hpp"
#include "pipeline/run.hpp"
#include "pipeline/run_series.hpp"

namespace osler {

/// A study, or a NIfTI or MetaImage file, or several that are channels of one image: what shares a
/// folder of results.
struct Subject {
  const dicom::Study* study = nullptr;
  std::filesystem::path file;    ///< empty if it is a study; of several the first
  std::filesystem::path folder;  ///< of its results
  /// Files by the names of the channels that they are; empty: `file` is the only one.
  std::map<std::string, std::filesystem::path> channels;

  std::string study_uid() const { return study == nullptr ? std::string() : study->uid; }
};

/// Takes the NIfTI and MetaImage files out of what a scan could not read, but for labels that an
/// earlier run left in a folder of the input.
std::vector<std::filesystem::path> take_files(dicom::ScanResult& scanned,
                                              const dicom::Limits& limits);

/// Studies, then files. A study's results go to out/<UID>, a file's to out/<its name without
/// ending>, with a number if that name is taken. Files that options.channels names are one subject;
/// so are, where a model sees several channels, those whose names differ in _0000, _0001, ...
/// alone.
std::vector<Subject> subjects_of(const std::vector<dicom::Study>& studies,
                                 const std::vector<std::filesystem::path>& files,
                                 const RunOptions& options, bool several_channels);

/// One volume, or the pictures of one series, for one model.
struct Job {
  std::function<ChannelVolumes()> load;
  double voxel_mm3 = 0;
  std::vector<Reason> warnings;
  LoadedModel* model = nullptr;
  std::vector<const dicom::Instance*> pictures{};  ///< not empty: `load` is
};

/// A warning if DICOM files could not be read that may belong to any series of the input.
std::vector<Reason> lost_files(const std::vector<dicom::Unreadable>& unreadable);

/// Pictures and volumes of a subject that fit a model, finest first; the others are noted in
/// `report` with their reasons. Of files only headers are read. The study must outlive the jobs.
/// @param lost  goes with every result of a study
std::vector<Job> plan_jobs(const Subject& subject, std::vector<LoadedModel>& models,
                           const std::vector<Reason>& lost, const RunOptions& options,
                           RunReport& report);

}  // namespace osler
