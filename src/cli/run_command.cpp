#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>

#include "cli/commands.hpp"
#include "cli/destinations.hpp"
#include "cli/limits.hpp"
#include "cli/listing.hpp"
#include "cli/places.hpp"
#include "cli/terminal.hpp"
#include "core/error.hpp"
#include "core/printable.hpp"
#include "findings/sentences.hpp"
#include "pipeline/run.hpp"
#include "registry/trusted.hpp"
#include "report/findings_json.hpp"

namespace osler::cli {
namespace {

constexpr char kDefaultModel[] = "hippocampus-t1";

struct Options {
  RunOptions run;
  std::vector<std::string> channels;  ///< NAME=WHAT
  bool json = false;
  bool timings = false;
  std::filesystem::path trusted;
  std::filesystem::path destinations;
};

void print_findings(const Findings& f) {
  fmt::print("  {:<36}{:>7}   {}\n", "structure", "mL", "centre, LPS mm");
  for (const Finding& x : f.findings) {
    fmt::print("  {:<36}{:>7.2f}   {:.1f} {:.1f} {:.1f}\n", x.label, x.volume_mm3 / 1000,
               x.centroid_mm[0], x.centroid_mm[1], x.centroid_mm[2]);
  }
  for (const Asymmetry& a : f.asymmetries) {
    fmt::print("  {} left - right: {:+.1f} % of the mean\n", a.label, 100 * a.index);
  }
}

void print_evaluations(const Findings& f) {
  fmt::print("  {:<36}{:>11}   {}\n", "class", "probability", "verdict");
  for (const Evaluation& e : f.evaluations) {
    fmt::print("  {:<36}{:>11}   {} ({})\n", label_of(e), probability_text(e.probability),
               e.present ? "present" : "absent", rule_of(e));
  }
  fmt::print("  {}\n", calibration_of(f.evaluations.front()));
}

/// Of the gates that refuse, the refusals tell.
void print_warnings(const Findings& f) {
  for (const Reason& r : f.source.warnings) fmt::print("  warning: {}: {}\n", r.code, r.detail);
  for (const Gate& g : f.gates) {
    if (g.passed || g.level == GateLevel::refuse) continue;
    fmt::print("  warning: {} = {:.3g} (usually {} {:.3g}): {}\n", g.name, g.value,
               g.at_least ? "at least" : "at most",
               g.at_least ? *g.at_least : g.at_most.value_or(0), g.meaning);
  }
}

void print_outcome(const StudyOutcome& o, bool timings) {
  end_progress();
  if (o.file.empty()) {
    fmt::print("study {}\n", o.study_uid);
  } else {
    fmt::print("file {}\n", printable(o.file.string()));
  }
  if (!o.failure.empty()) {
    fmt::print("  failed: {}\n", printable(o.failure));
    return;
  }
  const Findings& f = o.findings;
  fmt::print("  status: {}{}\n", to_string(f.status),
             f.status == Status::complete ? " (AI, unverified; not for clinical use)" : "");
  // Of a refused study each series is listed with its reasons at the end.
  if (f.status == Status::partial) {
    for (const std::string& refusal : f.refusals) fmt::print("  no numbers: {}\n", refusal);
  }
  if (!f.findings.empty()) print_findings(f);
  if (!f.evaluations.empty()) print_evaluations(f);
  print_warnings(f);
  if (timings) {
    if (f.device_peak_bytes) {
      fmt::print("  most GPU memory {:.0f} MB\n", static_cast<double>(*f.device_peak_bytes) / 1e6);
    }
    for (const auto& [stage, ms] : f.timings.stages_ms)
      fmt::print("  {:<12}{:>9.1f} ms\n", stage, ms);
  }
  for (const std::string& file : o.outputs) fmt::print("  {}\n", (o.folder / file).string());
  std::fflush(stdout);
}

void print_rest(const RunReport& report) {
  for (const SeriesNotUsed& s : report.not_used) {
    if (s.file.empty()) {
      fmt::print("not used by {}: series {} ({}, {} files)\n", s.model, s.series_uid,
                 printable(s.modality), s.files);
    } else {
      fmt::print("not used by {}: {}\n", s.model, printable(s.file.string()));
    }
    for (const Reason& r : s.reasons) fmt::print("  {}\n", printable(r.detail));
  }
  print_unreadable(report.unreadable);
}

Json to_json(const RunReport& report) {
  Json studies = Json::array(), not_used = Json::array();
  for (const StudyOutcome& o : report.outcomes) {
    Json study{{"source", report::source_json(o.file.string())},
               {"study_uid", o.study_uid},
               {"folder", o.folder.string()}};
    if (o.failure.empty()) {
      study["findings"] = report::to_json(o.findings, o.outputs);
    } else {
      study["failure"] = o.failure;
    }
    studies.push_back(std::move(study));
  }
  for (const SeriesNotUsed& s : report.not_used) {
    not_used.push_back({{"source", report::source_json(s.file.string())},
                        {"study_uid", s.study_uid},
                        {"series_uid", s.series_uid},
                        {"modality", s.modality},
                        {"files", s.files},
                        {"model", s.model},
                        {"reasons", reasons_json(s.reasons)}});
  }
  return {{"studies", studies},
          {"not_used", not_used},
          {"unreadable", unreadable_json(report.unreadable)},
          {"exit_code", report.exit_code}};
}

/// @throws Error usage
std::map<std::string, std::string> read_channels(const std::vector<std::string>& words) {
  std::map<std::string, std::string> channels;
  for (const std::string& word : words) {
    const auto equals = word.find('=');
    if (equals == 0 || equals == std::string::npos || equals + 1 == word.size()) {
      throw Error(ErrorCode::usage, "--channel " + word,
                  "NAME=FILE, NAME=FOLDER or NAME=SERIES_UID, the name as the model has it");
    }
    if (!channels.emplace(word.substr(0, equals), word.substr(equals + 1)).second) {
      throw Error(ErrorCode::usage, "channel " + word.substr(0, equals) + " is named twice");
    }
  }
  return channels;
}

int run_command(Options& options) {
  if (!options.trusted.empty()) ::setenv(kTrustedVariable, options.trusted.c_str(), 1);
  options.run.channels = read_channels(options.channels);
  if (options.run.inputs.empty() && options.run.channels.empty()) {
    throw Error(ErrorCode::usage, "no INPUT", "a file or folder, or --channel for each channel");
  }
  if (options.run.models.empty()) options.run.models = {kDefaultModel};
  if (!options.destinations.empty()) {
    options.run.destinations = read_destinations(options.destinations);
  }
  options.run.model_places = model_places();
  if (options.run.templates.empty()) options.run.templates = template_place();
  const RunReport report = run(options.run, terminal_progress(), [&](const StudyOutcome& outcome) {
    if (!options.json) print_outcome(outcome, options.timings);
  });
  end_progress();
  if (options.json) {
    fmt::print("{}\n", to_json(report).dump(2, ' ', false, Json::error_handler_t::replace));
  } else {
    print_rest(report);
  }
  return report.exit_code;
}

}  // namespace

Action add_run(CLI::App& app) {
  auto* command = app.add_subcommand(
      "run", "Run models on studies; write SEG, SR, captures, an HTML report and findings.json.");
  const auto options = std::make_shared<Options>();
  command->add_option("INPUT", options->run.inputs, kVolumesHelp);
  command
      ->add_option("--channel", options->channels,
                   "which image is which channel of a model that sees several; by default series "
                   "are told by their descriptions, files by _0000, _0001, ... in their names")
      ->type_name("NAME=FILE|FOLDER|SERIES_UID");
  command
      ->add_option("--out", options->run.out,
                   "results go to DIR/<Study Instance UID>/; of a NIfTI or MetaImage file to "
                   "DIR/<its name without ending>/: labels.nii.gz, report.html, findings.json")
      ->type_name("DIR")
      ->required();
  command->add_option("--model", options->run.models, "package name or folder; may be repeated")
      ->type_name("NAME|DIR")
      ->default_str(kDefaultModel);
  command
      ->add_option("--modality", options->run.modality,
                   "of NIfTI and MetaImage files, which cannot say it; DICOM says its own")
      ->check(CLI::IsMember({"MR", "CT", "PT"}));
  command->add_flag("--nifti", options->run.nifti,
                    "write labels.nii.gz (the model's own label values) beside the DICOM results "
                    "too");
  command->add_flag("--probabilities", options->run.probabilities,
                    "write probabilities.nii.gz, one volume per channel of the network's output");
  command->add_option("--device", options->run.device, "auto, cpu, cuda or cuda:n")
      ->capture_default_str();
  command
      ->add_option("--precision", options->run.precision,
                   "of networks on a GPU: fp32, tf32 (products of 10 bits), fp16 or bf16")
      ->check(CLI::IsMember({"fp32", "tf32", "fp16", "bf16"}))
      ->capture_default_str();
  command
      ->add_option("--templates", options->run.templates, "folder of the templates made at set-up")
      ->type_name("DIR");
  command->add_flag("--interpolate-missing-slices", options->run.policy.interpolate_missing_slices,
                    "use series with missing slices all the same, with a warning in every result");
  command
      ->add_option("--trusted", options->trusted,
                   "load only models whose digests stand in this file (osler models trust); "
                   "default: OSLER_TRUSTED_MODELS, or all that are whole")
      ->type_name("FILE");
  command
      ->add_option("--destinations", options->destinations,
                   "JSON or YAML: which objects go to which system, and in which form "
                   "(docs/destinations.md); each has a folder of its name beside the results")
      ->type_name("FILE");
  command->add_flag("--json", options->json, "print JSON (docs/json.md) instead of text");
  add_limits(*command, options->run.limits);
  command->add_flag("--timings", options->timings, "print how long each stage took");
  return [options] { return run_command(*options); };
}

}  // namespace osler::cli
