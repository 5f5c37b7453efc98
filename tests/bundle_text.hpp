#pragma once
// Small bundles that tests are made of, and the real ones beside the project.

#include <cstdlib>
#include <filesystem>
#include <string>

#include "registry/bundle.hpp"
#include "temporary_folder.hpp"
#include "test_data.hpp"

namespace osler::testing {

inline std::filesystem::path zoo() {
  return test_data() / "monai_zoo";
}

/// A bundle of the zoo beside weights of three bytes, "abc".
inline void copy_bundle(const std::string& name, const std::filesystem::path& to) {
  namespace fs = std::filesystem;
  fs::create_directories(to / "configs");
  for (const auto& file : fs::directory_iterator(zoo() / name / "configs")) {
    write_text(to / "configs" / file.path().filename(), read_text(file.path()));
  }
  write_text(to / "LICENSE", read_text(zoo() / name / "LICENSE"));
  fs::create_directories(to / "models");
  write_text(to / "models" / "model.ts", "abc");
}

inline constexpr char kSpacing[] =
    R"({"_target_": "Spacingd", "keys": "image", "pixdim": [1, 2, 3]})";
inline constexpr char kArgmax[] = R"({"_target_": "AsDiscreted", "keys": "pred", "argmax": true})";
inline constexpr char kInvert[] = R"({"_target_": "Invertd", "keys": "pred",
    "transform": "@preprocessing", "orig_keys": "image", "nearest_interp": false})";
inline constexpr char kWindows[] =
    R"({"_target_": "SlidingWindowInferer", "roi_size": [96, 80, 64]})";

/// The inference of a bundle: transforms behind LoadImaged, an inferer, transforms of "pred". Line
/// 2 begins with LoadImaged, the others follow on lines 3, 4 and 5.
inline bundle::Config inference(const std::string& before, const std::string& after,
                                const std::string& inferer = kWindows) {
  const std::string comma = before.empty() ? "" : ",";
  return bundle::Config::parse(
      "{\"preprocessing\": {\"_target_\": \"Compose\", \"transforms\": [\n"
      "{\"_target_\": \"LoadImaged\", \"keys\": \"image\"}" +
          comma + "\n" + before +
          "]}, \"postprocessing\": {\"_target_\": \"Compose\", \"transforms\": [\n" + after +
          "]}, \"inferer\":\n" + inferer + "}",
      bundle::Format::json, "inference.json");
}

inline bundle::Config metadata(int classes = 3, const std::string& shape = "[96, 96, 96]") {
  return bundle::Config::parse(
      R"({"name": "A test", "version": "1", "network_data_format": {"inputs": {"image": {
      "modality": "CT", "num_channels": 1, "spatial_shape": )" +
          shape + R"(}},
      "outputs": {"pred": {"num_channels": )" +
          std::to_string(classes) + R"(, "spatial_shape": )" + shape + "}}}}",
      bundle::Format::json, "metadata.json");
}

}  // namespace osler::testing
