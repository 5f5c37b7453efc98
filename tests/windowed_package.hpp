#pragma once
// A package whose network is a threshold, so that its labels are known.

#include <filesystem>
#include <string>

#include "core/json.hpp"
#include "core/sha256.hpp"
#include "temporary_folder.hpp"
#include "torchscript.hpp"

namespace osler::testing {

/// Two classes: label 1 where the normalised value is above 1/2.
inline std::string threshold_network() {
  const std::vector<std::byte> bytes = torchscript("    return torch.cat([0.5 - x, x - 0.5], 1)\n");
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

inline Json windowed_description(const std::string& weights) {
  const auto bytes = std::as_bytes(std::span(weights));
  const Json structure = {{"value", "123037004"}, {"scheme", "SCT"}, {"meaning", "Body structure"}};
  return {
      {"format", "osler-model/1"},
      {"name", "threshold"},
      {"title", "What is brighter than half"},
      {"version", "1.0.0"},
      {"manufacturer", "Osler project"},
      {"intended_use", "Tests"},
      {"protocol", "none"},
      {"limits", Json::array()},
      {"licence", "CC0"},
      {"weights", {{"file", "model.ts"}, {"format", "torchscript"}, {"sha256", sha256_hex(bytes)}}},
      {"wants",
       {{"modalities", {"CT"}},
        {"body_parts", Json::array()},
        {"min_extent_mm", {10, 10, 10}},
        {"max_spacing_mm", 10}}},
      {"steps",
       {{{"step", "resample"},
         {"spacing_mm", {0, 0, 0}},
         {"interpolation", "linear"},
         {"alignment", "edges"}},
        {{"step", "normalise"}, {"clip", {-1000, 1000}}, {"shift", 0}, {"scale", 1000}},
        {{"step", "sliding-window"}, {"rule", "nnunet"}, {"patch", {16, 16, 16}}},
        {{"step", "labels"}, {"decision", "highest"}}}},
      {"gives",
       {{"classes", 2},
        {"segments",
         {{{"label", "Bright"},
           {"output", 1},
           {"category", structure},
           {"type", structure},
           {"rgb", {255, 200, 0}}}}}}},
      {"gates", Json::array()}};
}

inline void write_windowed_package(const std::filesystem::path& folder, const Json& description,
                                   const std::string& weights) {
  std::filesystem::create_directories(folder);
  write_text(folder / "model.json", description.dump());
  write_text(folder / "model.ts", weights);
}

}  // namespace osler::testing
