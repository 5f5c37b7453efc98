#pragma once
// Packages that differ from the one that is shipped.

#include <filesystem>
#include <functional>

#include "core/json.hpp"
#include "temporary_folder.hpp"
#include "test_data.hpp"

namespace osler::testing {

inline std::filesystem::path shipped() {
  return project_source() / "models" / "hippocampus-t1";
}

// SHA-256 of "abc" (FIPS 180-4).
inline constexpr char kSha256OfAbc[] =
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

inline void write_package(const std::filesystem::path& folder,
                          const std::function<void(Json&)>& change) {
  Json json = Json::parse(read_text(shipped() / "model.json"));
  change(json);
  std::filesystem::create_directories(folder);
  write_text(folder / "model.json", json.dump());
}

/// The steps of a package that sees the whole image.
inline Json windows() {
  return Json::parse(R"([
    {"step": "orient", "axes": "RAS"},
    {"step": "resample", "spacing_mm": [1.5, 1.5, 1.5],
     "interpolation": "cubic", "alignment": "first-voxel"},
    {"step": "normalise", "clip": [-1000, 400], "statistics": "nonzero"},
    {"step": "sliding-window", "rule": "monai", "patch": [96, 80, 64],
     "patch_step": [0.5, 0.75, 1], "gaussian": false, "mirrored": [true, false, false],
     "beyond": "mirrored", "value": -1},
    {"step": "labels", "decision": "regions", "threshold": 0.5}])");
}

inline void see_the_whole_image(Json& j) {
  j["steps"] = windows();
  for (const char* name : {"shape", "clip_percentiles"}) j.erase(name);
  j["gives"]["segments"].erase(2);  // the other side's
  j["gives"]["segments"].erase(2);
  for (Json& segment : j["gives"]["segments"]) segment.erase("side");
}

}  // namespace osler::testing
