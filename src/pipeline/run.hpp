#pragma once
// Everything that was given, through every model that fits: scan, plan, run, write, account for.

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "core/progress.hpp"
#include "dicom/scan.hpp"
#include "findings/findings.hpp"
#include "report/destinations.hpp"
#include "volume/plan.hpp"

namespace osler {

struct RunOptions {
  std::vector<std::filesystem::path> inputs;
  std::filesystem::path out;
  std::vector<std::string> models;                  ///< names or folders
  std::vector<std::filesystem::path> model_places;  ///< where names are looked up
  std::filesystem::path templates;
  std::string device = "auto";
  std::string precision = "fp32";  ///< of networks on a GPU (infer/session.hpp)
  std::string modality;  ///< of inputs that are not DICOM and cannot say it; empty: not known
  std::map<std::string, std::string> channels;  ///< a series, folder or file by a channel's name
  bool nifti = false;                           ///< labels.nii.gz beside the DICOM results too
  bool probabilities = false;  ///< probabilities.nii.gz, where the model gives them
  std::vector<report::Destination> destinations;  ///< besides the results themselves
  dicom::Limits limits;
  PlanPolicy policy;
};

/// A series that a model did not run on, and why.
struct SeriesNotUsed {
  std::string study_uid;
  std::string series_uid;
  std::string modality;
  std::size_t files = 0;
  std::string model;
  std::vector<Reason> reasons;
  std::filesystem::path file{};  ///< not empty: this file, which is no series
};

/// What became of one study, or of one NIfTI or MetaImage file, with one model.
struct StudyOutcome {
  std::string study_uid;             ///< empty if it was a file
  std::filesystem::path file;        ///< empty if it was a study
  Findings findings;                 ///< status refused: nothing in the study fits
  std::filesystem::path folder;      ///< where the results are
  std::vector<std::string> outputs;  ///< file names in it
  std::string failure;               ///< not empty: the study failed with this error
};

struct RunReport {
  std::vector<StudyOutcome> outcomes;
  std::vector<SeriesNotUsed> not_used;
  std::vector<dicom::Unreadable> unreadable;
  std::int64_t duplicates = 0;
  int exit_code = 0;
};

/// Results of a study go to out/<Study Instance UID>/; if several series or models of a study have
/// results, the finest series of the first model is there and the others in numbered folders below.
/// Of a segmentation what each destination wants lies in a folder of its name beside the results.
/// Those of a NIfTI or MetaImage file go to out/<name without ending>/, with a number if that name
/// is taken; such files are also taken from folders. A study or file that fails does not stop the
/// others. `done` is called after each outcome.
/// @throws Error if nothing can be started: inputs, models, device, output folder
RunReport run(const RunOptions& options, const Progress& progress = {},
              const std::function<void(const StudyOutcome&)>& done = {});

}  // namespace osler
