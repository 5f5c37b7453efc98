#include "pipeline/run.hpp"

#include <algorithm>
#include <span>

#include "core/error.hpp"
#include "core/files.hpp"
#include "pipeline/fit.hpp"
#include "pipeline/run_series.hpp"
#include "report/findings_json.hpp"
#include "report/results.hpp"

namespace osler {
namespace fs = std::filesystem;
namespace {

/// One volume for one model.
struct Job {
  VolumePlan volume;
  std::vector<Reason> warnings;
  LoadedModel* model = nullptr;
};

std::string one_sentence(const std::vector<Reason>& reasons) {
  std::string text;
  for (const Reason& reason : reasons) text += (text.empty() ? "" : "; ") + reason.detail;
  return text;
}

/// DICOM files that cannot be read and could belong to any series of the input.
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

/// Volumes of a study that fit a model, finest first; the others are noted with their reasons.
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
        Job job{plan.volumes[i], plan.reasons, &model};
        job.warnings.insert(job.warnings.end(), lost.begin(), lost.end());
        if (plan.volumes.size() > 1) {
          job.warnings.push_back({"one_of_several_volumes",
                                  "this result is of: " + plan.volumes[i].told_apart, false});
        }
        jobs.push_back(std::move(job));
      }
    }
  }
  std::stable_sort(jobs.begin(), jobs.end(), [](const Job& a, const Job& b) {
    return a.volume.grid.voxel_mm3() < b.volume.grid.voxel_mm3();
  });
  return jobs;
}

/// Every file that a result set can have.
const std::vector<std::string> kResultFiles{"seg.dcm",        "sr.dcm",          "sc-axial.dcm",
                                            "sc-coronal.dcm", "sc-sagittal.dcm", "report.html",
                                            "findings.json"};

/// A study in which nothing fits leaves a findings.json that says why.
/// @param not_used  the notes of this study
StudyOutcome refuse_study(const dicom::Study& study, std::span<const SeriesNotUsed> not_used,
                          const fs::path& out, const Device& device) {
  StudyOutcome outcome;
  outcome.study_uid = study.uid;
  outcome.folder = out / study.uid;
  Findings& f = outcome.findings;
  f.status = Status::refused;
  f.device = device.name;
  f.source.study_uid = study.uid;
  for (const SeriesNotUsed& note : not_used) {
    f.refusals.push_back("series " + note.series_uid + " (" + note.modality + ") does not fit " +
                         note.model + ": " + one_sentence(note.reasons));
  }
  outcome.outputs = {"findings.json"};
  StagedFolder folder(outcome.folder);
  folder.supersede(kResultFiles);
  folder.write(
      "findings.json",
      report::to_json(f, outcome.outputs).dump(2, ' ', false, Json::error_handler_t::replace) +
          "\n");
  folder.commit();
  return outcome;
}

StudyOutcome run_job(const Job& job, const fs::path& folder, const RunContext& context) {
  StudyOutcome outcome;
  outcome.folder = folder;
  SeriesResult result = run_series(*job.model, job.volume, job.warnings, context);
  StagedFolder staged(folder);
  staged.supersede(kResultFiles);
  notify(context.progress, "write", 0, 1);
  const bool complete = result.findings.status == Status::complete;
  outcome.outputs = report::write_results(result.findings, complete ? &result.labels : nullptr,
                                          result.volume, staged);
  staged.commit();
  outcome.findings = std::move(result.findings);
  return outcome;
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

std::vector<LoadedModel> load_models(const RunOptions& options, const Device& device) {
  std::vector<LoadedModel> models;
  for (const std::string& name : options.models) {
    models.push_back(
        load_model(find_package(name, options.model_places), options.templates, device));
  }
  return models;
}

}  // namespace

RunReport run(const RunOptions& options, const Progress& progress,
              const std::function<void(const StudyOutcome&)>& done) {
  RunContext context{choose_device(options.device), options.limits, progress, {}};
  const auto timed = [&](const char* stage, auto&& work) {
    const StageTimer timer(context.timings, stage);
    return work();
  };
  dicom::ScanResult scanned =
      timed("scan", [&] { return dicom::scan(options.inputs, options.limits, progress); });
  RunReport report;
  report.unreadable = std::move(scanned.unreadable);
  report.duplicates = scanned.duplicates;
  if (scanned.studies.empty()) {
    throw Error(ErrorCode::bad_input,
                "no DICOM objects in the input (" + std::to_string(report.unreadable.size()) +
                    " files looked at)",
                "DICOM files, or folders that hold them",
                "see 'osler inspect' for each file's reason");
  }
  { const StagedFolder writable(options.out / "probe"); }
  notify(progress, "load model", 0, 1);
  std::vector<LoadedModel> models =
      timed("load_model", [&] { return load_models(options, context.device); });

  const std::vector<Reason> lost = lost_files(report.unreadable);
  for (const dicom::Study& study : scanned.studies) {
    const auto finish = [&](StudyOutcome outcome) {
      outcome.study_uid = study.uid;
      if (done) done(outcome);
      report.outcomes.push_back(std::move(outcome));
    };
    const auto guarded = [&](auto&& make) {
      StudyOutcome failed;
      try {
        return finish(make());
      } catch (const Error& error) {
        failed.failure = error.what();
      } catch (const std::exception& error) {
        // A library's own exception: this study is lost, the others are not.
        failed.failure = std::string("internal error: ") + error.what();
      }
      finish(std::move(failed));
    };
    const std::size_t noted = report.not_used.size();
    const std::vector<Job> jobs = plan_study(study, models, lost, options, report);
    if (jobs.empty()) {
      const auto notes = std::span<const SeriesNotUsed>(report.not_used).subspan(noted);
      guarded([&] { return refuse_study(study, notes, options.out, context.device); });
    }
    for (std::size_t i = 0; i < jobs.size(); ++i) {
      fs::path folder = options.out / study.uid;
      if (i > 0) folder /= std::to_string(i + 1);
      guarded([&] { return run_job(jobs[i], folder, context); });
    }
  }
  report.exit_code = exit_code_of(report);
  return report;
}

}  // namespace osler
