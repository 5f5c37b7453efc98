#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "cli/commands.hpp"
#include "cli/places.hpp"
#include "core/error.hpp"
#include "core/json.hpp"
#include "registry/package.hpp"

namespace osler::cli {
namespace {

Json package_json(const ModelPackage& p, const std::string& weights_state) {
  Json segments = Json::array();
  for (const SegmentRule& s : p.segments) segments.push_back(s.label);
  return {{"name", p.name},
          {"title", p.title},
          {"version", p.version},
          {"digest", p.digest},
          {"weights",
           {{"file", p.weights.front().file},
            {"sha256", p.weights.front().sha256},
            {"state", weights_state}}},
          {"modalities", p.wants.modalities},
          {"body_parts", p.wants.body_parts},
          {"min_extent_mm", p.wants.min_extent_mm},
          {"max_spacing_mm", p.wants.max_spacing_mm},
          {"segments", segments},
          {"intended_use", p.intended_use},
          {"licence", p.licence},
          {"folder", p.folder.string()}};
}

void print_package(const ModelPackage& p, const std::string& weights_state) {
  fmt::print("{} {}  {}\n", p.name, p.version, p.title);
  fmt::print("  digest   {}\n", p.digest);
  fmt::print("  weights  {} ({})\n", p.weights.front().file, weights_state);
  fmt::print("  wants    {}; field of view at least {} mm; voxels up to {} mm\n",
             fmt::join(p.wants.modalities, ", "), fmt::join(p.wants.min_extent_mm, " x "),
             p.wants.max_spacing_mm);
  for (const SegmentRule& s : p.segments) {
    fmt::print("  gives    {} ({} {})\n", s.label, s.type.scheme, s.type.value);
  }
  fmt::print("  use      {}\n  licence  {}\n", p.intended_use, p.licence);
}

std::string state_of_weights(const ModelPackage& p) {
  try {
    for (const WeightsFile& weights : p.weights) read_weights(p, weights);
    return "checksum right";
  } catch (const Error& error) {
    return error.found();
  }
}

int list_models(bool json) {
  Json all = Json::array(), damaged = Json::array();
  for (const auto& entry : list_packages(model_places())) {
    if (const auto* problem = std::get_if<std::string>(&entry)) {
      damaged.push_back(*problem);
      if (!json) fmt::print("damaged: {}\n", *problem);
      continue;
    }
    const auto& package = std::get<ModelPackage>(entry);
    const std::string state = state_of_weights(package);
    if (json) {
      all.push_back(package_json(package, state));
    } else {
      print_package(package, state);
    }
  }
  if (json) fmt::print("{}\n", Json{{"models", all}, {"damaged", damaged}}.dump(2));
  return kExitOk;
}

}  // namespace

Action add_models(CLI::App& app) {
  auto* command = app.add_subcommand(
      "models",
      "List model packages: checksums, what each wants and gives, intended use; check one.");
  const auto json = std::make_shared<bool>(false);
  command->add_flag("--json", *json, "print JSON instead of text");
  const Action check = add_models_check(*command);
  const Action optimise = add_models_optimise(*command);
  return [=] {
    if (command->got_subcommand("check")) return check();
    if (command->got_subcommand("optimise")) return optimise();
    return list_models(*json);
  };
}

}  // namespace osler::cli
