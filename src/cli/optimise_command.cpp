#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "authoring/optimise.hpp"
#include "cli/commands.hpp"
#include "cli/places.hpp"
#include "core/error.hpp"
#include "core/files.hpp"
#include "core/json.hpp"
#include "core/printable.hpp"

namespace osler::cli {
namespace {

struct Options {
  OptimiseOptions optimise;
  bool json = false;
};

void print_ways(const Optimised& found) {
  fmt::print("{}, {}\n  {:<14}", found.processor, found.device, "way");
  for (const TensorShape& input : found.inputs) {
    fmt::print("{:>20}", fmt::format("{}", fmt::join(input, "x")));
  }
  fmt::print("{:>12}{:>8}{:>8}\n", "difference", "labels", "ties");
  for (const MeasuredWay& way : found.ways) {
    fmt::print("  {:<14}", way.name);
    for (const double ms : way.median_ms) fmt::print("{:>17.1f} ms", ms);
    if (!way.median_ms.empty()) {
      fmt::print("{:>12.1e}{:>8}{:>8}", way.difference, way.other_labels, way.ties);
    }
    fmt::print("  {}\n", way.refused.empty() ? way.graph : "refused: " + printable(way.refused));
  }
}

int optimise_package(Options& options) {
  options.optimise.templates = template_place();
  const Optimised found = optimise(options.optimise);
  if (options.json) {
    std::size_t most = 1 << 20;
    const std::vector<std::byte> bytes = read_file(found.file, most);
    std::fwrite(bytes.data(), 1, bytes.size(), stdout);
    return kExitOk;
  }
  print_ways(found);
  for (const SampleFigures& s : found.samples) {
    fmt::print(
        "  samples by way {}: {} of {} labelled voxels differ; {:.1f} s, as it is {:.1f} s\n",
        s.way, s.different, s.labelled, s.seconds, s.plain_seconds);
  }
  fmt::print("  chosen: {} ({})\n", found.chosen, found.file.string());
  return kExitOk;
}

}  // namespace

Action add_models_optimise(CLI::App& models) {
  auto* command = models.add_subcommand(
      "optimise",
      "Time the ways to run a package's network on this processor, hold them against the graph as "
      "it is in the file, and write variant.json, which 'osler run' follows here.");
  const auto options = std::make_shared<Options>();
  command->add_option("DIR", options->optimise.folder, "folder of a package")->required();
  command
      ->add_option("--sample", options->optimise.samples,
                   "images that the package is run on, to compare labels; may be repeated")
      ->type_name("FILE|DIR");
  command
      ->add_option("--modality", options->optimise.modality,
                   "of NIfTI and MetaImage files, which cannot say it")
      ->check(CLI::IsMember({"MR", "CT", "PT"}));
  command
      ->add_option("--out", options->optimise.out,
                   "write a copy of the package there, with the variant; default: into DIR")
      ->type_name("DIR");
  command->add_flag("--json", options->json, "print variant.json instead of text");
  return [options] { return optimise_package(*options); };
}

}  // namespace osler::cli
