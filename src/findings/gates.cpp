#include "findings/gates.hpp"

#include <algorithm>
#include <cmath>

namespace osler {

std::vector<Gate> evaluate_gates(const std::vector<GateRule>& rules, const Signals& signals) {
  std::vector<Gate> gates;
  for (const GateRule& rule : rules) {
    const auto signal = signals.find(rule.signal);
    if (signal == signals.end()) continue;
    Gate gate;
    gate.name = rule.name;
    gate.meaning = rule.meaning;
    gate.value = signal->second;
    gate.at_least = rule.at_least;
    gate.at_most = rule.at_most;
    gate.level = rule.warn_only ? GateLevel::warn : GateLevel::refuse;
    // Written so that NaN fails, with or without a bound.
    const bool enough = !rule.at_least || gate.value >= *rule.at_least;
    const bool not_too_much = !rule.at_most || gate.value <= *rule.at_most;
    gate.passed = !std::isnan(gate.value) && enough && not_too_much;
    gates.push_back(std::move(gate));
  }
  return gates;
}

bool gates_passed(const std::vector<Gate>& gates) {
  return std::none_of(gates.begin(), gates.end(),
                      [](const Gate& g) { return !g.passed && g.level == GateLevel::refuse; });
}

}  // namespace osler
