// Packages inside packages: one crops the other's image, or stands beside it as a channel; several
// networks; files of channels; the model's own values and probabilities in NIfTI files.

#include <gtest/gtest.h>
#include <zlib.h>

#include <cmath>
#include <cstring>

#include "pipeline/run.hpp"
#include "volume/exchange.hpp"
#include "windowed_package.hpp"

namespace osler {
namespace {

namespace fs = std::filesystem;
using testing::TemporaryFolder;

constexpr Size3 kSize{12, 10, 8};

/// A ramp along columns, 0 ... 1100, or another value where `at` says so.
fs::path write_image(const fs::path& file, const std::function<float(std::int64_t)>& of_column) {
  Volume volume;
  volume.grid = {kSize, Affine::from_columns({2, 0, 0}, {0, 2, 0}, {0, 0, 3}, {0, 0, 0}), {}};
  volume.type = ScalarType::f32;
  volume.slices.resize(static_cast<std::size_t>(kSize[2]));
  volume.voxels = std::make_unique<std::byte[]>(volume.bytes());
  auto* values = reinterpret_cast<float*>(volume.voxels.get());
  for (std::int64_t i = 0; i < voxel_count(kSize); ++i) values[i] = of_column(i % kSize[0]);
  write_nifti(volume, file);
  return file;
}

Json description(const std::string& weights) {
  Json j = testing::windowed_description(weights);
  j["steps"][1] = {{"step", "normalise"}, {"shift", 0}, {"scale", 1000}};
  return j;
}

struct Outcome {
  fs::path folder;
  std::vector<std::uint8_t> labels;  ///< of the first row
};

Outcome run_on(const fs::path& package, const RunOptions& wanted, const fs::path& out) {
  RunOptions options = wanted;
  options.out = out;
  options.models = {package.string()};
  options.device = "cpu";
  options.modality = "CT";
  const RunReport report = run(options);
  EXPECT_EQ(report.outcomes.size(), 1U);
  EXPECT_EQ(report.outcomes.front().failure, "");
  Outcome outcome{report.outcomes.front().folder, {}};
  if (!fs::exists(outcome.folder / "labels.nii.gz")) {
    ADD_FAILURE() << (report.not_used.empty() ? "" : report.not_used[0].reasons[0].detail);
    return outcome;
  }
  const Volume read = read_exchange(outcome.folder / "labels.nii.gz");
  const auto* labels = reinterpret_cast<const std::uint8_t*>(read.voxels.get());
  outcome.labels.assign(labels, labels + kSize[0]);
  return outcome;
}

RunOptions with_image(const TemporaryFolder& folder) {
  RunOptions options;
  options.inputs = {write_image(folder.path() / "image.nii.gz", [](std::int64_t column) {
    return static_cast<float>(100 * column);
  })};
  return options;
}

TEST(Cascade, CropsToWhatAStageHasFound) {
  const TemporaryFolder folder;
  const std::string weights = testing::threshold_network();
  const fs::path package = folder.path() / "package";
  // Columns 6 to 11 are above 500; the second model sees these and one voxel more, from their mean.
  testing::write_windowed_package(package / "organ", description(weights), weights);
  Json j = description(weights);
  j["stages"] = Json::array({{{"name", "organ"}, {"package", "organ"}}});
  j["steps"][0] = {{"step", "crop"}, {"to", "labels"}, {"of", "organ"}, {"margin_mm", 2}};
  j["steps"][1] = {{"step", "rescale"}, {"from", "range"}, {"to", {0, 1}}};
  j["gives"]["segments"][0]["value"] = 42;
  testing::write_windowed_package(package, j, weights);
  const Outcome outcome = run_on(package, with_image(folder), folder.path() / "out");
  // 500 ... 1100 becomes 0 ... 1: above a half from 900 on (800 is a tie, which background wins).
  EXPECT_EQ(outcome.labels, (std::vector<std::uint8_t>{0, 0, 0, 0, 0, 0, 0, 0, 0, 42, 42, 42}));
}

TEST(Cascade, ShowsLabelsOfAStageAsChannels) {
  const TemporaryFolder folder;
  const std::string stage = testing::threshold_network();
  const fs::path package = folder.path() / "package";
  testing::write_windowed_package(package / "organ", description(stage), stage);
  // Labelled where the stage found nothing and the image is above 0.2.
  const auto bytes = testing::torchscript(
      "    y = x[:, :1] - 0.25 - 9 * x[:, 1:]\n    return torch.cat([-y, y], 1)\n");
  const std::string weights(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  Json j = description(weights);
  j["stages"] = Json::array({{{"name", "organ"}, {"package", "organ"}}});
  j["steps"].insert(j["steps"].begin() + 2,
                    Json{{"step", "add-labels"}, {"of", "organ"}, {"values", {1}}});
  testing::write_windowed_package(package, j, weights);
  const Outcome outcome = run_on(package, with_image(folder), folder.path() / "out");
  EXPECT_EQ(outcome.labels, (std::vector<std::uint8_t>{0, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0}));
}

TEST(Ensemble, TakesTheMeanOfSeveralNetworks) {
  const TemporaryFolder folder;
  const fs::path package = folder.path() / "package";
  const auto network = [](const char* threshold) {
    const auto bytes = testing::torchscript(std::string("    return torch.cat([") + threshold +
                                            " - x, x - " + threshold + "], 1)\n");
    return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  };
  const std::string low = network("0.2"), high = network("0.7");
  Json j = description(low);
  j["weights"] = Json::array({j["weights"], j["weights"]});
  j["weights"][1]["file"] = "second.ts";
  j["weights"][1]["sha256"] = sha256_hex(std::as_bytes(std::span(high)));
  testing::write_windowed_package(package, j, low);
  testing::write_text(package / "second.ts", high);
  RunOptions options = with_image(folder);
  options.probabilities = true;
  const Outcome outcome = run_on(package, options, folder.path() / "out");
  EXPECT_EQ(outcome.labels, (std::vector<std::uint8_t>{0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1}));

  // probabilities.nii.gz: softmax of (0.45 - x, x - 0.45), class after class.
  gzFile file = ::gzopen((outcome.folder / "probabilities.nii.gz").c_str(), "rb");
  ASSERT_NE(file, nullptr);
  std::vector<char> header(352);
  ASSERT_EQ(::gzread(file, header.data(), 352), 352);
  std::array<std::int16_t, 8> dim{};
  std::memcpy(dim.data(), header.data() + 40, sizeof dim);
  EXPECT_EQ(dim, (std::array<std::int16_t, 8>{4, 12, 10, 8, 2, 1, 1, 1}));
  std::vector<float> values(static_cast<std::size_t>(2 * voxel_count(kSize)));
  const auto wanted = static_cast<int>(values.size() * sizeof(float));
  EXPECT_EQ(::gzread(file, values.data(), static_cast<unsigned>(wanted)), wanted);
  ::gzclose(file);
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
  Json j = description(weights);
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
