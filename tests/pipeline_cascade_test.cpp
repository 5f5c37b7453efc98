// Packages inside packages: one crops the other's image, or stands beside it as a channel; folds;
// files of channels; the model's own values and probabilities in NIfTI files.

#include <gtest/gtest.h>

#include <cmath>

#include "ramp_runs.hpp"

namespace osler {
namespace {

namespace fs = std::filesystem;
using testing::Outcome;
using testing::ramp_description;
using testing::run_on;
using testing::TemporaryFolder;
using testing::with_ramp;
using testing::write_image;

TEST(Cascade, CropsToWhatAStageHasFound) {
  const TemporaryFolder folder;
  const std::string weights = testing::threshold_network();
  const fs::path package = folder.path() / "package";
  // Columns 6 to 11 are above 500; the second model sees these and one voxel more, from their mean.
  testing::write_windowed_package(package / "organ", ramp_description(weights), weights);
  Json j = ramp_description(weights);
  j["stages"] = Json::array({{{"name", "organ"}, {"package", "organ"}}});
  j["steps"][0] = {{"step", "crop"}, {"to", "labels"}, {"of", "organ"}, {"margin_mm", 2}};
  j["steps"][1] = {{"step", "rescale"}, {"from", "range"}, {"to", {0, 1}}};
  j["gives"]["segments"][0]["value"] = 42;
  testing::write_windowed_package(package, j, weights);
  const Outcome outcome = run_on(package, with_ramp(folder), folder.path() / "out");
  // 500 ... 1100 becomes 0 ... 1: above a half from 900 on (800 is a tie, which background wins).
  EXPECT_EQ(outcome.labels, (std::vector<std::uint8_t>{0, 0, 0, 0, 0, 0, 0, 0, 0, 42, 42, 42}));
}

TEST(Cascade, ShowsLabelsOfAStageAsChannels) {
  const TemporaryFolder folder;
  const std::string stage = testing::threshold_network();
  const fs::path package = folder.path() / "package";
  testing::write_windowed_package(package / "organ", ramp_description(stage), stage);
  // Labelled where the stage found nothing and the image is above 0.2.
  const auto bytes = testing::torchscript(
      "    y = x[:, :1] - 0.25 - 9 * x[:, 1:]\n    return torch.cat([-y, y], 1)\n");
  const std::string weights(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  Json j = ramp_description(weights);
  j["stages"] = Json::array({{{"name", "organ"}, {"package", "organ"}}});
  j["steps"].insert(j["steps"].begin() + 2,
                    Json{{"step", "add-labels"}, {"of", "organ"}, {"values", {1}}});
  testing::write_windowed_package(package, j, weights);
  const Outcome outcome = run_on(package, with_ramp(folder), folder.path() / "out");
  EXPECT_EQ(outcome.labels, (std::vector<std::uint8_t>{0, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0}));
}

TEST(Folds, TakesTheMeanOfTheirScores) {
  const TemporaryFolder folder;
  const fs::path package = folder.path() / "package";
  const std::string low = testing::network("torch.cat([0.2 - x, x - 0.2], 1)"),
                    high = testing::network("torch.cat([0.7 - x, x - 0.7], 1)");
  Json j = ramp_description(low);
  j["weights"] = Json::array({j["weights"], j["weights"]});
  j["weights"][1]["file"] = "second.ts";
  j["weights"][1]["sha256"] = sha256_hex(std::as_bytes(std::span(high)));
  testing::write_windowed_package(package, j, low);
  testing::write_text(package / "second.ts", high);
  RunOptions options = with_ramp(folder);
  options.probabilities = true;
  const Outcome outcome = run_on(package, options, folder.path() / "out");
  EXPECT_EQ(outcome.labels, (std::vector<std::uint8_t>{0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1}));

  // Softmax of (0.45 - x, x - 0.45), class after class.
  const std::vector<float> values = testing::probabilities_of(outcome, 2);
  ASSERT_EQ(values.size(), 1920U);
  for (std::size_t column = 0; column < 12; ++column) {
    const float x = .1F * static_cast<float>(column);
    const float p = 1 / (1 + std::exp(2 * (.45F - x)));
    const std::size_t at = 3 * 120 + 5 * 12 + column;
    EXPECT_NEAR(values[at], 1 - p, 1e-5F);
    EXPECT_NEAR(values[960 + at], p, 1e-5F);
  }
}

TEST(Channels, AreFilesNamedOrNumbered) {
  const TemporaryFolder folder;
  const fs::path package = folder.path() / "package";
  const auto bytes =
      testing::torchscript("    y = x[:, :1] - x[:, 1:]\n    return torch.cat([-y, y], 1)\n");
  const std::string weights(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  Json j = ramp_description(weights);
  j["channels"] = Json::array({{{"name", "T1"}}, {{"name", "T2"}}});
  testing::write_windowed_package(package, j, weights);
  const fs::path ramp = write_image(folder.path() / "x_0000.nii.gz", [](std::int64_t column) {
    return static_cast<float>(100 * column);
  });
  const fs::path level =
      write_image(folder.path() / "x_0001.nii.gz", [](std::int64_t) { return 450.0F; });
  RunOptions options;
  options.inputs = {ramp, level};
  const std::vector<std::uint8_t> above{0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1};
  EXPECT_EQ(run_on(package, options, folder.path() / "numbered").labels, above);
  RunOptions named;
  named.channels = {{"T2", ramp.string()}, {"T1", level.string()}};
  std::vector<std::uint8_t> below = above;
  for (std::uint8_t& label : below) label = label == 0 ? 1 : 0;
  EXPECT_EQ(run_on(package, named, folder.path() / "named").labels, below);
}

}  // namespace
}  // namespace osler
