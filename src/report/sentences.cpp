#include "report/sentences.hpp"

#include <fmt/format.h>

namespace osler::report {

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

}  // namespace osler::report
