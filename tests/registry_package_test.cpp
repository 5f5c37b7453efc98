// Packages that are wrong in one thing each, made from the one that is shipped.

#include "registry/package.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <variant>

#include "core/error.hpp"
#include "core/json.hpp"
#include "core/sha256.hpp"
#include "shipped_package.hpp"
#include "throws.hpp"

namespace osler {
namespace {

namespace fs = std::filesystem;
using testing::expect_error;
using testing::kSha256OfAbc;
using testing::read_text;
using testing::see_the_whole_image;
using testing::shipped;
using testing::TemporaryFolder;
using testing::write_package;
using testing::write_text;

/// A package that differs from the shipped one by `change` is refused with a text that holds
/// `word`.
void expect_refused(const std::string& word, const std::function<void(Json&)>& change) {
  const TemporaryFolder folder;
  write_package(folder.path(), change);
  expect_error(ErrorCode::model, word, [&] { read_package(folder.path()); });
}

std::vector<std::byte> weights_of(const fs::path& folder) {
  const ModelPackage package = read_package(folder);
  return read_weights(package, package.weights.at(0));
}

TEST(Package, RefusesCodesThatDicomCannotHold) {
  const auto with = [](const char* member, const std::string& value) {
    return [=](Json& json) { json["gives"]["segments"][0]["type"][member] = value; };
  };
  for (const char* bad : {"", "  ", "seventeen letters", "a\\b", "tab\there", "\xC3\xA4"}) {
    expect_refused("value", with("value", bad));
    expect_refused("scheme", with("scheme", bad));
  }
  expect_refused("meaning", with("meaning", std::string(65, 'x')));
  expect_refused("meaning", with("meaning", "a\nb"));
}

TEST(ReadPackage, ReadsTheShippedPackage) {
  const ModelPackage p = read_package(shipped());
  EXPECT_EQ(p.name, "hippocampus-t1");
  EXPECT_EQ(p.folder, shipped());
  EXPECT_EQ(p.classes, 3);
  EXPECT_EQ(p.structure_code, (Code{"5366008", "SCT", "Hippocampus"}));
  EXPECT_EQ(p.wants.modalities, (std::vector<std::string>{"MR"}));
  ASSERT_NE(p.localised(), nullptr);
  const std::vector<Side>& sides = p.localised()->localise.sides;
  ASSERT_EQ(sides.size(), 2U);
  EXPECT_EQ(sides[0].name, "left");
  EXPECT_GT(sides[0].centre_mm[0], 0) << "LPS: +x is the patient's left";
  EXPECT_LT(sides[1].centre_mm[0], 0);
  EXPECT_FALSE(sides[0].mirrored);
  EXPECT_TRUE(sides[1].mirrored);
  ASSERT_EQ(p.segments.size(), 4U);
  EXPECT_EQ(p.segments[3].side, "right");
  EXPECT_EQ(p.segments[3].laterality->value, "24028007");
  EXPECT_EQ(p.segments[3].output, 2);
  ASSERT_TRUE(p.segments[3].part);
  EXPECT_EQ(p.segments[3].part->value, "255551008");
  EXPECT_FALSE(p.gates.empty());
  EXPECT_FALSE(p.licence.empty());
  EXPECT_FALSE(p.limits.empty());
}

TEST(ReadPackage, TheShippedWeightsAreThoseOfTheDescription) {
  EXPECT_GT(weights_of(shipped()).size(), 1000U);
}

TEST(ReadPackage, CompiledWeightsStateTheirInputAndProcessor) {
  const TemporaryFolder folder;
  write_package(folder.path(), [](Json& json) {
    json["weights"]["format"] = "aotinductor";
    json["weights"]["input"] = {1, 1, 48, 64, 48};
    json["weights"]["processor"] = {"avx2", "fma"};
  });
  const WeightsFormat format = read_package(folder.path()).weights.at(0).format;
  EXPECT_EQ(format.name, "aotinductor");
  EXPECT_EQ(format.input, (std::vector<std::int64_t>{1, 1, 48, 64, 48}));
  EXPECT_EQ(format.processor, (std::vector<std::string>{"avx2", "fma"}));
  const auto refused = [](const std::string& word, const std::function<void(Json&)>& change) {
    expect_refused(word, [&](Json& json) {
      json["weights"]["format"] = "aotinductor";
      json["weights"]["input"] = {1, 1, 48, 64, 48};
      json["weights"]["processor"] = {"avx2"};
      change(json["weights"]);
    });
  };
  refused("weights/input", [](Json& weights) { weights.erase("input"); });
  refused("weights/input", [](Json& weights) { weights["input"] = {48, 64, 48}; });
  refused("weights/input", [](Json& weights) { weights["input"][2] = 0; });
  refused("weights/processor", [](Json& weights) { weights.erase("processor"); });
  refused("weights/colour", [](Json& weights) { weights["colour"] = 1; });
  refused("onnx", [](Json& weights) { weights["format"] = "onnx"; });
}

TEST(ReadPackage, DigestCoversDescriptionAndWeights) {
  const TemporaryFolder a, b, c;
  write_package(a.path(), [](Json&) {});
  write_package(b.path(), [](Json& j) { j["version"] = "9.9.9"; });
  write_package(c.path(), [](Json& j) { j["weights"]["sha256"] = kSha256OfAbc; });
  const ModelPackage first = read_package(a.path());
  EXPECT_EQ(first.description_sha256, sha256_hex_of_file(a.path() / "model.json"));
  EXPECT_NE(first.digest, read_package(b.path()).digest);
  EXPECT_NE(first.digest, read_package(c.path()).digest);
  EXPECT_EQ(first.digest, read_package(a.path()).digest);
}

TEST(ReadPackage, NamesAMissingMemberByItsPath) {
  expect_refused("/title is missing", [](Json& j) { j.erase("title"); });
  expect_refused("/weights/sha256 is missing", [](Json& j) { j["weights"].erase("sha256"); });
  expect_refused("/wants/max_spacing_mm is missing",
                 [](Json& j) { j["wants"].erase("max_spacing_mm"); });
  expect_refused("/steps/0/sides/1/laterality/scheme is missing",
                 [](Json& j) { j["steps"][0]["sides"][1]["laterality"].erase("scheme"); });
  expect_refused("/gives/segments/2/output is missing",
                 [](Json& j) { j["gives"]["segments"][2].erase("output"); });
  expect_refused("/gates/0/signal is missing", [](Json& j) { j["gates"][0].erase("signal"); });
}

TEST(ReadPackage, NamesAMemberOfTheWrongType) {
  expect_refused("/version has the wrong type", [](Json& j) { j["version"] = 1; });
  expect_refused("/gives/classes has the wrong type",
                 [](Json& j) { j["gives"]["classes"] = "three"; });
  expect_refused("/gives/classes has the wrong type", [](Json& j) { j["gives"]["classes"] = 3.5; });
  expect_refused("/wants/min_extent_mm has the wrong type", [](Json& j) {
    j["wants"]["min_extent_mm"] = Json::array({110, 130});
  });
  expect_refused("/steps/0/sides/0/mirrored has the wrong type",
                 [](Json& j) { j["steps"][0]["sides"][0]["mirrored"] = "no"; });
  expect_refused("/gates is not a list", [](Json& j) { j["gates"] = Json::object(); });
  expect_refused("/weights", [](Json& j) { j["weights"] = "model.ts"; });
}

TEST(ReadPackage, RefusesAStepThatItDoesNotKnowByName) {
  expect_refused("'sharpen' is not a step", [](Json& j) { j["steps"][1]["step"] = "sharpen"; });
  expect_refused("'skull-strip' is not a step", [](Json& j) {
    j["steps"].push_back({{"step", "skull-strip"}});
  });
}

TEST(ReadPackage, RefusesStepsThatAreMissingOrInAnotherOrder) {
  expect_refused("in this order", [](Json& j) { std::swap(j["steps"][1], j["steps"][2]); });
  expect_refused("in this order", [](Json& j) { j["steps"].erase(2); });
}

TEST(ReadPackage, ReadsStepsForTheWholeImage) {
  const TemporaryFolder folder;
  write_package(folder.path(), [](Json& j) {
    see_the_whole_image(j);
    j["gives"]["segments"][0]["laterality"] = {
        {"value", "7771000"}, {"scheme", "SCT"}, {"meaning", "Left"}};
  });
  const ModelPackage p = read_package(folder.path());
  ASSERT_NE(p.windowed(), nullptr);
  EXPECT_EQ(p.localised(), nullptr);
  const WindowedSegmentation& s = *p.windowed();
  EXPECT_EQ(s.image.orient.axes, "RAS");
  ASSERT_EQ(s.image.steps.size(), 2U);
  const auto& resample = std::get<ResampleStep>(s.image.steps[0]);
  EXPECT_EQ(resample.spacing_mm, (Vec3{1.5, 1.5, 1.5}));
  EXPECT_EQ(resample.interpolation, StepInterpolation::cubic);
  EXPECT_EQ(resample.alignment, ResampleStep::Alignment::first_voxel);
  const auto& normalise = std::get<NormaliseStep>(s.image.steps[1]);
  EXPECT_EQ(normalise.low, -1000);
  EXPECT_EQ(normalise.high, 400);
  EXPECT_EQ(normalise.statistics, NormaliseStep::Statistics::nonzero);
  EXPECT_EQ(s.window.rule, WindowStep::Rule::monai);
  EXPECT_EQ(s.window.patch, (Size3{96, 80, 64}));
  EXPECT_EQ(s.window.step, (Vec3{.5, .75, 1}));
  EXPECT_FALSE(s.window.gaussian);
  EXPECT_EQ(s.window.mirrored, (std::array<bool, 3>{true, false, false}));
  EXPECT_EQ(s.window.beyond, PadWith::mirrored);
  EXPECT_EQ(s.window.value, -1);
  EXPECT_TRUE(s.labels.regions);
  EXPECT_EQ(s.labels.threshold, .5);
  ASSERT_TRUE(p.segments[0].laterality);
  EXPECT_EQ(p.segments[0].laterality->value, "7771000");
  EXPECT_FALSE(p.segments[1].laterality);
}

TEST(ReadPackage, RefusesStepsForTheWholeImageThatAreWrongInOneThing) {
  const auto refused = [](const std::string& word, const std::function<void(Json&)>& change) {
    expect_refused(word, [&](Json& j) {
      see_the_whole_image(j);
      change(j["steps"]);
    });
  };
  refused("'sinc' is none of: cubic, linear, nearest",
          [](Json& s) { s[1]["interpolation"] = "sinc"; });
  refused("/steps/0/axes are neither three directions", [](Json& s) { s[0]["axes"] = "RLS"; });
  refused("/steps/0/axes are neither three directions", [](Json& s) { s[0]["axes"] = "iij"; });
  refused("/steps/1/antialias is not a member that this program knows",
          [](Json& s) { s[1]["antialias"] = true; });
  refused("/steps/2/clip is not a range", [](Json& s) { s[2]["clip"] = {5, 5}; });
  refused("/steps/2/shift is missing", [](Json& s) { s[2].erase("statistics"); });
  refused("name a channel out of range", [](Json& s) { s[2]["channel"] = 1; });
  refused("/steps/3/patch is out of range", [](Json& s) { s[3]["patch"] = {0, 8, 8}; });
  refused("/steps/3/patch of 2 dimensions", [](Json& s) { s[3]["dimensions"] = 2; });
  refused("/steps/3/patch_step is not", [](Json& s) { s[3]["patch_step"] = {0, .5, .5}; });
  refused("'torch' is none of: monai, nnunet", [](Json& s) { s[3]["rule"] = "torch"; });
  refused("/steps/4/threshold is missing", [](Json& s) { s[4].erase("threshold"); });
  refused("order outputs out of range", [](Json& s) { s[4]["order"] = {0, 3}; });
  refused("end before sliding-window", [](Json& s) { s.erase(4); });
  refused("out of order", [](Json& s) { std::swap(s[3], s[4]); });
  refused("orient is not the first step", [](Json& s) { std::swap(s[0], s[1]); });
  refused("'deblur' is not a step", [](Json& s) { s.push_back({{"step", "deblur"}}); });
  refused("a stage 'organ' that there is not", [](Json& s) {
    s.insert(s.begin() + 1, Json{{"step", "crop"}, {"to", "labels"}, {"of", "organ"}});
  });
}

TEST(ReadPackage, RefusesWhatItCannotLoad) {
  expect_refused("/format is not osler-model/1", [](Json& j) { j["format"] = "osler-model/2"; });
  expect_refused("torchscript", [](Json& j) { j["weights"]["format"] = "onnx"; });
}

TEST(ReadPackage, RefusesWeightsOutsideThePackage) {
  for (const char* file : {"../model.ts", "/etc/passwd", "sub/model.ts", "./model.ts", "..", ""}) {
    expect_refused("/weights/file is not a plain file name",
                   [&](Json& j) { j["weights"]["file"] = file; });
  }
}

TEST(ReadPackage, RefusesATemplateOutsideItsFolder) {
  for (const char* file : {"../colin27.mha", "/etc/passwd"}) {
    expect_refused("/steps/0/template/file is not a plain file name",
                   [&](Json& j) { j["steps"][0]["template"]["file"] = file; });
  }
}

TEST(ReadPackage, RefusesSegmentsThatNothingGives) {
  expect_refused("'middle'", [](Json& j) { j["gives"]["segments"][0]["side"] = "middle"; });
  expect_refused("out of range", [](Json& j) { j["gives"]["segments"][0]["output"] = 3; });
  expect_refused("out of range", [](Json& j) { j["gives"]["segments"][0]["output"] = 0; });
}

TEST(ReadPackage, RefusesWhatIsNotJson) {
  const TemporaryFolder folder;
  for (const char* text : {"", "{", "not json", "{\"format\": \"osler-model/1\",}"}) {
    write_text(folder.path() / "model.json", text);
    expect_error(ErrorCode::model, "not valid JSON", [&] { read_package(folder.path()); });
  }
  write_text(folder.path() / "model.json", "[1, 2]");
  expect_error(ErrorCode::model, "/format is missing", [&] { read_package(folder.path()); });
}

TEST(ReadPackage, RefusesAHostileDepth) {
  const TemporaryFolder folder;
  write_text(folder.path() / "model.json", std::string(2'000'000, '['));
  expect_error(ErrorCode::model, "nested too deep", [&] { read_package(folder.path()); });
}

TEST(ReadPackage, SaysThatAFolderIsNoPackage) {
  const TemporaryFolder folder;
  expect_error(ErrorCode::model, "no model.json in " + folder.path().string(),
               [&] { read_package(folder.path()); });
}

TEST(ReadWeights, GivesTheBytesWhoseDigestIsStated) {
  const TemporaryFolder folder;
  write_package(folder.path(), [](Json& j) { j["weights"]["sha256"] = kSha256OfAbc; });
  write_text(folder.path() / "model.ts", "abc");
  EXPECT_EQ(weights_of(folder.path()).size(), 3U);
}

TEST(ReadWeights, RefusesWeightsWithAnotherDigest) {
  const TemporaryFolder folder;
  write_package(folder.path(), [](Json& j) { j["weights"]["sha256"] = kSha256OfAbc; });
  write_text(folder.path() / "model.ts", "abd");
  expect_error(ErrorCode::model, kSha256OfAbc, [&] { weights_of(folder.path()); });
}

TEST(ReadWeights, NamesWeightsThatAreMissing) {
  const TemporaryFolder folder;
  write_package(folder.path(), [](Json&) {});
  expect_error(ErrorCode::model, "model.ts", [&] { weights_of(folder.path()); });
}

TEST(FindPackage, TakesANameOrAFolder) {
  const TemporaryFolder place;
  write_package(place.path() / "second", [](Json& j) { j["name"] = "second"; });
  EXPECT_EQ(find_package("second", {"/nowhere", place.path()}).name, "second");
  EXPECT_EQ(find_package((place.path() / "second").string(), {}).name, "second");
}

TEST(FindPackage, AnUnknownNameIsToldWhichThereAre) {
  const TemporaryFolder place;
  write_package(place.path() / "b-model", [](Json&) {});
  write_package(place.path() / "a-model", [](Json&) {});
  fs::create_directory(place.path() / "no-package");
  expect_error(ErrorCode::model, "no model 'c-model'; expected: one of: a-model, b-model;",
               [&] { find_package("c-model", {place.path()}); });
  expect_error(ErrorCode::model, "no model 'c-model'",
               [] { find_package("c-model", {"/nowhere"}); });
}

TEST(ListPackages, ListsDamagedOnesWithTheirError) {
  const TemporaryFolder place;
  write_package(place.path() / "b-good", [](Json&) {});
  write_package(place.path() / "a-bad", [](Json& j) { j.erase("name"); });
  const auto found = list_packages({place.path(), "/nowhere"});
  ASSERT_EQ(found.size(), 2U);
  ASSERT_TRUE(std::holds_alternative<std::string>(found[0]));
  EXPECT_NE(std::get<std::string>(found[0]).find("a-bad: model.json: /name is missing"),
            std::string::npos)
      << std::get<std::string>(found[0]);
  EXPECT_TRUE(std::holds_alternative<ModelPackage>(found[1]));
}

}  // namespace
}  // namespace osler
