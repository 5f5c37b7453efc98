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

std::string state_of(const ModelPackage& p, const WeightsFile& weights) {
  try {
    read_weights(p, weights);
    return "checksum right";
  } catch (const Error& error) {
    return error.found();
  }
}

Json package_json(const ModelPackage& p) {
  Json segments = Json::array(), files = Json::array(), stages = Json::array();
  for (const WeightsFile& w : p.weights) {
    files.push_back({{"file", w.file}, {"sha256", w.sha256}, {"state", state_of(p, w)}});
  }
  for (const Stage& stage : p.stages) stages.push_back(package_json(*stage.package));
  for (const SegmentRule& s : p.segments) segments.push_back(s.label);
  Json evaluations = Json::array();
  if (const Classification* c = p.classification()) {
    for (const ClassRule& rule : c->classes) evaluations.push_back(rule.label);
  }
  return {{"name", p.name},
          {"title", p.title},
          {"version", p.version},
          {"digest", p.digest},
          {"weights", files},
          {"channels", p.channels},
          {"stages", stages},
          {"modalities", p.wants.modalities},
          {"body_parts", p.wants.body_parts},
          {"min_extent_mm", p.wants.min_extent_mm},
          {"max_spacing_mm", p.wants.max_spacing_mm},
          {"segments", segments},
          {"evaluations", evaluations},
          {"intended_use", p.intended_use},
          {"licence", p.licence},
          {"folder", p.folder.string()}};
}

void print_package(const ModelPackage& p) {
  fmt::print("{} {}  {}\n", p.name, p.version, p.title);
  fmt::print("  digest   {}\n", p.digest);
  for (const WeightsFile& w : p.weights) fmt::print("  weights  {} ({})\n", w.file, state_of(p, w));
  for (const Stage& stage : p.stages) {
    fmt::print("  stage    {}: {}\n", stage.name, stage.package->title);
    for (const WeightsFile& w : stage.package->weights) {
      fmt::print("  weights  {}/{} ({})\n", stage.package->folder.filename().string(), w.file,
                 state_of(*stage.package, w));
    }
  }
  if (p.channels.size() > 1) fmt::print("  channels {}\n", fmt::join(p.channels, ", "));
  const Classification* classification = p.classification();
  if (classification != nullptr && classification->planar) {
    fmt::print("  wants    {}; single {} images\n", fmt::join(p.wants.modalities, ", "),
               classification->colour ? "colour" : "grey");
  } else {
    fmt::print("  wants    {}; field of view at least {} mm; voxels up to {} mm\n",
               fmt::join(p.wants.modalities, ", "), fmt::join(p.wants.min_extent_mm, " x "),
               p.wants.max_spacing_mm);
  }
  for (const SegmentRule& s : p.segments) {
    fmt::print("  gives    {} ({} {})\n", s.label, s.type.scheme, s.type.value);
  }
  if (classification != nullptr) {
    for (const ClassRule& rule : classification->classes) {
      fmt::print("  gives    probability of {} ({} {})\n", rule.label, rule.code.scheme,
                 rule.code.value);
    }
  }
  fmt::print("  use      {}\n  licence  {}\n", p.intended_use, p.licence);
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
    if (json) {
      all.push_back(package_json(package));
    } else {
      print_package(package);
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
  const Action trust = add_models_trust(*command);
  return [=] {
    if (command->got_subcommand("check")) return check();
    if (command->got_subcommand("optimise")) return optimise();
    if (command->got_subcommand("trust")) return trust();
    return list_models(*json);
  };
}

}  // namespace osler::cli
