#include "pipeline/run.hpp"

#include <algorithm>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "core/error.hpp"
#include "core/files.hpp"
#include "pipeline/classify.hpp"
#include "pipeline/delivery_folders.hpp"
#include "pipeline/device_lane.hpp"
#include "pipeline/jobs.hpp"
#include "pipeline/kept_probabilities.hpp"
#include "pipeline/preparer.hpp"
#include "pipeline/probabilities.hpp"
#include "pipeline/run_series.hpp"
#include "report/findings_json.hpp"
#include "report/results.hpp"
#include "volume/exchange.hpp"

namespace osler {
namespace fs = std::filesystem;
namespace {

/// What is done with a subject.
struct SubjectPlan {
  const Subject* subject = nullptr;
  std::vector<Job> jobs;
  std::vector<SeriesNotUsed> notes;  ///< of its series that fit no model
};

std::string one_sentence(const std::vector<Reason>& reasons) {
  std::string text;
  for (const Reason& reason : reasons) text += (text.empty() ? "" : "; ") + reason.detail;
  return text;
}

/// A study or file in which nothing fits leaves a findings.json that says why.
/// @param notes  of this subject
StudyOutcome refuse(const Subject& subject, std::span<const SeriesNotUsed> notes,
                    const RunOptions& options, const Device& device) {
  StudyOutcome outcome;
  outcome.folder = subject.folder;
  Findings& f = outcome.findings;
  f.status = Status::refused;
  f.device = device.name;
  f.source.file = subject.file.filename().string();
  f.source.study_uid = subject.study_uid();
  for (const SeriesNotUsed& note : notes) {
    f.refusals.push_back(
        note.file.empty()
            ? "series " + note.series_uid + " (" + note.modality + ") does not fit " + note.model +
                  ": " + one_sentence(note.reasons)
            : f.source.file + " does not fit " + note.model + ": " + one_sentence(note.reasons));
  }
  DeliveryFolders folders(outcome.folder, options);
  folders.write(
      "findings.json",
      report::to_json(f, {"findings.json"}).dump(2, ' ', false, Json::error_handler_t::replace) +
          "\n");
  outcome.outputs = folders.commit();
  return outcome;
}

/// @return false if there are none: the model gives none, the study was refused, or no such file
/// can say where the slices lie
bool write_probabilities_of(SeriesResult& result, const fs::path& folder,
                            const RunContext& context) {
  if (result.scores.empty() || result.findings.status != Status::complete) return false;
  if (!result.labels.grid.is_regular()) {
    result.findings.source.warnings.push_back(
        {"no_probabilities_file",
         "probabilities.nii.gz was not written: NIfTI cannot say that slices are unevenly spaced",
         false});
    return false;
  }
  const StageTimer timer(result.findings.timings, "probabilities");
  write_probabilities(result.scores, result.labels.grid, is_turned_round(*result.volume),
                      folder / "probabilities.nii.gz", context.progress);
  return true;
}

StudyOutcome run_classifier(const Job& job, const fs::path& folder, const RunContext& context,
                            const RunOptions& options) {
  StudyOutcome outcome;
  outcome.folder = folder;
  Classified result = job.pictures.empty()
                          ? classify_volume(*job.model, job.load, job.warnings, context)
                          : classify_pictures(*job.model, job.pictures, job.warnings, context);
  DeliveryFolders folders(folder, options);
  notify(context.progress, "write", 0, 1);
  const Volume pictures;
  report::write_evaluations(result.findings, result.volume ? *result.volume : pictures,
                            result.shown, folders.deliveries());
  outcome.outputs = folders.commit();
  outcome.findings = std::move(result.findings);
  return outcome;
}

/// Scores are kept for a file, or for objects that a destination wants.
bool keeps_scores(const RunOptions& options) {
  return options.probabilities ||
         std::ranges::any_of(options.destinations, [](const report::Destination& d) {
           return d.objects.uncertainty || d.objects.fractional;
         });
}

/// @param following  the job behind this one, or nothing
StudyOutcome run_job(const Job& job, const Job* following, Preparer& preparer,
                     const fs::path& folder, const RunContext& context, const RunOptions& options) {
  if (job.model->package.classification() != nullptr) {
    return run_classifier(job, folder, context, options);
  }
  StudyOutcome outcome;
  outcome.folder = folder;
  notify(context.progress, "load", 0, 1);
  PreparedSeries series = preparer.take(job);
  if (following != nullptr) preparer.begin(*following);
  SeriesResult result = run_series(*job.model, std::move(series), context);
  DeliveryFolders folders(folder, options);
  notify(context.progress, "write", 0, 1);
  const bool probabilities =
      options.probabilities && write_probabilities_of(result, folders.results().path(), context);
  const bool complete = result.findings.status == Status::complete;
  std::optional<KeptProbabilities> kept;
  if (complete && !result.scores.empty()) {
    kept.emplace(result.scores, job.model->package, result.labels.grid);
  }
  report::write_results(result.findings, complete ? &result.labels : nullptr, *result.volume,
                        folders.deliveries(), kept ? &kept->source() : nullptr);
  outcome.outputs = folders.commit();
  if (probabilities) outcome.outputs.emplace_back("probabilities.nii.gz");
  outcome.findings = std::move(result.findings);
  return outcome;
}

fs::path folder_of_job(const Subject& subject, std::size_t job) {
  return job == 0 ? subject.folder : subject.folder / std::to_string(job + 1);
}

/// Results of an earlier run that had more of them for this subject.
void remove_further_results(const Subject& subject, std::size_t jobs) {
  for (std::size_t i = std::max<std::size_t>(1, jobs);; ++i) {
    const fs::path folder = folder_of_job(subject, i);
    std::error_code ignored;
    if (!fs::is_directory(folder, ignored)) return;
    for (const std::string& name : result_files()) fs::remove(folder / name, ignored);
    fs::remove(folder, ignored);  // stays if it holds anything that is not ours
  }
}

int exit_code_of(const RunReport& report) {
  std::size_t complete = 0, partial = 0;
  for (const StudyOutcome& o : report.outcomes) {
    if (!o.failure.empty()) continue;
    complete += o.findings.status == Status::complete ? 1 : 0;
    partial += o.findings.status == Status::partial ? 1 : 0;
  }
  // A DICOM file that cannot be read may be a part of any study: then not all is done.
  const bool lost = std::any_of(report.unreadable.begin(), report.unreadable.end(),
                                [](const dicom::Unreadable& u) { return u.is_dicom; });
  if (complete == report.outcomes.size()) return lost ? kExitPartial : kExitOk;
  return complete + partial > 0 ? kExitPartial : kExitBadInput;
}

/// What was given, and what was named for a channel, if that is a file or a folder.
std::vector<fs::path> inputs_of(const RunOptions& options) {
  std::vector<fs::path> inputs = options.inputs;
  for (const auto& [channel, wish] : options.channels) {
    std::error_code error;
    if (fs::exists(wish, error)) inputs.emplace_back(wish);
  }
  return inputs;
}

std::vector<LoadedModel> load_models(const RunOptions& options, const Device& device) {
  std::vector<LoadedModel> models;
  for (const std::string& name : options.models) {
    models.push_back(load_model(find_package(name, options.model_places), options.templates, device,
                                parse_precision(options.precision)));
  }
  return models;
}

}  // namespace

RunReport run(const RunOptions& options, const Progress& progress,
              const std::function<void(const StudyOutcome&)>& done) {
  RunContext context{
      choose_device(options.device), options.limits, progress, {}, keeps_scores(options)};
  parse_precision(options.precision);
  const auto timed = [&](const char* stage, auto&& work) {
    const StageTimer timer(context.timings, stage);
    return work();
  };
  dicom::ScanResult scanned =
      timed("scan", [&] { return dicom::scan(inputs_of(options), options.limits, progress); });
  const std::vector<fs::path> files = take_files(scanned, options.limits);
  RunReport report;
  report.unreadable = std::move(scanned.unreadable);
  report.duplicates = scanned.duplicates;
  if (scanned.studies.empty() && files.empty()) {
    throw Error(ErrorCode::bad_input,
                "no DICOM objects in the input (" + std::to_string(report.unreadable.size()) +
                    " files looked at)",
                "DICOM, NIfTI or MetaImage files, or folders that hold them",
                "see 'osler inspect' for each file's reason");
  }
  { const StagedFolder writable(options.out / "probe"); }
  // LibTorch's tensors lie on the lanes' streams: models go before lanes.
  std::vector<DeviceLane> lanes;
  for (int i = 0; i < 2 && context.device.backend == Backend::cuda; ++i) {
    lanes.emplace_back(context.device);
  }
  notify(progress, "load model", 0, 1);
  std::vector<LoadedModel> models =
      timed("load_model", [&] { return load_models(options, context.device); });

  const bool several_channels = std::ranges::any_of(
      models, [](const LoadedModel& model) { return model.package.channels.size() > 1; });
  const std::vector<Subject> subjects =
      subjects_of(scanned.studies, files, options, several_channels);
  RunContext::Shared shared;
  if (models.size() > 1) context.shared = &shared;
  const std::vector<Reason> lost = lost_files(report.unreadable);
  const auto plan = [&](const Subject& subject) {
    const std::size_t noted = report.not_used.size();
    SubjectPlan made{&subject, plan_jobs(subject, models, lost, options, report), {}};
    made.notes.assign(report.not_used.begin() + static_cast<std::ptrdiff_t>(noted),
                      report.not_used.end());
    return made;
  };
  SubjectPlan current;
  std::optional<SubjectPlan> next;
  Preparer preparer(lanes, context.limits);
  for (std::size_t n = 0; n < subjects.size(); ++n) {
    current = next ? *std::exchange(next, std::nullopt) : plan(subjects[n]);
    if (preparer.looks_ahead() && n + 1 < subjects.size()) next = plan(subjects[n + 1]);
    const Subject& subject = *current.subject;
    const auto finish = [&](StudyOutcome outcome) {
      outcome.study_uid = subject.study_uid();
      outcome.file = subject.file;
      if (done) done(outcome);
      report.outcomes.push_back(std::move(outcome));
    };
    const auto guarded = [&](auto&& make) {
      StudyOutcome failed;
      try {
        return finish(make());
      } catch (const std::exception& error) {
        failed.failure = failure_text(error);  // this study is lost, the others are not
      }
      finish(std::move(failed));
    };
    if (current.jobs.empty()) {
      guarded([&] { return refuse(subject, current.notes, options, context.device); });
    }
    for (std::size_t i = 0; i < current.jobs.size(); ++i) {
      guarded([&] {
        const Job* following = i + 1 < current.jobs.size()   ? &current.jobs[i + 1]
                               : next && !next->jobs.empty() ? &next->jobs.front()
                                                             : nullptr;
        return run_job(current.jobs[i], following, preparer, folder_of_job(subject, i), context,
                       options);
      });
    }
    remove_further_results(subject, current.jobs.size());
  }
  report.exit_code = exit_code_of(report);
  return report;
}

}  // namespace osler
