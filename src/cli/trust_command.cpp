#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>

#include "authoring/optimise.hpp"
#include "cli/commands.hpp"
#include "core/error.hpp"
#include "core/printable.hpp"
#include "core/sha256.hpp"
#include "registry/package.hpp"

namespace osler::cli {
namespace {

void print_digests(const ModelPackage& package) {
  fmt::print("{}  {} {}\n", package.digest, printable(package.name), printable(package.version));
  if (const auto variant = read_variant(package.folder)) {
    for (const WeightsFile& weights : variant->compiled) {
      fmt::print("{}  {} {}, {}\n", weights.sha256, printable(package.name),
                 printable(package.version), printable(weights.file));
    }
  }
  for (const Stage& stage : package.stages) print_digests(*stage.package);
}

/// Files are as their digests say, so that nobody trusts what is not there.
void verify(const ModelPackage& package) {
  for (const WeightsFile& weights : package.weights) {
    const std::string found = sha256_hex_of_file(package.folder / weights.file);
    if (found == weights.sha256) continue;
    throw Error(ErrorCode::model, weights.file + " of " + package.name + " has SHA-256 " + found,
                weights.sha256, "see 'osler models check'");
  }
  for (const Stage& stage : package.stages) verify(*stage.package);
}

}  // namespace

Action add_models_trust(CLI::App& models) {
  auto* command = models.add_subcommand(
      "trust",
      "Print the digests of a package, of its stages and of what is compiled for it, for a list "
      "of trusted models (osler run --trusted FILE, or OSLER_TRUSTED_MODELS). Nothing is loaded.");
  const auto folder = std::make_shared<std::filesystem::path>();
  command->add_option("DIR", *folder, "folder of a package")->required();
  return [folder] {
    const ModelPackage package = read_package(*folder);
    verify(package);
    print_digests(package);
    return static_cast<int>(kExitOk);
  };
}

}  // namespace osler::cli
