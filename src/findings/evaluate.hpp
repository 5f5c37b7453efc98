#pragma once
// A classifier's scores -> probabilities -> what is present.

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "findings/findings.hpp"
#include "registry/classification.hpp"

namespace osler {

/// Activation and calibration, as the package says, in double precision.
/// @param scores  one per output of the network
/// @return one per class of the package, in its order
/// @throws Error model: no number, or with activation "none" a score that is no probability
std::vector<double> class_probabilities(const Classification& rules, std::span<const float> scores);

/// What the probabilities of one image say, class after class.
/// @param image  see Evaluation::image
std::vector<Evaluation> evaluate(const Classification& rules, std::span<const double> probabilities,
                                 std::optional<std::size_t> image);

/// "temperature 1.27, fitted on ...", or empty if there is none.
std::string describe(const Calibration& calibration);

}  // namespace osler
