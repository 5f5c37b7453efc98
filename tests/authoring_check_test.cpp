// Packages that are wrong in several things at once: all of them are named.

#include "authoring/check.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "classifier_package.hpp"
#include "ensemble_package.hpp"
#include "throws.hpp"
#include "windowed_package.hpp"

namespace osler {
namespace {

namespace fs = std::filesystem;
using testing::TemporaryFolder;
using testing::threshold_network;
using testing::windowed_description;
using testing::write_windowed_package;

std::string network(const std::string& body) {
  const std::vector<std::byte> bytes = testing::torchscript(body);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

PackageReport check(const std::function<void(Json&)>& change,
                    const std::string& weights = threshold_network()) {
  const TemporaryFolder folder;
  Json json = windowed_description(weights);
  change(json);
  write_windowed_package(folder.path(), json, weights);
  return check_package(folder.path());
}

/// "path what", one per line.
std::string words(const PackageReport& report) {
  std::string text;
  for (const Problem& p : report.problems) text += p.where + " " + p.what + "\n";
  return text;
}

void expect_problem(const PackageReport& report, const std::string& problem) {
  EXPECT_NE(("\n" + words(report)).find("\n" + problem), std::string::npos)
      << "'" << problem << "' is not in:\n"
      << words(report);
}

TEST(CheckPackage, FindsNothingWrongWithAGoodOne) {
  const PackageReport report = check([](Json&) {});
  EXPECT_TRUE(report.ok());
  EXPECT_EQ(words(report), "");
  EXPECT_EQ(report.name, "threshold");
  EXPECT_EQ(report.digest.size(), 64U);
}

TEST(CheckPackage, NamesAllThatIsWrongNotTheFirst) {
  const PackageReport report = check([](Json& json) {
    json["colour"] = 1;
    json.erase("licence");
    json["wants"]["max_spacing_mm"] = "fine";
    json["gates"] = {{{"name", "n"}, {"signal", "moon"}, {"meaning", "m"}, {"at_least", 1}}};
    Json segment = json["gives"]["segments"][0];
    segment.erase("type");
    segment["output"] = 2;
    segment["rgb"] = {1, 2, 300};
    json["gives"]["segments"].push_back(segment);
  });
  EXPECT_FALSE(report.ok());
  expect_problem(report, "/colour is not a member");
  expect_problem(report, "/licence is missing");
  expect_problem(report, "/wants/max_spacing_mm is \"fine\", not a number");
  expect_problem(report, "/gates/0/signal is 'moon', none of: labelled_ml, segments_found");
  expect_problem(report, "/gives/segments/1/type is missing");
  expect_problem(report, "/gives/segments/1/label is 'Bright', as /gives/segments/0/label");
  expect_problem(report, "/gives/segments/1/output is 2, but segments are outputs 1 to 1");
  expect_problem(report, "/gives/segments/1/rgb/2 is 300, not at most 255");
  EXPECT_EQ(report.problems.size(), 8U) << words(report);
}

PackageReport check_ensemble(const std::function<void(Json&)>& change) {
  const TemporaryFolder folder;
  const std::string weights = threshold_network();
  Json json = testing::ensemble_description(2);
  change(json);
  const Json member = windowed_description(weights);
  testing::write_ensemble(folder.path(), json, {{member, weights}, {member, weights}});
  return check_package(folder.path());
}

TEST(CheckPackage, NamesAllThatIsWrongWithAnEnsemble) {
  EXPECT_EQ(words(check_ensemble([](Json&) {})), "");
  const PackageReport report = check_ensemble([](Json& json) {
    json["weights"] = Json::array();
    json["steps"][0]["of"] = {"a", "c"};
    json["steps"][1] = {{"step", "labels"}, {"decision", "regions"}, {"threshold", 1}};
    json["steps"][1]["decided_on"] = "network";
    json["steps"].push_back({{"step", "keep-largest"}, {"on", "network"}});
  });
  expect_problem(report, "/ has what it must not: weights");
  expect_problem(report, "/steps/0/of names 'c', which is no name in /stages");
  expect_problem(report, "/steps/0/of does not name 'b', which is one of /stages");
  expect_problem(report, "/steps/1/threshold is 1, not below 1");
  expect_problem(report, "/steps/1/decided_on is not a member");
  expect_problem(report, "/steps/2/on is \"network\", not \"source\"");
  EXPECT_EQ(report.problems.size(), 7U) << words(report);
}

TEST(CheckPackage, SaysThatMembersDoNotGoTogether) {
  const PackageReport report = check_ensemble([](Json& json) { json["gives"]["classes"] = 3; });
  expect_problem(report, "model.json model.json: /steps/0/of names 'a', which gives 2 classes");
  EXPECT_EQ(report.problems.size(), 1U) << words(report);
}

TEST(CheckPackage, SaysWhereTextIsNoJson) {
  const TemporaryFolder folder;
  testing::write_text(folder.path() / "model.json", "{\n  \"name\": \"a\",\n  oops\n}\n");
  expect_problem(check_package(folder.path()), "model.json is no JSON at line 3, column 3");
}

TEST(CheckPackage, WithoutADescriptionIsAnError) {
  const TemporaryFolder folder;
  testing::expect_error(ErrorCode::model, "no model.json", [&] { check_package(folder.path()); });
}

TEST(CheckPackage, PrintsTheDigestThatWouldBeRightAndLoadsNothing) {
  const std::string weights = "no network at all";
  const PackageReport report =
      check([](Json& json) { json["weights"]["sha256"] = std::string(64, '0'); }, weights);
  expect_problem(report, "/weights/sha256 is not that of model.ts, which is " +
                             sha256_hex(std::as_bytes(std::span(weights))));
  EXPECT_EQ(report.problems.size(), 1U) << words(report);
}

TEST(CheckPackage, NamesWeightsThatAreMissingOrDoNotLoad) {
  expect_problem(check([](Json& json) { json["weights"]["file"] = "other.ts"; }),
                 "/weights/file is 'other.ts', which is not in the package");
  expect_problem(check([](Json&) {}, "no network at all"), "/weights weights cannot be loaded");
}

TEST(CheckPackage, LooksAtEachOfSeveralWeights) {
  const PackageReport report = check([](Json& json) {
    Json bad = json["weights"];
    bad["sha256"] = std::string(64, '0');
    Json missing = json["weights"];
    missing["file"] = "fold_2.ts";
    json["weights"] = {json["weights"], bad, missing};
  });
  expect_problem(report, "/weights/1/sha256 is not that of model.ts");
  expect_problem(report, "/weights/2/file is 'fold_2.ts'");
}

TEST(CheckPackage, RunsTheNetworkOnTheDeclaredPatch) {
  expect_problem(check([](Json& json) { json["gives"]["classes"] = 3; }),
                 "/gives/classes is 3, but the network gives 2");
  expect_problem(check([](Json&) {}, network("    return torch.cat([x, x], 1)[:, :, 1:]\n")),
                 "/weights on an input of 1 x 1 x 16 x 16 x 16 gives 1 x 2 x 15 x 16 x 16");
  expect_problem(check([](Json&) {}, network("    return torch.cat([x, x / 0.0], 1)\n")),
                 "/weights on an input of 1 x 1 x 16 x 16 x 16 gives values that are no numbers");
  // Three halvings and back: 16 is taken, 18 is not.
  const std::string halves = network(
      "    y = torch.max_pool3d(x, [4, 4, 4])\n"
      "    y = torch.repeat_interleave(y, 4, 2)\n"
      "    y = torch.repeat_interleave(torch.repeat_interleave(y, 4, 3), 4, 4)\n"
      "    return torch.cat([x, x + y], 1)\n");
  EXPECT_TRUE(check([](Json&) {}, halves).ok());
  expect_problem(check(
                     [](Json& json) {
                       json["steps"][2]["patch"] = {16, 16, 18};
                     },
                     halves),
                 "/weights fails on an input of 1 x 1 x 18 x 16 x 16, which the steps state");
}

TEST(CheckPackage, SaysHowManyChannelsTheNetworkTakes) {
  const std::string two =
      network("    y = x.select(1, 1).unsqueeze(1)\n    return torch.cat([0.5 - y, y], 1)\n");
  expect_problem(check([](Json&) {}, two), "/channels are 1, but the network takes 2");
}

TEST(CheckPackage, KnowsWhatBelongsTogether) {
  const auto with = [](const std::function<void(Json&)>& change) {
    return check([&](Json& json) { change(json["steps"]); });
  };
  expect_problem(with([](Json& steps) { std::swap(steps[0], steps[2]); }),
                 "/steps/1 is an image step behind the network");
  expect_problem(with([](Json& steps) { steps.erase(3); }), "/steps have no step labels");
  expect_problem(with([](Json& steps) { steps.erase(2); }), "/steps have no network");
  expect_problem(with([](Json& steps) {
                   steps.push_back({{"step", "fly"}});
                 }),
                 "/steps/4/step is \"fly\", none of: \"orient\"");
  expect_problem(with([](Json& steps) { steps[1]["channel"] = 1; }),
                 "/steps/1/channel is 1, but there are 1 channels, from 0");
  expect_problem(with([](Json& steps) {
                   const Json crop{{"step", "crop"}, {"to", "labels"}, {"of", "low"}};
                   steps.insert(steps.begin(), crop);
                 }),
                 "/steps/0/of names 'low', which is no name in /stages");
  expect_problem(with([](Json& steps) { steps[2]["dimensions"] = 2; }),
                 "/steps/2/patch of 2 dimensions is {x, y, 1}");
  expect_problem(with([](Json& steps) {
                   steps[1] = {{"step", "normalise"}, {"statistics", "all"}, {"shift", 1}};
                 }),
                 "/steps/1 has what it must not: shift or scale beside statistics");
}

TEST(CheckPackage, ColoursThatAreTheSameAreAWarning) {
  const PackageReport report = check(
      [](Json& json) {
        Json segment = json["gives"]["segments"][0];
        segment["label"] = "Other";
        segment["output"] = 2;
        json["gives"]["segments"].push_back(segment);
        json["gives"]["classes"] = 3;
      },
      network("    return torch.cat([0.5 - x, x - 0.5, x], 1)\n"));
  EXPECT_TRUE(report.ok()) << words(report);
  expect_problem(report, "/gives/segments/1/rgb is [255,200,0], as /gives/segments/0/rgb");
}

TEST(CheckPackage, KnowsClassifiers) {
  const auto check_classifier = [](const std::function<void(Json&)>& change) {
    const TemporaryFolder folder;
    const std::string weights = testing::mean_network();
    Json json = testing::classifier_description(weights);
    change(json);
    testing::write_classifier_package(folder.path(), json, weights);
    return check_package(folder.path());
  };
  EXPECT_EQ(words(check_classifier([](Json&) {})), "");
  expect_problem(check_classifier([](Json& json) { json["gives"]["classes"] = 3; }),
                 "/gives/classes is 3, but the network gives 2");
  expect_problem(
      check_classifier([](Json& json) { std::swap(json["steps"][1], json["steps"][2]); }),
      "/steps/1 is classify, which must be the last");
  expect_problem(
      check_classifier([](Json& json) { json["gives"]["evaluations"][0]["output"] = 2; }),
      "/gives/evaluations/0/output is 2");
  expect_problem(check_classifier([](Json& json) { json["gives"].erase("question"); }),
                 "/gives/question is missing");
}

TEST(CheckPackage, LooksIntoStages) {
  const TemporaryFolder folder;
  const std::string weights = threshold_network();
  Json json = windowed_description(weights);
  json["stages"] = {{{"name", "low"}, {"package", "low"}}, {{"name", "no"}, {"package", "none"}}};
  Json stage = windowed_description(weights);
  stage.erase("title");
  write_windowed_package(folder.path() / "low", stage, weights);
  write_windowed_package(folder.path(), json, weights);
  const PackageReport report = check_package(folder.path());
  expect_problem(report, "low: /title is missing");
  expect_problem(report, "/stages/1/package is 'none': no model.json");
}

TEST(CheckPackage, CompiledWeightsMustSayWhatTheyAreFor) {
  expect_problem(check([](Json& json) { json["weights"]["format"] = "aotinductor"; }),
                 "/weights/input is missing");
  expect_problem(check([](Json& json) {
                   json["weights"]["format"] = "aotinductor";
                   json["weights"]["input"] = {1, 1, 16, 16, 16};
                   json["weights"]["processor"] = {"instructions_of_tomorrow"};
                 }),
                 "/weights the weights are compiled for a processor with instructions_of_tomorrow");
}

}  // namespace
}  // namespace osler
