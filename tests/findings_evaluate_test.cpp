// Scores to probabilities, worked out by hand, and what is present by them.

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "core/error.hpp"
#include "findings/evaluate.hpp"
#include "registry/steps.hpp"
#include "throws.hpp"

namespace osler {
namespace {

ClassRule rule(int output, std::optional<double> threshold = {}, bool nothing_found = false) {
  ClassRule r;
  r.label = "class " + std::to_string(output);
  r.output = output;
  r.code = {"C" + std::to_string(output), "99TEST", r.label};
  r.threshold = threshold;
  r.nothing_found = nothing_found;
  return r;
}

Classification exclusive(std::vector<ClassRule> classes) {
  Classification c;
  c.activation = Activation::softmax;
  c.classes = std::move(classes);
  return c;
}

Classification multi_label(std::vector<ClassRule> classes) {
  Classification c = exclusive(std::move(classes));
  c.activation = Activation::sigmoid;
  c.multi_label = true;
  return c;
}

std::vector<double> probabilities(const Classification& c, std::vector<float> scores) {
  return class_probabilities(c, scores);
}

/// Which are present.
std::vector<int> present(const Classification& c, const std::vector<double>& p) {
  std::vector<int> out;
  for (const Evaluation& e : evaluate(c, p, 0)) out.push_back(e.present ? 1 : 0);
  return out;
}

using Ints = std::vector<int>;

TEST(ClassProbabilities, SoftmaxInTheOrderOfTheClasses) {
  const Classification c = exclusive({rule(2), rule(0), rule(1)});
  const float two = static_cast<float>(std::log(2.0)), six = static_cast<float>(std::log(6.0));
  const auto p = probabilities(c, {0, two, six});
  EXPECT_NEAR(p[0], 6.0 / 9, 1e-7);
  EXPECT_NEAR(p[1], 1.0 / 9, 1e-7);
  EXPECT_NEAR(p[2], 2.0 / 9, 1e-7);
}

TEST(ClassProbabilities, LargeScoresDoNotOverflow) {
  const auto p = probabilities(exclusive({rule(0), rule(1)}), {3000, -3000});
  EXPECT_EQ(p, (std::vector<double>{1, 0}));
  EXPECT_EQ(probabilities(multi_label({rule(0, .5)}), {-3000}).front(), 0);
}

TEST(ClassProbabilities, TemperatureDividesTheScores) {
  Classification c = exclusive({rule(0), rule(1)});
  c.calibration = {Calibration::Kind::temperature, 2, "x"};
  const float nine = static_cast<float>(std::log(9.0));
  EXPECT_NEAR(probabilities(c, {0, nine})[1], 0.75, 1e-7);
}

TEST(ClassProbabilities, PlattStandsInPlaceOfTheSigmoid) {
  Classification c = multi_label({rule(0, .5), rule(1, .5)});
  EXPECT_NEAR(probabilities(c, {0, static_cast<float>(std::log(3.0))})[1], 0.75, 1e-7);
  c.calibration.kind = Calibration::Kind::platt;
  c.classes[1].platt_a = 2;
  c.classes[1].platt_b = std::log(3.0);
  EXPECT_NEAR(probabilities(c, {0, 0})[0], 0.5, 1e-12);
  EXPECT_NEAR(probabilities(c, {0, 0})[1], 0.75, 1e-12);
  EXPECT_NEAR(probabilities(c, {0, static_cast<float>(std::log(2.0))})[1], 12.0 / 13, 1e-7);
}

TEST(ClassProbabilities, WhatIsNoProbabilityIsTheModelsFault) {
  Classification c = exclusive({rule(0), rule(1)});
  c.activation = Activation::none;
  EXPECT_EQ(probabilities(c, {0.25F, 0.75F}), (std::vector<double>{0.25, 0.75}));
  EXPECT_THROW(probabilities(c, {0.25F, 1.5F}), Error);
  EXPECT_THROW(probabilities(c, {0, std::numeric_limits<float>::quiet_NaN()}), Error);
}

TEST(Evaluate, OfClassesThatExcludeEachOtherTheMostProbableIsPresent) {
  const Classification c = exclusive({rule(0), rule(1), rule(2)});
  EXPECT_EQ(present(c, {.2, .5, .3}), (Ints{0, 1, 0}));
  EXPECT_EQ(present(c, {.4, .4, .2}), (Ints{1, 0, 0}));  // no more than one
}

TEST(Evaluate, AThresholdMayBeBelowWhatIsMostProbable) {
  const Classification c = exclusive({rule(0, {}, true), rule(1, .3), rule(2, .6)});
  EXPECT_EQ(present(c, {.6, .4, .0}), (Ints{0, 1, 0}));
  EXPECT_EQ(present(c, {.75, .25, .0}), (Ints{1, 0, 0}));
  EXPECT_EQ(present(c, {.0, .5, .5}), (Ints{0, 1, 0}));  // below its own threshold
  EXPECT_EQ(present(c, {.0, .35, .65}), (Ints{0, 0, 1}));
}

TEST(Evaluate, WithoutAClassForNothingNoneMayBePresent) {
  const Classification c = exclusive({rule(0, .6), rule(1, .6)});
  EXPECT_EQ(present(c, {.5, .5}), (Ints{0, 0}));
}

TEST(Evaluate, ClassesByThemselvesMayAllBePresentOrNone) {
  const Classification c = multi_label({rule(0, .5), rule(1, .2), rule(2, {}, true)});
  EXPECT_EQ(present(c, {.5, .9, .1}), (Ints{1, 1, 0}));
  EXPECT_EQ(present(c, {.4, .1, .1}), (Ints{0, 0, 1}));
}

TEST(Evaluate, EachSaysWhatItRestsOn) {
  Classification c = exclusive({rule(0, {}, true), rule(1, .3)});
  c.question = {"121071", "DCM", "Finding"};
  c.calibration = {Calibration::Kind::temperature, 1.25, "100 pictures"};
  const auto all = evaluate(c, std::vector<double>{.2, .8}, 4);
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[1].label, "class 1");
  EXPECT_EQ(all[1].value.value, "C1");
  EXPECT_EQ(all[1].question.value, "121071");
  EXPECT_EQ(all[1].probability, .8);
  EXPECT_EQ(all[1].threshold, .3);
  EXPECT_TRUE(all[1].exclusive);
  EXPECT_EQ(all[1].image, 4U);
  EXPECT_EQ(all[1].calibration, "temperature 1.25, fitted on 100 pictures");
  EXPECT_TRUE(evaluate(exclusive({rule(0), rule(1)}), std::vector<double>{1, 0}, {})[0]
                  .calibration.empty());
}

}  // namespace
}  // namespace osler
