#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <iostream>
#include <memory>

#include "cli/commands.hpp"
#include "cli/limits.hpp"
#include "cli/show_text.hpp"
#include "core/error.hpp"
#include "dicom/dicom_json.hpp"
#include "reading/result.hpp"

namespace osler::cli {
namespace {

struct Options {
  std::filesystem::path object;
  ShowOptions show;
  bool json = false;
  bool dicom_json = false;
  dicom::Limits limits;
};

/// To standard output; what is not in it is said on the other one.
int print_dicom_json(const Options& options) {
  dicom::DicomJsonOptions wanted;
  wanted.limits = options.limits;
  const dicom::DicomJsonSummary summary =
      dicom::write_dicom_json(options.object, std::cout, wanted);
  std::cout << std::endl;
  for (const dicom::BulkData& bulk : summary.bulk_data) {
    fmt::print(stderr, "left out: {}, {} bytes\n", bulk.path, bulk.bytes);
  }
  for (const std::string& path : summary.repeated_paths) {
    fmt::print(stderr, "repeated, the first stands: {}\n", path);
  }
  for (const dicom::OddText& text : summary.odd_texts) {
    fmt::print(stderr, "{}: {}\n", text.path, words_of(text.notes));
  }
  return kExitOk;
}

int show(const Options& options) {
  if (options.dicom_json) return print_dicom_json(options);
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
  command
      ->add_flag(
          "--dicom-json", options->dicom_json,
          "print the data set as DICOM JSON (PS3.18 F), the patient with it; binary values of "
          "more than 64 KiB are left out and named on standard error")
      ->excludes("--json")
      ->excludes("--tree");
  add_file_limits(*command, options->limits);
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
