#include "findings/gates.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace osler {
namespace {

GateRule rule(std::optional<double> at_least, std::optional<double> at_most,
              bool warn_only = false) {
  return {"gate", "signal", "what it means", at_least, at_most, warn_only};
}

bool passes(const GateRule& r, double value) {
  const auto gates = evaluate_gates({r}, {{"signal", value}});
  return gates.size() == 1 && gates[0].passed;
}

TEST(EvaluateGates, TheBoundItselfPasses) {
  EXPECT_TRUE(passes(rule(.7, {}), .7));
  EXPECT_FALSE(passes(rule(.7, {}), .6999));
  EXPECT_TRUE(passes(rule({}, 1.3), 1.3));
  EXPECT_FALSE(passes(rule({}, 1.3), 1.3001));
  EXPECT_TRUE(passes(rule(1, 2), 1.5));
  EXPECT_FALSE(passes(rule(1, 2), .5));
  EXPECT_FALSE(passes(rule(1, 2), 2.5));
}

TEST(EvaluateGates, WhatIsNotANumberFails) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_FALSE(passes(rule(0, {}), nan));
  EXPECT_FALSE(passes(rule({}, 0), nan));
  EXPECT_FALSE(passes(rule(-1e300, 1e300), nan));
  EXPECT_FALSE(passes(rule({}, {}), nan)) << "no bound, but no number either";
  const double infinity = std::numeric_limits<double>::infinity();
  EXPECT_FALSE(passes(rule({}, 5), infinity));
}

TEST(EvaluateGates, ASignalThatIsNotThereGivesNoGate) {
  GateRule other = rule(1, {});
  other.signal = "absent";
  other.name = "second";
  const auto gates = evaluate_gates({other, rule(1, {})}, {{"signal", 2}});
  ASSERT_EQ(gates.size(), 1U);
  EXPECT_EQ(gates[0].name, "gate");
}

TEST(EvaluateGates, SaysWhatWasAskedAndFound) {
  const auto gates = evaluate_gates({rule(1, 3, true)}, {{"signal", 2}});
  ASSERT_EQ(gates.size(), 1U);
  EXPECT_EQ(gates[0].meaning, "what it means");
  EXPECT_EQ(gates[0].value, 2);
  EXPECT_EQ(gates[0].at_least, 1);
  EXPECT_EQ(gates[0].at_most, 3);
  EXPECT_EQ(gates[0].level, GateLevel::warn);
}

TEST(GatesPassed, AWarningDoesNotRefuse) {
  EXPECT_TRUE(gates_passed(evaluate_gates({rule(1, {}, true)}, {{"signal", 0}})));
  EXPECT_FALSE(gates_passed(evaluate_gates({rule(1, {}, false)}, {{"signal", 0}})));
  EXPECT_FALSE(gates_passed(evaluate_gates({rule(-1, {}), rule(1, {})}, {{"signal", 0}})));
  EXPECT_TRUE(gates_passed({}));
}

}  // namespace
}  // namespace osler
