#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "cli/commands.hpp"
#include "core/error.hpp"
#include "core/json.hpp"
#include "core/printable.hpp"
#include "verification/verification.hpp"

namespace osler::cli {
namespace {

struct Options {
  std::filesystem::path report;
  std::filesystem::path states;
  std::filesystem::path out;
  std::vector<std::string> corrections;
  verification::VerificationRequest request;
  bool json = false;
};

Json to_json(const Options& options, const verification::VerificationOutcome& outcome) {
  return {{"file", options.out.string()},     {"sop_instance_uid", outcome.sop_instance_uid},
          {"series_uid", outcome.series_uid}, {"predecessor_uid", outcome.predecessor_uid},
          {"accepted", outcome.accepted},     {"rejected", outcome.rejected},
          {"corrected", outcome.corrected},   {"not_recomputed", outcome.not_recomputed}};
}

void print(const Options& options, const verification::VerificationOutcome& outcome) {
  fmt::print("verified: {}\n", printable(options.out.string()));
  fmt::print("  accepted as they are: {}\n", outcome.accepted);
  for (const std::string& label : outcome.rejected)
    fmt::print("  rejected: {}\n", printable(label));
  for (const std::string& text : outcome.corrected)
    fmt::print("  corrected: {}\n", printable(text));
  for (const std::string& label : outcome.not_recomputed) {
    fmt::print("  not recomputed: {}\n", printable(label));
  }
}

int verify(Options options) {
  for (const std::string& text : options.corrections) {
    options.request.corrected.push_back(verification::parse_correction(text));
  }
  if (!options.states.empty()) verification::read_finding_states(options.states, options.request);
  const auto outcome = verification::verify_report(options.report, options.request, options.out);
  if (options.json) {
    fmt::print("{}\n",
               to_json(options, outcome).dump(2, ' ', false, Json::error_handler_t::replace));
  } else {
    print(options, outcome);
  }
  return kExitOk;
}

/// A reason belongs to the rejection that it stands behind.
void add_reason(verification::VerificationRequest& request, const std::string& reason) {
  if (request.rejected.empty() || !request.rejected.back().reason.empty()) {
    throw CLI::ValidationError("--reason", "stands behind the --reject that it is of");
  }
  request.rejected.back().reason = reason;
}

}  // namespace

Action add_verify(CLI::App& app) {
  auto* command = app.add_subcommand(
      "verify",
      "Write down that a person has checked a report: a new, verified report that follows the "
      "unverified one. Findings can be rejected and values corrected; the rest stays as it is.");
  const auto options = std::make_shared<Options>();
  command->add_option("SR", options->report, "an unverified structured report, ours or another's")
      ->required()
      ->type_name("FILE");
  command
      ->add_option("--as", options->request.observer,
                   "who has checked it, as FAMILY^GIVEN; this person is accountable")
      ->required()
      ->type_name("NAME");
  command->add_option("--organisation", options->request.organisation, "where this person works")
      ->type_name("TEXT");
  command
      ->add_option_function<std::string>(
          "--reject",
          [options](const std::string& finding) {
            options->request.rejected.push_back({finding, {}});
          },
          "a finding that is taken out: its label, tracking UID or number (#2) of 'osler show'; "
          "may be repeated")
      ->type_name("FINDING")
      ->trigger_on_parse();
  command
      ->add_option_function<std::string>(
          "--reason",
          [options](const std::string& reason) { add_reason(options->request, reason); },
          "why the finding before it was rejected")
      ->type_name("TEXT")
      ->trigger_on_parse();
  command
      ->add_option("--correct", options->corrections,
                   "\"LABEL=VALUE UNIT\", or \"LABEL:MEASUREMENT=VALUE UNIT\" where there are "
                   "several of that unit; may be repeated")
      ->type_name("TEXT")
      ->take_all()
      ->expected(1)
      ->allow_extra_args(false);
  command
      ->add_option("--finding-states", options->states,
                   "JSON (docs/show.md) with what was decided of every finding")
      ->type_name("FILE");
  command->add_option("--out", options->out, "the new report, which must not exist yet")
      ->required()
      ->type_name("FILE");
  command->add_flag("--again", options->request.again, "also a report that is verified already");
  command->add_flag("--json", options->json, "print JSON (docs/show.md) instead of text");
  command->footer(
      "Examples:\n"
      "  osler verify out/sr.dcm --as 'Osler^William' --organisation 'Example Hospital' --out "
      "verified.dcm\n"
      "  osler verify sr.dcm --as 'Osler^William' --reject '#3' --reason 'vessel, no nodule' "
      "--out v.dcm\n"
      "  osler verify sr.dcm --as 'Osler^William' --correct 'Left hippocampus=3120.5 mm3' --out "
      "v.dcm");
  return [options] { return verify(*options); };
}

}  // namespace osler::cli
