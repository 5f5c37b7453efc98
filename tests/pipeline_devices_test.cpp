// Whole runs, from DICOM files to results, on every device: balls of known size in several studies.

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <string>
#include <vector>

#include "backends.hpp"
#include "phantom_dicom.hpp"
#include "pipeline/run.hpp"
#include "windowed_package.hpp"

namespace osler {
namespace {

namespace fs = std::filesystem;
using testing::TemporaryFolder;

constexpr Vec3 kCentreMm{3.5, -4.25, 10};
constexpr double kRampMm = 5;
constexpr char kRoot[] = "1.2.826.0.1.3680043.10.999.";

/// 500 at the surface, 100 more for each millimetre inwards, held to 0 ... 1000.
double ball_hu(double radius_mm, const Vec3& mm) {
  return std::clamp(500 + 100 * (radius_mm - norm(mm - kCentreMm)), 0.0, 1000.0);
}

double ball_mm3(double r) {
  return 4.0 / 3 * std::numbers::pi * std::pow(r, 3);
}

/// Of what is brighter than 500: the integral of ball_hu over shells.
double ball_mean(double r) {
  const double a = r - kRampMm;
  const double core = 1000 * std::pow(a, 3) / 3;
  const double ramp = (500 + 100 * r) * (std::pow(r, 3) - std::pow(a, 3)) / 3 -
                      100 * (std::pow(r, 4) - std::pow(a, 4)) / 4;
  return (core + ramp) / (std::pow(r, 3) / 3);
}

/// A study of one CT series that holds a ball. @param column  {1, 0, 0} or {-1, 0, 0} of its rows
void write_study(const fs::path& folder, int number, double radius_mm, double direction) {
  testing::PhantomSeries series;
  series.modality = "CT";
  series.columns = series.rows = 45;
  series.spacing_mm = {1.2, 1.2};
  series.row = {direction, 0, 0};
  series.positions_mm = testing::stack_of(
      30, {kCentreMm[0] - direction * 26.4, kCentreMm[1] - 26.4, kCentreMm[2] - 29}, {0, 0, 2});
  series.slope = 1;
  series.intercept = -1024;
  series.stored = [=](const Vec3& mm) { return std::lround(ball_hu(radius_mm, mm) + 1024); };
  series.study_uid = kRoot + std::to_string(number);
  series.series_uid = series.study_uid + ".1";
  fs::create_directories(folder);
  testing::write_phantom(series, folder);
}

class RunOn : public testing::OnBackend {
 protected:
  RunReport run_all(const std::function<void(Json&)>& change, bool probabilities = false) {
    Json description = testing::windowed_description(weights_);
    description["steps"][0]["spacing_mm"] = {1.3, 1.3, 1.3};
    change(description);
    testing::write_windowed_package(folder_.path() / "threshold", description, weights_);
    RunOptions options;
    options.inputs = {folder_.path() / "in"};
    options.out = folder_.path() / "out";
    options.models = {(folder_.path() / "threshold").string()};
    options.device = device.backend == Backend::cuda ? "cuda" : "cpu";
    options.probabilities = probabilities;
    return run(options);
  }
  fs::path study(int number) const { return folder_.path() / "in" / std::to_string(number); }

  static void expect_ball(const StudyOutcome& outcome, double radius_mm) {
    EXPECT_EQ(outcome.failure, "");
    EXPECT_EQ(outcome.findings.status, Status::complete);
    ASSERT_EQ(outcome.findings.findings.size(), 1U);
    const Finding& found = outcome.findings.findings.front();
    // Linear interpolation between slices of 2 mm, and again from 1.3 mm, cuts a convex surface.
    EXPECT_NEAR(found.volume_mm3, ball_mm3(radius_mm), .03 * ball_mm3(radius_mm));
    EXPECT_LT(norm(found.centroid_mm - kCentreMm), .1);
    ASSERT_TRUE(found.intensities.has_value());
    EXPECT_EQ(found.intensities->voxels, found.voxels);
    EXPECT_NEAR(found.intensities->mean, ball_mean(radius_mm), .01 * ball_mean(radius_mm));
    EXPECT_GE(found.intensities->max, 990);
    EXPECT_LE(found.intensities->max, 1000);
    EXPECT_GE(found.intensities->min, 400);
    EXPECT_LE(found.intensities->min, 550);
  }

