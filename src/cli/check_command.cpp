#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <vector>

#include "authoring/check.hpp"
#include "cli/commands.hpp"
#include "core/error.hpp"
#include "core/json.hpp"
#include "core/printable.hpp"

namespace osler::cli {
namespace {

namespace fs = std::filesystem;

struct Options {
  std::vector<fs::path> folders;
  bool json = false;
};

const char* to_word(Problem::Level level) {
  return level == Problem::Level::error ? "error" : "warning";
}

Json to_json(const fs::path& folder, const PackageReport& report) {
  Json problems = Json::array();
  for (const Problem& p : report.problems) {
    problems.push_back({{"level", to_word(p.level)}, {"where", p.where}, {"what", p.what}});
  }
  return {{"folder", folder.string()},
          {"name", report.name},
          {"digest", report.digest},
          {"ok", report.ok()},
          {"problems", problems}};
}

void print_report(const fs::path& folder, const PackageReport& report) {
  const auto errors = std::count_if(report.problems.begin(), report.problems.end(),
                                    [](const auto& p) { return p.level == Problem::Level::error; });
  fmt::print("{}: {}\n", folder.string(),
             errors == 0   ? "nothing wrong was found"
             : errors == 1 ? std::string("1 error")
                           : fmt::format("{} errors", errors));
  for (const Problem& p : report.problems) {
    fmt::print("  {}{} {}\n", p.level == Problem::Level::warning ? "warning: " : "",
               printable(p.where), printable(p.what));
  }
  if (!report.digest.empty()) fmt::print("  digest {}\n", report.digest);
}

int check(const Options& options) {
  bool ok = true;
  Json all = Json::array();
  for (const fs::path& folder : options.folders) {
    const PackageReport report = check_package(folder);
    ok = ok && report.ok();
    if (options.json) {
      all.push_back(to_json(folder, report));
    } else {
      print_report(folder, report);
    }
  }
  if (options.json) {
    fmt::print("{}\n", Json{{"packages", all}}.dump(2, ' ', false, Json::error_handler_t::replace));
  }
  return ok ? kExitOk : kExitBadInput;
}

}  // namespace

Action add_models_check(CLI::App& models) {
  auto* command = models.add_subcommand(
      "check",
      "Everything that is wrong with a package: its description, files, digests and network, "
      "which is run once. It loads what the digests name: check no package of people you do not "
      "trust.");
  const auto options = std::make_shared<Options>();
  command->add_option("DIR", options->folders, "folders of packages")->required();
  command->add_flag("--json", options->json, "print JSON instead of text");
  return [options] { return check(*options); };
}

}  // namespace osler::cli
