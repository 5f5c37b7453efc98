// Packages of packages: what is read, and what is refused by name.

#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "registry/package.hpp"
#include "shipped_package.hpp"
#include "throws.hpp"

namespace osler {
namespace {

using testing::expect_error;
using testing::kSha256OfAbc;
using testing::see_the_whole_image;
using testing::TemporaryFolder;
using testing::write_package;

/// An ensemble of two packages that see the whole image, each with `change` done to it.
struct EnsemblePackage {
  TemporaryFolder folder;

  explicit EnsemblePackage(
      const std::function<void(Json&)>& change = [](Json&) {},
      const std::function<void(Json&)>& change_second = [](Json&) {}) {
    write_package(folder.path() / "first", see_the_whole_image);
    write_package(folder.path() / "second", [&](Json& j) {
      see_the_whole_image(j);
      change_second(j);
    });
    write_package(folder.path(), [&](Json& j) {
      see_the_whole_image(j);
      j.erase("weights");
      j["stages"] = {{{"name", "a"}, {"package", "first"}}, {{"name", "b"}, {"package", "second"}}};
      j["steps"] = {{{"step", "ensemble"}, {"of", {"b", "a"}}},
                    {{"step", "labels"}, {"decision", "regions"}, {"threshold", .5}},
                    {{"step", "keep-largest"}, {"values", {1}}}};
      change(j);
    });
  }
};

TEST(ReadEnsemble, GivesMembersInTheOrderOfTheStep) {
  const EnsemblePackage made;
  const ModelPackage p = read_package(made.folder.path());
  ASSERT_NE(p.ensemble(), nullptr);
  EXPECT_EQ(p.windowed(), nullptr);
  EXPECT_EQ(p.ensemble()->of, (std::vector<std::string>{"b", "a"})) << "in the order of the step";
  EXPECT_TRUE(p.weights.empty());
  EXPECT_TRUE(p.labels()->regions);
  EXPECT_EQ(p.labels()->threshold, .5);
  ASSERT_EQ(p.labels()->filters.size(), 1U);
  EXPECT_EQ(p.labels()->filters[0].values, (std::vector<int>{1}));
  // The digest covers what the members are.
  const EnsemblePackage other([](Json&) {}, [](Json& j) { j["weights"]["sha256"] = kSha256OfAbc; });
  EXPECT_NE(p.digest, read_package(other.folder.path()).digest);
}

TEST(ReadEnsemble, RefusesWhatIsWrongInOneThing) {
  const auto refused = [](
                           const std::string& word, const std::function<void(Json&)>& change,
                           const std::function<void(Json&)>& change_second = [](Json&) {}) {
    const EnsemblePackage made(change, change_second);
    expect_error(ErrorCode::model, word, [&] { read_package(made.folder.path()); });
  };
  const auto nothing = [](Json&) {};
  refused("/weights are of a network", [](Json& j) { j["weights"] = Json::array(); });
  refused("/steps/0/of does not name at least two stages",
          [](Json& j) { j["steps"][0]["of"] = {"a"}; });
  refused("each once", [](Json& j) { j["steps"][0]["of"] = {"a", "b", "a"}; });
  refused("names 'c', which is not one stage", [](Json& j) {
    j["steps"][0]["of"] = {"a", "b", "c"};
  });
  refused("does not name stage 'c'", [](Json& j) {
    j["stages"].push_back({{"name", "c"}, {"package", "first"}});
  });
  refused("names 'a', which is not one stage", [](Json& j) {
    j["stages"].push_back({{"name", "a"}, {"package", "second"}});
  });
  refused("/steps/0/weights is not a member", [](Json& j) { j["steps"][0]["weights"] = {1, 2}; });
  for (const char* key : {"activation", "decided_on", "interpolation", "interpolate_numbers"}) {
    refused("/steps/1/" + std::string(key) + " is of a network's scores",
            [&](Json& j) { j["steps"][1][key] = "none"; });
  }
  refused("/steps/1/threshold is missing", [](Json& j) { j["steps"][1].erase("threshold"); });
  refused("/steps/1/threshold is of probabilities",
          [](Json& j) { j["steps"][1]["threshold"] = 0; });
  refused("/steps/1/threshold is of probabilities",
          [](Json& j) { j["steps"][1]["threshold"] = 1; });
  refused("order outputs out of range", [](Json& j) { j["steps"][1]["order"] = {0, 3}; });
  refused("/steps/2/on is the network's grid", [](Json& j) { j["steps"][2]["on"] = "network"; });
  refused("/steps/1/step is 'keep-largest'", [](Json& j) { j["steps"].erase(1); });
  refused("/steps/3/step is 'orient'", [](Json& j) {
    j["steps"].push_back({{"step", "orient"}, {"axes", "RAS"}});
  });
  refused("/steps end before labels", [](Json& j) { j["steps"] = {j["steps"][0]}; });
  refused("names 'b', which gives 4 classes, not 3", nothing,
          [](Json& j) { j["gives"]["classes"] = 4; });
  refused("names 'b', which gives no regions", nothing, [](Json& j) {
    j["steps"].back() = {{"step", "labels"}, {"decision", "highest"}};
  });
  refused("names 'b', which takes 2 channels, not 1", nothing, [](Json& j) {
    j["channels"] = {{{"name", "T1"}}, {{"name", "T2"}}};
  });
  refused("names 'b', which is no segmentation of the whole image", nothing,
          [](Json& j) { j = Json::parse(testing::read_text(testing::shipped() / "model.json")); });
}

}  // namespace
}  // namespace osler