 private:
  TemporaryFolder folder_;
  std::string weights_ = testing::threshold_network();
};

/// While one is computed on a GPU the next is read: each must keep what is its own.
TEST_P(RunOn, SeveralStudiesGiveEachItsOwn) {
  const std::vector<double> radii{18, 11, 15, 13};
  for (std::size_t i = 0; i < radii.size(); ++i) {
    write_study(study(static_cast<int>(i) + 1), static_cast<int>(i) + 1, radii[i],
                i % 2 == 0 ? 1 : -1);
  }
  const RunReport report = run_all([](Json&) {});
  ASSERT_EQ(report.outcomes.size(), radii.size());
  for (std::size_t i = 0; i < radii.size(); ++i) {
    EXPECT_EQ(report.outcomes[i].study_uid, kRoot + std::to_string(i + 1));
    expect_ball(report.outcomes[i], radii[i]);
  }
  EXPECT_EQ(report.exit_code, 0);
}

/// The image's axes turned for the network, and its labels turned back and filtered.
TEST_P(RunOn, TurnedImagesAndFilteredLabels) {
  write_study(study(1), 1, 16, -1);
  const RunReport report = run_all([](Json& j) {
    j["steps"].insert(j["steps"].begin(), Json{{"step", "orient"}, {"axes", "SAR"}});
    for (const char* kind : {"keep-largest", "fill-holes"}) {
      j["steps"].push_back({{"step", kind}, {"connectivity", 6}});
    }
  });
  ASSERT_EQ(report.outcomes.size(), 1U);
  expect_ball(report.outcomes.front(), 16);
}

/// Statistics of the image, which are taken where it is.
TEST_P(RunOn, NormalisedByItsOwnStatistics) {
  write_study(study(1), 1, 17, 1);
  const RunReport report = run_all([](Json& j) {
    // 500 HU is (500 - mean) / sd of this image: the network's threshold of 1/2 is another one.
    j["steps"].insert(j["steps"].begin(), Json{{"step", "normalise"}, {"statistics", "all"}});
    j["steps"].erase(2);
  });
  ASSERT_EQ(report.outcomes.size(), 1U);
  EXPECT_EQ(report.outcomes.front().failure, "");
  ASSERT_EQ(report.outcomes.front().findings.findings.size(), 1U);
  // Mean and SD of the voxels, in closed form but for the edges; the level is mean + sd / 2.
  double sum = 0, squares = 0, n = 0;
  for (int k = 0; k < 30; ++k) {
    for (int r = 0; r < 45; ++r) {
      for (int c = 0; c < 45; ++c, ++n) {
        const double hu = std::lround(
            ball_hu(17, kCentreMm + Vec3{-26.4 + 1.2 * c, -26.4 + 1.2 * r, -29.0 + 2 * k}));
        sum += hu;
        squares += hu * hu;
      }
    }
  }
  const double mean = sum / n, level = mean + std::sqrt(squares / n - mean * mean) / 2;
  const double radius = 17 + (500 - level) / 100;
  EXPECT_NEAR(report.outcomes.front().findings.findings.front().volume_mm3, ball_mm3(radius),
              .015 * ball_mm3(radius));
}

TEST_P(RunOn, ProbabilitiesAreKept) {
  write_study(study(1), 1, 14, 1);
  const RunReport report = run_all([](Json&) {}, true);
  ASSERT_EQ(report.outcomes.size(), 1U);
  expect_ball(report.outcomes.front(), 14);
  EXPECT_TRUE(fs::exists(report.outcomes.front().folder / "probabilities.nii.gz"));
}

/// One that cannot be read is lost, those before and behind it are not.
TEST_P(RunOn, AStudyThatCannotBeDecodedIsLostAlone) {
  for (const int number : {1, 2, 3}) write_study(study(number), number, 12, 1);
  for (const auto& file : fs::directory_iterator(study(2))) {
    // Half of the pixels are gone.
    fs::resize_file(file.path(), fs::file_size(file.path()) - 2000);
  }
  const RunReport report = run_all([](Json&) {});
  ASSERT_EQ(report.outcomes.size(), 3U);
  expect_ball(report.outcomes[0], 12);
  expect_ball(report.outcomes[2], 12);
  EXPECT_TRUE(!report.outcomes[1].failure.empty() ||
              report.outcomes[1].findings.status != Status::complete);
}

INSTANTIATE_TEST_SUITE_P(Backends, RunOn, testing::both_backends(), testing::backend_name);

}  // namespace
}  // namespace osler
