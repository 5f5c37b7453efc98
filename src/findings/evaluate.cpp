#include "findings/evaluate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/error.hpp"
#include "registry/steps.hpp"

namespace osler {
namespace {

double sigmoid(double x) {
  return 1 / (1 + std::exp(-x));
}

std::vector<double> softmax(std::vector<double> scores) {
  const double highest = *std::max_element(scores.begin(), scores.end());
  double sum = 0;
  for (double& score : scores) sum += score = std::exp(score - highest);
  for (double& score : scores) score /= sum;
  return scores;
}

/// Of each output.
std::vector<double> activated(const Classification& rules, std::vector<double> scores) {
  switch (rules.activation) {
    case Activation::softmax:
      return softmax(std::move(scores));
    case Activation::sigmoid:
      std::transform(scores.begin(), scores.end(), scores.begin(), sigmoid);
      return scores;
    case Activation::none:
      break;
  }
  for (const double p : scores) {
    if (p >= 0 && p <= 1) continue;
    throw Error(ErrorCode::model, fmt::format("the network gives {} as a probability", p),
                "0 to 1, or an activation in model.json");
  }
  return scores;
}

/// Is this class, looked at alone, there?
bool reaches(const ClassRule& rule, double probability, double highest) {
  if (rule.nothing_found) return false;
  return rule.threshold ? probability >= *rule.threshold : probability == highest;
}

/// Of classes that exclude each other only the most probable stays.
void keep_most_probable(std::span<const double> probabilities, std::vector<Evaluation>& all) {
  std::size_t best = all.size();
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (!all[i].present) continue;
    if (best == all.size() || probabilities[i] > probabilities[best]) best = i;
  }
  for (std::size_t i = 0; i < all.size(); ++i) all[i].present = i == best;
}

}  // namespace

std::vector<double> class_probabilities(const Classification& rules,
                                        std::span<const float> scores) {
  std::vector<double> values(scores.begin(), scores.end());
  if (values.empty() ||
      !std::all_of(values.begin(), values.end(), [](double v) { return std::isfinite(v); })) {
    throw Error(ErrorCode::model, "the network gives no numbers for this image");
  }
  const Calibration& calibration = rules.calibration;
  const bool platt = calibration.kind == Calibration::Kind::platt;
  if (!platt) {
    for (double& value : values) value /= calibration.temperature;
    values = activated(rules, std::move(values));
  }
  std::vector<double> out;
  for (const ClassRule& rule : rules.classes) {
    const double value = values.at(static_cast<std::size_t>(rule.output));
    out.push_back(platt ? sigmoid(rule.platt_a * value + rule.platt_b) : value);
  }
  return out;
}

std::vector<Evaluation> evaluate(const Classification& rules, std::span<const double> probabilities,
                                 std::optional<std::size_t> image) {
  std::vector<Evaluation> all;
  const double highest = *std::max_element(probabilities.begin(), probabilities.end());
  for (std::size_t i = 0; i < rules.classes.size(); ++i) {
    const ClassRule& rule = rules.classes[i];
    Evaluation e;
    e.label = rule.label;
    e.question = rules.question;
    e.value = rule.code;
    e.probability = probabilities[i];
    e.threshold = rule.threshold;
    e.present = reaches(rule, probabilities[i], highest);
    e.exclusive = !rules.multi_label;
    e.nothing_found = rule.nothing_found;
    e.calibration = describe(rules.calibration);
    e.image = image;
    all.push_back(std::move(e));
  }
  if (!rules.multi_label) keep_most_probable(probabilities, all);
  const bool nothing =
      std::none_of(all.begin(), all.end(), [](const Evaluation& e) { return e.present; });
  for (Evaluation& e : all) e.present = e.present || (nothing && e.nothing_found);
  return all;
}

std::string describe(const Calibration& calibration) {
  switch (calibration.kind) {
    case Calibration::Kind::temperature:
      return fmt::format("temperature {}, fitted on {}", calibration.temperature,
                         calibration.fitted_on);
    case Calibration::Kind::platt:
      return "a logistic curve per class, fitted on " + calibration.fitted_on;
    case Calibration::Kind::none:
      break;
  }
  return {};
}

}  // namespace osler
