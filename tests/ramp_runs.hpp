#pragma once
// Packages run on a small image that is a ramp along its columns.

#include <gtest/gtest.h>
#include <zlib.h>

#include <array>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "pipeline/run.hpp"
#include "volume/exchange.hpp"
#include "windowed_package.hpp"

namespace osler::testing {

namespace fs = std::filesystem;

inline constexpr Size3 kRampSize{12, 10, 8};

/// @param of_column  value of a column's voxels
inline fs::path write_image(const fs::path& file,
                            const std::function<float(std::int64_t)>& of_column) {
  Volume volume;
  volume.grid = {kRampSize, Affine::from_columns({2, 0, 0}, {0, 2, 0}, {0, 0, 3}, {0, 0, 0}), {}};
  volume.type = ScalarType::f32;
  volume.slices.resize(static_cast<std::size_t>(kRampSize[2]));
  volume.voxels = std::make_unique<std::byte[]>(volume.bytes());
  auto* values = reinterpret_cast<float*>(volume.voxels.get());
  for (std::int64_t i = 0; i < voxel_count(kRampSize); ++i) values[i] = of_column(i % kRampSize[0]);
  write_nifti(volume, file);
  return file;
}

inline Json ramp_description(const std::string& weights) {
  Json j = windowed_description(weights);
  j["steps"][1] = {{"step", "normalise"}, {"shift", 0}, {"scale", 1000}};
  return j;
}

struct Outcome {
  fs::path folder;
  Findings findings;
  std::vector<std::uint8_t> labels;  ///< of the first row
};

inline Outcome run_on(const fs::path& package, const RunOptions& wanted, const fs::path& out) {
  RunOptions options = wanted;
  options.out = out;
  options.models = {package.string()};
  options.device = "cpu";
  options.modality = "CT";
  const RunReport report = run(options);
  EXPECT_EQ(report.outcomes.size(), 1U);
  EXPECT_EQ(report.outcomes.front().failure, "");
  Outcome outcome{report.outcomes.front().folder, report.outcomes.front().findings, {}};
  if (!fs::exists(outcome.folder / "labels.nii.gz")) {
    ADD_FAILURE() << (report.not_used.empty() ? "" : report.not_used[0].reasons[0].detail);
    return outcome;
  }
  const Volume read = read_exchange(outcome.folder / "labels.nii.gz");
  const auto* labels = reinterpret_cast<const std::uint8_t*>(read.voxels.get());
  outcome.labels.assign(labels, labels + kRampSize[0]);
  return outcome;
}

inline RunOptions with_ramp(const TemporaryFolder& folder) {
  RunOptions options;
  options.inputs = {write_image(folder.path() / "image.nii.gz", [](std::int64_t column) {
    return static_cast<float>(100 * column);
  })};
  return options;
}

/// 1 x classes x z x y x x of probabilities.nii.gz: class after class.
inline std::vector<float> probabilities_of(const Outcome& outcome, int classes) {
  gzFile file = ::gzopen((outcome.folder / "probabilities.nii.gz").c_str(), "rb");
  if (file == nullptr) {
    ADD_FAILURE() << "no probabilities.nii.gz";
    return {};
  }
  std::vector<char> header(352);
  EXPECT_EQ(::gzread(file, header.data(), 352), 352);
  std::array<std::int16_t, 8> dim{};
  std::memcpy(dim.data(), header.data() + 40, sizeof dim);
  const auto last = static_cast<std::int16_t>(classes);
  EXPECT_EQ(dim, (std::array<std::int16_t, 8>{4, 12, 10, 8, last, 1, 1, 1}));
  std::vector<float> values(static_cast<std::size_t>(classes * voxel_count(kRampSize)));
  const auto wanted = static_cast<int>(values.size() * sizeof(float));
  EXPECT_EQ(::gzread(file, values.data(), static_cast<unsigned>(wanted)), wanted);
  ::gzclose(file);
  return values;
}

/// Weights of a network whose forward(self, x) returns this.
inline std::string network(const std::string& returned) {
  const auto bytes = torchscript("    return " + returned + "\n");
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace osler::testing
