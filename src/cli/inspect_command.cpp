#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <set>

#include "cli/commands.hpp"
#include "cli/listing.hpp"
#include "cli/terminal.hpp"
#include "core/error.hpp"
#include "core/json.hpp"
#include "dicom/pixels.hpp"
#include "dicom/scan.hpp"
#include "volume/orientation.hpp"
#include "volume/plan.hpp"

namespace osler::cli {
namespace {

constexpr char kRow[] = "{:<9}{:>6}  {:<17}{:<23}{:<22}{:<27}{}\n";

struct Options {
  std::vector<std::filesystem::path> inputs;
  bool json = false;
};

std::string transfer_syntaxes(const dicom::Series& series) {
  std::set<std::string> names;
  for (const auto& i : series.instances)
    names.insert(dicom::transfer_syntax_name(i.transfer_syntax_uid));
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

Json volume_json(const VolumePlan& volume) {
  const Grid& grid = volume.grid;
  const Vec3 spacing = grid.spacing_mm();
  Json direction = Json::array();
  for (int row = 0; row < 3; ++row) {
    for (int column = 0; column < 3; ++column) {
      const auto c = static_cast<std::size_t>(column);
      direction.push_back(grid.index_to_lps.column(column)[static_cast<std::size_t>(row)] /
                          spacing[c]);
    }
  }
  return {{"size", grid.size},
          {"spacing_mm", spacing},
          {"origin_mm", grid.index_to_lps.origin()},
          {"direction", direction},
          {"tilt_deg", grid.tilt_deg()},
          {"slice_distances_mm", grid.slice_distances_mm()}};
}

Json series_json(const dicom::Study& study, const dicom::Series& series, const SeriesPlan& plan) {
  Json volumes = Json::array();
  for (const VolumePlan& v : plan.volumes) volumes.push_back(volume_json(v));
  return {{"study_uid", study.uid},
          {"series_uid", series.uid},
          {"modality", series.modality},
          {"transfer_syntax", transfer_syntaxes(series)},
          {"files", series.instances.size()},
          {"verdict", to_string(plan.verdict())},
          {"reasons", reasons_json(plan.reasons)},
          {"volumes", volumes}};
}

void print_series(const dicom::Series& series, const SeriesPlan& plan) {
  std::string size = "-", spacing = "-", orientation = "-";
  const auto describe = [&](const VolumePlan& volume) {
    const Grid& g = volume.grid;
    const Vec3 s = g.spacing_mm();
    size = fmt::format("{} x {} x {}", g.size[0], g.size[1], g.size[2]);
    spacing = fmt::format("{:.3g} x {:.3g} x {:.3g}", s[0], s[1], s[2]);
    if (!g.is_regular()) {
      const auto [least, largest] = g.slice_distances_mm();
      spacing = fmt::format("{:.3g} x {:.3g} x {:.3g}-{:.3g}", s[0], s[1], least, largest);
    }
    orientation = orientation_name(g);
  };
  if (!plan.volumes.empty()) describe(plan.volumes.front());
  fmt::print(kRow, series.modality, series.instances.size(), size, spacing, orientation,
             transfer_syntaxes(series), to_string(plan.verdict()));
  for (std::size_t i = 1; i < plan.volumes.size(); ++i) {
    describe(plan.volumes[i]);
    fmt::print(kRow, "", "", size, spacing, orientation, plan.volumes[i].told_apart, "");
  }
  for (const Reason& r : plan.reasons) {
    fmt::print("           {} {}: {}\n", r.refuses ? "refused:" : "warning:", r.code, r.detail);
  }
}

int inspect(const Options& options) {
  const dicom::Limits limits;
  const dicom::ScanResult scanned = dicom::scan(options.inputs, limits, terminal_progress());
  end_progress();
  Json all = Json::array();
  if (!options.json) {
    fmt::print(kRow, "modality", "files", "size", "spacing mm", "slices", "transfer syntax",
               "verdict");
  }
  for (const dicom::Study& study : scanned.studies) {
    if (!options.json) fmt::print("study {}\n", study.uid);
    for (const dicom::Series& series : study.series) {
      const SeriesPlan plan = plan_series(series, limits);
      if (options.json) {
        all.push_back(series_json(study, series, plan));
      } else {
        print_series(series, plan);
      }
    }
  }
  if (!options.json) print_unreadable(scanned.unreadable);
  if (!options.json && scanned.duplicates > 0) {
    fmt::print("{} files hold an instance that another file holds too\n", scanned.duplicates);
  }
  if (options.json) {
    fmt::print("{}\n",
               Json{{"series", all}, {"unreadable", unreadable_json(scanned.unreadable)}}.dump(
                   2, ' ', false, Json::error_handler_t::replace));
  }
  return scanned.studies.empty() ? kExitBadInput : kExitOk;
}

}  // namespace

Action add_inspect(CLI::App& app) {
  auto* command = app.add_subcommand(
      "inspect", "List the series in files and folders: geometry, transfer syntax, what is wrong.");
  const auto options = std::make_shared<Options>();
  command->add_option("INPUT", options->inputs, "DICOM files, or folders (all below is read)")
      ->required();
  command->add_flag("--json", options->json, "print JSON (docs/json.md) instead of a table");
  return [options] { return inspect(*options); };
}

}  // namespace osler::cli
