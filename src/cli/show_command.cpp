#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "cli/commands.hpp"
#include "cli/limits.hpp"
#include "cli/show_text.hpp"
#include "core/error.hpp"
#include "reading/result.hpp"

namespace osler::cli {
namespace {

struct Options {
  std::filesystem::path object;
  ShowOptions show;
  bool json = false;
  dicom::Limits limits;
};

int show(const Options& options) {
  const reading::Result result = reading::read_result(options.object, options.limits);
  if (options.json) {
    const Json json = reading::to_json(result, options.show.with_patient);
    fmt::print("{}\n", json.dump(2, ' ', false, Json::error_handler_t::replace));
  } else {
    print_result(result, options.show);
  }
  return kExitOk;
}

}  // namespace

Action add_show(CLI::App& app) {
  auto* command = app.add_subcommand(
      "show",
      "What a result says, ours or another maker's: structured reports (measurements, CAD, key "
      "objects) and segmentations; of other objects the header.");
  const auto options = std::make_shared<Options>();
  command->add_option("OBJECT", options->object, "a DICOM file")->required()->type_name("FILE");
  command->add_flag("--tree", options->show.tree, "the whole content of a report, item by item");
  command->add_flag("--patient", options->show.with_patient,
                    "who the patient is: name, ID, birth date, sex; else withheld");
  command->add_flag("--json", options->json,
                    "print JSON (docs/show.md), the content always among it");
  add_limits(*command, options->limits);
  command->footer(
      "Examples:\n"
      "  osler show out/sr.dcm\n"
      "  osler show out/seg.dcm\n"
      "  osler show report-of-others.dcm --tree --patient\n"
      "  osler show out/sr.dcm --json | jq '.report.groups[].measurements[] | [.name.meaning, "
      ".value, .unit.value]'");
  return [options] { return show(*options); };
}

}  // namespace osler::cli
