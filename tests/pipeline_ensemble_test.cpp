// Ensembles of packages: means of probabilities that are worked out by hand, and what is decided
// from them. tests/models holds them against nnU-Net's own.

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "ensemble_package.hpp"
#include "phantom_dicom.hpp"
#include "ramp_runs.hpp"
#include "registry/package.hpp"

namespace osler {
namespace {

namespace fs = std::filesystem;
using testing::ensemble_description;
using testing::network;
using testing::Outcome;
using testing::ramp_description;
using testing::run_on;
using testing::TemporaryFolder;
using testing::with_ramp;
using Labels = std::vector<std::uint8_t>;

/// Of two classes whose logits are (0, slope * (x - threshold)).
std::string steep(const std::string& slope, const std::string& threshold) {
  return network("torch.cat([0 * x, " + slope + " * (x - " + threshold + ")], 1)");
}

struct Packages {
  TemporaryFolder folder;
  Json description;
  std::vector<std::pair<Json, std::string>> members;

  explicit Packages(const std::vector<std::string>& networks)
      : description(ensemble_description(networks.size())) {
    for (const std::string& each : networks) members.emplace_back(ramp_description(each), each);
  }

  /// Of the ensemble and of each member.
  void for_all(const std::function<void(Json&)>& change) {
    change(description);
    for (auto& [json, weights] : members) change(json);
  }

  fs::path write() const {
    testing::write_ensemble(folder.path() / "package", description, members);
    return folder.path() / "package";
  }

