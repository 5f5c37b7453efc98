#pragma once
// A package that classifies pictures by their mean value, so that its probabilities are known.

#include <filesystem>
#include <span>
#include <string>

#include "core/json.hpp"
#include "core/sha256.hpp"
#include "temporary_folder.hpp"
#include "torchscript.hpp"

namespace osler::testing {

/// N x C x H x W -> N x 2: minus and plus the mean of all values.
inline std::string mean_network() {
  const std::vector<std::byte> bytes = torchscript(
      "    m = x.flatten(1).mean(1, True)\n"
      "    return torch.cat([-m, m], 1)\n");
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

inline Json class_of(int output) {
  const std::string number = std::to_string(output);
  return {
      {"label", "Class " + number},
      {"output", output},
      {"code", {{"value", "C" + number}, {"scheme", "99TEST"}, {"meaning", "Class " + number}}}};
}

/// Class 1 is "bright", class 0 is nothing found.
inline Json classifier_description(const std::string& weights) {
  const auto bytes = std::as_bytes(std::span(weights));
  Json dark = class_of(0);
  dark["nothing_found"] = true;
  return {
      {"format", "osler-model/1"},
      {"name", "mean"},
      {"title", "Is it bright?"},
      {"version", "1.0.0"},
      {"manufacturer", "Osler project"},
      {"intended_use", "Tests"},
      {"protocol", "none"},
      {"limits", Json::array()},
      {"licence", "CC0"},
      {"weights", {{"file", "model.ts"}, {"format", "torchscript"}, {"sha256", sha256_hex(bytes)}}},
      {"wants",
       {{"modalities", {"CR", "XC"}},
        {"body_parts", {"CHEST"}},
        {"min_extent_mm", {0, 0, 0}},  // of volumes
        {"max_spacing_mm", 100}}},
      {"steps",
       {{{"step", "orient"}, {"axes", "ijk"}},
        {{"step", "normalise"}, {"shift", 0}, {"scale", 100}},
        {{"step", "classify"}, {"dimensions", 2}, {"activation", "softmax"}}}},
      {"gives",
       {{"classes", 2},
        {"question", {{"value", "BRIGHT"}, {"scheme", "99TEST"}, {"meaning", "Is it bright?"}}},
        {"evaluations", {class_of(1), dark}}}},
      {"gates", Json::array()}};
}

inline void write_classifier_package(const std::filesystem::path& folder, const Json& description,
                                     const std::string& weights) {
  std::filesystem::create_directories(folder);
  write_text(folder / "model.json", description.dump());
  write_text(folder / "model.ts", weights);
}

}  // namespace osler::testing
