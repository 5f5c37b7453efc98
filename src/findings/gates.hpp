#pragma once
// Quality signals against the bounds that a model package sets.

#include <map>
#include <string>
#include <vector>

#include "findings/findings.hpp"
#include "registry/package.hpp"

namespace osler {

/// Name of a signal -> its value.
using Signals = std::map<std::string, double>;

/// One gate per rule whose signal is there; a value that is not a number fails.
std::vector<Gate> evaluate_gates(const std::vector<GateRule>& rules, const Signals& signals);

/// True if no gate of level `refuse` failed.
bool gates_passed(const std::vector<Gate>& gates);

}  // namespace osler
