// What a description of a classifier may say, and what it is refused for.

#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "core/error.hpp"
#include "core/json.hpp"
#include "registry/classification.hpp"
#include "registry/member_reader.hpp"
#include "registry/package.hpp"
#include "registry/steps.hpp"
#include "test_data.hpp"

namespace osler {
namespace {

constexpr char kDescription[] = R"({
  "steps": [
    { "step": "orient", "axes": "ijk" },
    { "step": "resize", "size": [28, 28, 0], "interpolation": "area" },
    { "step": "rescale", "from": [0, 255], "to": [-1, 1], "channel": 0 },
    { "step": "classify", "dimensions": 2, "activation": "softmax", "multi_label": false,
      "calibration": { "temperature": 1.3, "fitted_on": "100 pictures" } }
  ],
  "gives": {
    "classes": 2,
    "question": { "value": "121071", "scheme": "DCM", "meaning": "Finding" },
    "evaluations": [
      { "label": "Pneumonia", "output": 1, "threshold": 0.4,
        "code": { "value": "233604007", "scheme": "SCT", "meaning": "Pneumonia" } },
      { "label": "Normal", "output": 0, "nothing_found": true,
        "code": { "value": "17621005", "scheme": "SCT", "meaning": "Normal" } }
    ]
  }
})";

Classification read(const std::function<void(Json&)>& edit = {}) {
  Json json = Json::parse(kDescription);
  if (edit) edit(json);
  return read_classification(MemberReader(json, ""));
}

Json& classify(Json& json) {
  return json["steps"].back();
}

/// Classes that do not exclude each other.
void make_multi_label(Json& json) {
  classify(json)["activation"] = "sigmoid";
  classify(json)["multi_label"] = true;
}

void expect_refused(const std::function<void(Json&)>& edit, const std::string& words) {
  try {
    read(edit);
    ADD_FAILURE() << "not refused: " << words;
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::model);
    EXPECT_NE(error.found().find(words), std::string::npos) << error.found();
  }
}

TEST(ReadClassification, SaysWhatTheDescriptionSays) {
  const Classification c = read();
  EXPECT_TRUE(c.planar);
  EXPECT_FALSE(c.colour);
  EXPECT_EQ(c.repeat_to, 1);
  EXPECT_EQ(c.activation, Activation::softmax);
  EXPECT_FALSE(c.multi_label);
  EXPECT_EQ(c.calibration.kind, Calibration::Kind::temperature);
  EXPECT_EQ(c.calibration.temperature, 1.3);
  EXPECT_EQ(c.calibration.fitted_on, "100 pictures");
  EXPECT_EQ(c.image.orient.axes, "ijk");
  EXPECT_EQ(c.image.steps.size(), 2U);
  EXPECT_EQ(c.question.value, "121071");
  ASSERT_EQ(c.classes.size(), 2U);
  EXPECT_EQ(c.classes[0].label, "Pneumonia");
  EXPECT_EQ(c.classes[0].output, 1);
  EXPECT_EQ(c.classes[0].threshold, 0.4);
  EXPECT_EQ(c.classes[0].code.value, "233604007");
  EXPECT_TRUE(c.classes[1].nothing_found);
  EXPECT_FALSE(c.classes[1].threshold);
}

TEST(ReadClassification, PlattHasAPairForEachClass) {
  const auto pairs = [](Json& json) {
    make_multi_label(json);
    classify(json)["calibration"] = {{"platt", {{1.5, -0.25}, {2.0, 0.5}}}, {"fitted_on", "x"}};
  };
  const Classification c = read(pairs);
  EXPECT_EQ(c.calibration.kind, Calibration::Kind::platt);
  EXPECT_EQ(c.classes[0].platt_a, 1.5);
  EXPECT_EQ(c.classes[1].platt_b, 0.5);
  expect_refused(
      [&](Json& json) {
        pairs(json);
        classify(json)["calibration"]["platt"].erase(0);
      },
      "pairs of calibration/platt");
  expect_refused(
      [&](Json& json) {
        pairs(json);
        classify(json)["calibration"]["platt"][0][0] = -1;
      },
      "slope");
}

TEST(ReadClassification, VolumesAndColours) {
  EXPECT_FALSE(read([](Json& json) { classify(json)["dimensions"] = 3; }).planar);
  EXPECT_TRUE(read([](Json& json) { classify(json)["colour"] = "rgb"; }).colour);
  const Classification repeated = read([](Json& json) {
    classify(json)["repeat_to"] = 3;
    json["steps"][2]["channel"] = 2;
  });
  EXPECT_EQ(repeated.repeat_to, 3);
  expect_refused([](Json& json) { json["steps"][2]["channel"] = 1; }, "channel out of range");
  expect_refused([](Json& json) { classify(json)["repeat_to"] = 2; }, "repeat_to");
  expect_refused(
      [](Json& json) {
        classify(json)["dimensions"] = 3;
        classify(json)["colour"] = "rgb";
      },
      "dimensions");
}

TEST(ReadClassification, WhatCannotBeMeantIsRefused) {
  expect_refused([](Json& json) { json["steps"].erase(3); }, "end before classify");
  expect_refused([](Json& json) { json["steps"].push_back(json["steps"][0]); }, "behind classify");
  expect_refused([](Json& json) { json["steps"][1]["step"] = "labels"; }, "labels");
  expect_refused([](Json& json) { json["steps"][0]["axes"] = "LPS"; }, "orient");
  expect_refused([](Json& json) { classify(json)["activation"] = "sigmoid"; }, "multi_label");
  expect_refused([](Json& json) { classify(json)["multi_label"] = true; }, "softmax");
  expect_refused([](Json& json) { classify(json)["activation"] = "none"; }, "calibration");
  expect_refused([](Json& json) { classify(json)["calibration"]["fitted_on"] = ""; }, "fitted_on");
  expect_refused([](Json& json) { classify(json)["calibration"].erase("fitted_on"); }, "fitted_on");
  expect_refused([](Json& json) { classify(json)["calibration"]["temperature"] = 0; },
                 "temperature");
  expect_refused([](Json& json) { classify(json)["calibrated"] = true; }, "calibrated");
  expect_refused([](Json& json) { json["gives"]["evaluations"].erase(0); }, "each of two or more");
  expect_refused([](Json& json) { json["gives"]["evaluations"][0]["output"] = 2; }, "output");
  expect_refused([](Json& json) { json["gives"]["evaluations"][0]["output"] = 0; }, "output");
  expect_refused([](Json& json) { json["gives"]["evaluations"][0]["threshold"] = 1; }, "threshold");
  expect_refused([](Json& json) { json["gives"]["evaluations"][1]["threshold"] = 0.5; },
                 "threshold");
  expect_refused(
      [](Json& json) {
        make_multi_label(json);
        json["gives"]["evaluations"][0].erase("threshold");
      },
      "threshold");
  expect_refused(
      [](Json& json) {
        json["steps"][1] = {{"step", "resample"},
                            {"spacing_mm", {1, 1, 1}},
                            {"interpolation", "linear"},
                            {"alignment", "edges"}};
      },
      "millimetres");
}

TEST(ReadClassification, TheShippedExampleIsAPackage) {
  const ModelPackage p =
      read_package(testing::project_source() / "models" / "chest-radiograph-example");
  ASSERT_NE(p.classification(), nullptr);
  EXPECT_EQ(p.classification()->classes.size(), 2U);
  EXPECT_EQ(p.classes, 2);
  EXPECT_TRUE(p.segments.empty());
  EXPECT_FALSE(read_weights(p, p.weights.front()).empty());
}

}  // namespace
}  // namespace osler