  Outcome run(bool probabilities = false) const {
    RunOptions options = with_ramp(folder);
    options.probabilities = probabilities;
    return run_on(write(), options, folder.path() / "out");
  }
};

TEST(ModelEnsemble, DecidesByTheMeanOfProbabilitiesNotOfScores) {
  // Steps at .25, .45 and .85 of a ramp 0, .1, ... 1.1: two of three are above a half from .5 on.
  // The mean of the scores would be above 0 from (20 * (.25 + .45) + 1000 * .85) / 1040 = .83 on.
  Packages packages({steep("20", ".25"), steep("20", ".45"), steep("1000", ".85")});
  const Outcome outcome = packages.run(true);
  EXPECT_EQ(outcome.labels, (Labels{0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1}));

  const std::vector<float> values = testing::probabilities_of(outcome, 2);
  ASSERT_EQ(values.size(), 1920U);
  const auto logistic = [](double score) { return 1 / (1 + std::exp(-score)); };
  for (std::size_t column = 0; column < 12; ++column) {
    const double x = .1 * static_cast<double>(column);
    const double p =
        (logistic(20 * (x - .25)) + logistic(20 * (x - .45)) + logistic(1000 * (x - .85))) / 3;
    const std::size_t at = 3 * 120 + 5 * 12 + column;
    EXPECT_NEAR(values[at], 1 - p, 1e-5) << column;
    EXPECT_NEAR(values[960 + at], p, 1e-5) << column;
  }
}

TEST(ModelEnsemble, SaysWhatItIsMadeOf) {
  const Packages packages({steep("20", ".25"), steep("20", ".45")});
  const Outcome outcome = packages.run();
  EXPECT_NE(outcome.findings.device.find("graph"), std::string::npos) << outcome.findings.device;
  const ModelPackage package = read_package(packages.folder.path() / "package");
  EXPECT_EQ(outcome.findings.model.digest, package.digest);
  using Parameters = std::vector<std::pair<std::string, std::string>>;
  EXPECT_EQ(outcome.findings.model.parameters,
            (Parameters{{"member a", read_package(package.folder / "a").digest},
                        {"member b", read_package(package.folder / "b").digest}}));
}

TEST(ModelEnsemble, TakesTheLowestClassOfEqualOnes) {
  // e^-200 is 0 in single precision: the mean of (0, 0, 1) and (0, 1, 0).
  Packages packages({network("torch.cat([0 * x, 0 * x, 0 * x + 200], 1)"),
                     network("torch.cat([0 * x, 0 * x + 200, 0 * x], 1)")});
  packages.for_all([](Json& j) {
    j["gives"]["classes"] = 3;
    Json second = j["gives"]["segments"][0];
    second["label"] = "Other";
    second["output"] = 2;
    j["gives"]["segments"].push_back(second);
  });
  EXPECT_EQ(packages.run().labels, Labels(12, 1));
}

/// Two regions; of the second member the inner one's probability is a half everywhere.
struct Regions : Packages {
  explicit Regions(const std::string& inner)
      : Packages({network("torch.cat([100 * (x - .25), " + inner + "], 1)"),
                  network("torch.cat([100 * (x - .45), 0 * x], 1)")}) {
    for_all([](Json& j) {
      Json& segments = j["gives"]["segments"];
      segments.push_back(segments[0]);
      for (int i = 0; i < 2; ++i) {
        segments[i]["label"] = i == 0 ? "Whole" : "Inner";
        segments[i]["output"] = i;
        segments[i]["value"] = i + 1;
      }
      Json& labels = j["steps"].back();
      labels["decision"] = "regions";
      labels["threshold"] = j["steps"].size() == 2 ? .5 : 0;
    });
  }
};

TEST(ModelEnsemble, DecidesRegionsAboveTheThresholdTheLastOnTop) {
  // The whole is above a half behind (.25 + .45) / 2, the inner one where the first member says so.
  Regions packages("100 * (x - .65)");
  EXPECT_EQ(packages.run().labels, (Labels{0, 0, 0, 0, 1, 1, 1, 2, 2, 2, 2, 2}));
  packages.description["steps"][1]["order"] = {1, 0};
  EXPECT_EQ(packages.run().labels, (Labels{0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1}));
  // The members' order is theirs alone: probabilities stand by channels.
  packages.members[0].first["steps"].back()["order"] = {1, 0};
  EXPECT_EQ(packages.run().labels, (Labels{0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1}));
  packages.description["steps"][1]["threshold"] = .75;  // both whole, from .5 on; inner none
  EXPECT_EQ(packages.run().labels, (Labels{0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1}));
  EXPECT_EQ(Regions("0 * x").run().labels, (Labels{0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1}))
      << "a half is not above a half";
}

TEST(ModelEnsemble, FiltersItsOwnLabelsAndNotThoseOfMembers) {
  Packages packages({steep("20", ".25"), steep("20", ".45")});
  packages.members[0].first["steps"].push_back(
      {{"step", "remove-small"}, {"min_voxels", 1'000'000}});
  packages.members[1].first["gates"] = {{{"name", "never"},
                                         {"signal", "labelled_ml"},
                                         {"meaning", "no label is so large"},
                                         {"at_least", 1e9}}};
  packages.description["gives"]["segments"][0]["value"] = 7;
  EXPECT_EQ(packages.run().labels, (Labels{0, 0, 0, 0, 7, 7, 7, 7, 7, 7, 7, 7}));
  packages.description["steps"].push_back(
      {{"step", "remove-small"}, {"min_voxels", 1'000'000}, {"values", {7}}});
  EXPECT_EQ(packages.run().labels, Labels(12, 0));
}

TEST(ModelEnsemble, MaySeeTheImageEachOnAGridOfItsOwn) {
  Packages packages({steep("20", ".25"), steep("20", ".45")});
  packages.members[0].first["steps"][0]["spacing_mm"] = {1, 4, 2};
  packages.members[1].first["steps"].insert(packages.members[1].first["steps"].begin(),
                                            Json{{"step", "orient"}, {"axes", "RAS"}});
  EXPECT_EQ(packages.run().labels, (Labels{0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1}));
}

TEST(ModelEnsemble, MayBeTheStageThatCropsAnothersImage) {
  const Packages organ({steep("20", ".45"), steep("20", ".65")});  // columns 6 to 11
  const TemporaryFolder folder;
  const fs::path package = folder.path() / "package";
  testing::write_ensemble(package / "organ", organ.description, organ.members);
  const std::string weights = testing::threshold_network();
  Json j = ramp_description(weights);
  j["stages"] = Json::array({{{"name", "organ"}, {"package", "organ"}}});
  j["steps"][0] = {{"step", "crop"}, {"to", "labels"}, {"of", "organ"}};
  j["steps"][1] = {{"step", "rescale"}, {"from", "range"}, {"to", {0, 1}}};
  testing::write_windowed_package(package, j, weights);
  // 600 ... 1100 becomes 0 ... 1: above a half from 900 on.
  EXPECT_EQ(run_on(package, with_ramp(folder), folder.path() / "out").labels,
            (Labels{0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1}));
}

TEST(ModelEnsemble, LabelsUnevenSlicesWhereTheyLie) {
  Packages packages({steep("20", ".3"), steep("20", ".5")});  // above .4 together
  packages.members[1].first["steps"][0]["spacing_mm"] = {0, 0, 3};
  testing::PhantomSeries series;
  series.modality = "CT";
  series.columns = 20;
  series.rows = 15;
  series.slope = 1;
  series.intercept = 0;
  for (const double z : {0., 2., 4., 6., 11., 16., 21.}) series.positions_mm.push_back({5, 5, z});
  series.stored = [](const Vec3& mm) { return std::lround(50 * mm[2]); };  // 400 at 8 mm
  const fs::path in = packages.folder.path() / "in";
  fs::create_directories(in);
  testing::write_phantom(series, in);
  RunOptions options;
  options.inputs = {in};
  options.out = packages.folder.path() / "out";
  options.models = {packages.write().string()};
  options.device = "cpu";
  const RunReport report = run(options);
  ASSERT_EQ(report.outcomes.size(), 1U);
  EXPECT_EQ(report.outcomes[0].failure, "");
  const Findings& f = report.outcomes[0].findings;
  EXPECT_EQ(f.status, Status::complete) << (f.refusals.empty() ? "" : f.refusals[0]);
  ASSERT_EQ(f.findings.size(), 1U);
  EXPECT_EQ(f.findings[0].voxels, 3 * 20 * 15);  // those at 11, 16 and 21 mm
  EXPECT_NEAR(f.findings[0].centroid_mm[2], 16, 1e-6);
}

}  // namespace
}  // namespace osler
