#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <memory>
#include <set>

#include "cli/commands.hpp"
#include "cli/limits.hpp"
#include "cli/listing.hpp"
#include "cli/terminal.hpp"
#include "core/error.hpp"
#include "core/json.hpp"
#include "core/printable.hpp"
#include "core/uid.hpp"
#include "dicom/scan.hpp"
#include "volume/exchange.hpp"
#include "volume/plan.hpp"
#include "volume/regular.hpp"

namespace osler::cli {
namespace fs = std::filesystem;
namespace {

struct Options {
  std::vector<fs::path> inputs;
  dicom::Limits limits;
  std::string to;
  fs::path out;
  std::string series_uid;
  PlanPolicy policy;
  bool json = false;
};

struct PlannedSeries {
  const dicom::Study* study;
  const dicom::Series* series;
  SeriesPlan plan;
  bool usable() const { return plan.verdict() != Verdict::refused && !plan.volumes.empty(); }
};

struct Written {
  fs::path file;
  const PlannedSeries* source;
  const VolumePlan* volume;
  Grid grid;  ///< as written: of uneven slices the even ones
};

struct NotWritten {
  const PlannedSeries* source;
  std::vector<Reason> reasons;
};

struct Outcome {
  std::vector<Written> written;
  std::vector<NotWritten> not_written;
  int exit_code = kExitOk;
};

bool ends_as_any(const fs::path& file, std::initializer_list<std::string_view> endings) {
  const std::string name = file.filename().string();
  return std::any_of(endings.begin(), endings.end(),
                     [&](std::string_view ending) { return name.ends_with(ending); });
}

/// Whether --out names a file; otherwise it is a folder.
bool names_file(const Options& options) {
  if (fs::is_directory(options.out)) return false;
  const bool nifti = options.to == "nifti";
  if (nifti ? ends_as_any(options.out, {".nii", ".nii.gz"}) : ends_as_any(options.out, {".mha"})) {
    return true;
  }
  if (ends_as_any(options.out, {".nii", ".gz", ".mha", ".mhd", ".nrrd", ".hdr", ".img"})) {
    throw Error(
        ErrorCode::usage,
        fmt::format("--to {} does not write {}", options.to, options.out.filename().string()),
        nifti ? ".nii, .nii.gz or a folder" : ".mha or a folder");
  }
  return false;
}

std::vector<PlannedSeries> plan_all(const dicom::ScanResult& scanned, const Options& options) {
  std::vector<PlannedSeries> all;
  for (const dicom::Study& study : scanned.studies) {
    for (const dicom::Series& series : study.series) {
      if (!options.series_uid.empty() && series.uid != options.series_uid) continue;
      all.push_back({&study, &series, plan_series(series, options.limits, options.policy)});
    }
  }
  if (all.empty() && !options.series_uid.empty()) {
    throw Error(ErrorCode::bad_input, "the input holds no series " + options.series_uid, {},
                "'osler inspect' lists the series");
  }
  return all;
}

/// A name of its own for each volume of a folder: the series UID, with a number if the series has
/// several.
std::string name_of(const PlannedSeries& source, std::size_t volume, const std::string& ending,
                    std::set<std::string>& taken) {
  const std::string uid = is_valid_uid(source.series->uid) ? source.series->uid : "series";
  std::size_t number = volume + 1;
  std::string name = source.plan.volumes.size() > 1 ? fmt::format("{}-{}", uid, number) : uid;
  while (!taken.insert(name).second) name = fmt::format("{}-{}", uid, ++number);
  return name + ending;
}

void convert_series(const PlannedSeries& source, const Options& options, const fs::path& file,
                    std::set<std::string>& taken, Outcome& outcome) {
  for (std::size_t i = 0; i < source.plan.volumes.size(); ++i) {
    const VolumePlan& plan = source.plan.volumes[i];
    const bool nifti = options.to == "nifti";
    const fs::path target =
        file.empty() ? options.out / name_of(source, i, nifti ? ".nii.gz" : ".mha", taken) : file;
    try {
      Volume volume = load_volume(plan, options.limits);
      // Neither format can say that slices are uneven.
      if (!volume.grid.is_regular()) volume = make_regular(volume, options.limits);
      if (nifti) {
        write_nifti(volume, target);
      } else {
        write_meta_image(volume, target);
      }
      outcome.written.push_back({target, &source, &plan, volume.grid});
    } catch (const Error& error) {
      if (error.code() != ErrorCode::bad_input) throw;
      outcome.not_written.push_back({&source, {{"not_converted", error.what(), true}}});
    }
  }
}

Outcome convert_all(const std::vector<PlannedSeries>& all, const Options& options, bool to_file) {
  std::size_t volumes = 0;
  for (const PlannedSeries& s : all) volumes += s.usable() ? s.plan.volumes.size() : 0;
  if (to_file && volumes > 1) {
    throw Error(ErrorCode::usage, fmt::format("the input holds {} volumes", volumes),
                "one, as --out names a file", "give a folder as --out, or choose with --series");
  }
  Outcome outcome;
  std::set<std::string> taken;
  std::int64_t done = 0;
  const Progress progress = terminal_progress();
  for (const PlannedSeries& s : all) {
    notify(progress, "convert", done++, static_cast<std::int64_t>(all.size()));
    if (s.usable()) {
      convert_series(s, options, to_file ? options.out : fs::path{}, taken, outcome);
    } else {
      outcome.not_written.push_back({&s, s.plan.reasons});
    }
  }
  end_progress();
  return outcome;
}

Json to_json(const Outcome& outcome, const dicom::ScanResult& scanned) {
  Json written = Json::array(), not_written = Json::array();
  for (const Written& w : outcome.written) {
    written.push_back({{"file", w.file.string()},
                       {"study_uid", w.source->study->uid},
                       {"series_uid", w.source->series->uid},
                       {"modality", w.source->series->modality},
                       {"told_apart", w.volume->told_apart},
                       {"size", w.grid.size},
                       {"spacing_mm", w.grid.spacing_mm()},
                       {"warnings", reasons_json(w.source->plan.reasons)}});
  }
  for (const NotWritten& n : outcome.not_written) {
    not_written.push_back({{"study_uid", n.source->study->uid},
                           {"series_uid", n.source->series->uid},
                           {"modality", n.source->series->modality},
                           {"files", n.source->series->instances.size()},
                           {"reasons", reasons_json(n.reasons)}});
  }
  return {{"written", written},
          {"not_written", not_written},
          {"unreadable", unreadable_json(scanned.unreadable)},
          {"exit_code", outcome.exit_code}};
}

void print_outcome(const Outcome& outcome, const dicom::ScanResult& scanned) {
  const PlannedSeries* last = nullptr;
  for (const Written& w : outcome.written) {
    const Size3& n = w.grid.size;
    fmt::print("{}  {} {} x {} x {}{}{}\n", printable(w.file.string()),
               printable(w.source->series->modality), n[0], n[1], n[2],
               w.volume->told_apart.empty() ? "" : "  ", printable(w.volume->told_apart));
    if (w.source != last) {
      for (const Reason& r : w.source->plan.reasons) {
        fmt::print("  warning: {}: {}\n", r.code, printable(r.detail));
      }
    }
    last = w.source;
  }
  for (const NotWritten& n : outcome.not_written) {
    fmt::print("not written: series {} ({}, {} files)\n", n.source->series->uid,
               printable(n.source->series->modality), n.source->series->instances.size());
    for (const Reason& r : n.reasons) {
      fmt::print("  {} {}: {}\n", r.refuses ? "refused:" : "warning:", r.code, printable(r.detail));
    }
  }
  print_unreadable(scanned.unreadable);
}

int convert(const Options& options) {
  const bool to_file = names_file(options);
  const dicom::ScanResult scanned =
      dicom::scan(options.inputs, options.limits, terminal_progress());
  end_progress();
  const std::vector<PlannedSeries> all = plan_all(scanned, options);
  Outcome outcome = convert_all(all, options, to_file);
  // A DICOM file that cannot be read may be a part of any series: then not all is done.
  const bool lost = std::any_of(scanned.unreadable.begin(), scanned.unreadable.end(),
                                [](const dicom::Unreadable& u) { return u.is_dicom; });
  if (outcome.written.empty()) {
    outcome.exit_code = kExitBadInput;
  } else if (lost || !outcome.not_written.empty()) {
    outcome.exit_code = kExitPartial;
  }
  if (options.json) {
    fmt::print("{}\n",
               to_json(outcome, scanned).dump(2, ' ', false, Json::error_handler_t::replace));
  } else {
    print_outcome(outcome, scanned);
  }
  return outcome.exit_code;
}

}  // namespace

Action add_convert(CLI::App& app) {
  auto* command = app.add_subcommand(
      "convert", "Write the volumes of DICOM series as NIfTI or MetaImage files.");
  const auto options = std::make_shared<Options>();
  command->add_option("INPUT", options->inputs, kInputHelp)->required();
  command->add_option("--to", options->to, "nifti or mha")
      ->required()
      ->check(CLI::IsMember({"nifti", "mha"}));
  command
      ->add_option("--out", options->out,
                   "file (.nii, .nii.gz, .mha) for one volume, else a folder: <series UID>.nii.gz")
      ->type_name("FILE|DIR")
      ->required();
  command->add_option("--series", options->series_uid, "only the series of this UID")
      ->type_name("UID");
  command->add_flag("--interpolate-missing-slices", options->policy.interpolate_missing_slices,
                    "write series with missing slices all the same, with a warning");
  command->add_flag("--json", options->json, "print JSON (docs/json.md) instead of text");
  add_limits(*command, options->limits);
  return [options] { return convert(*options); };
}

}  // namespace osler::cli
