#include "findings/sentences.hpp"

#include <fmt/format.h>

namespace osler {

std::string short_number(double value) {
  return fmt::format("{:.4g}", value);
}

std::string threshold_of(const Gate& gate) {
  std::string text;
  if (gate.at_least) text = "at least " + short_number(*gate.at_least);
  if (gate.at_most) {
    text += (text.empty() ? "at most " : " and at most ") + short_number(*gate.at_most);
  }
  return text.empty() ? "none" : text;
}

std::string sentence_of(const Gate& gate) {
  return fmt::format("{}: {}, expected {}. {}", gate.name, short_number(gate.value),
                     threshold_of(gate), gate.meaning);
}

std::string label_of(const Evaluation& evaluation) {
  if (!evaluation.image) return evaluation.label;
  return fmt::format("{}, image {}", evaluation.label, *evaluation.image + 1);
}

std::string rule_of(const Evaluation& evaluation) {
  if (evaluation.nothing_found) return "present where no other class is";
  if (!evaluation.threshold) return "present where it is the most probable";
  return "present from a probability of " + short_number(*evaluation.threshold);
}

std::string calibration_of(const Evaluation& evaluation) {
  if (evaluation.calibration.empty()) {
    return "The probabilities were not calibrated: they rank images and say no more";
  }
  return "Probabilities calibrated: " + evaluation.calibration;
}

std::string probability_text(double probability) {
  constexpr double kLeast = 0.0001;
  if (probability > 0 && probability < kLeast) return "< 0.0001";
  if (probability < 1 && probability > 1 - kLeast) return "> 0.9999";
  return fmt::format("{:.4f}", probability);
}

}  // namespace osler
