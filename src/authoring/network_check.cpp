#include "authoring/network_check.hpp"

#include <cmath>
#include <optional>

#include "authoring/noise.hpp"
#include "core/error.hpp"
#include "infer/session.hpp"

namespace osler {
namespace {

using Level = Problem::Level;

std::string words(const TensorShape& shape) {
  std::string text;
  for (const std::int64_t n : shape) text += (text.empty() ? "" : " x ") + std::to_string(n);
  return text;
}

class Check {
 public:
  Check(std::span<const std::byte> weights, const NetworkCheck& what) : what_(what) {
    SessionOptions options;
    options.weights = what.format;
    options.way = Way::frozen;  // the author's own graph is what is looked at
    try {
      session_.emplace(weights, Device{Backend::cpu, 0, "cpu"}, options);
    } catch (const Error& error) {
      report(what.where, error);
    }
  }

  void run(const TensorShape& input) {
    if (!session_) return;
    const std::string on = "on an input of " + words(input);
    Tensor given;
    try {
      given = session_->forward(noise(input), input);
    } catch (const Error& error) {
      explain(input, error);
      return;
    }
    TensorShape expected = input;
    if (what_.classes > 0 && given.shape[1] != what_.classes) {
      problems.push_back({Level::error, "/gives/classes",
                          "is " + std::to_string(what_.classes) + ", but the network gives " +
                              std::to_string(given.shape[1])});
    }
    expected[1] = given.shape[1];
    if (what_.one_score_per_class) expected.resize(2);
    if (given.shape != expected) {
      problems.push_back({Level::error, what_.where,
                          on + " gives " + words(given.shape) + ", not " + words(expected) +
                              (what_.one_score_per_class ? ": a score per class"
                                                         : ": scores on the grid of the input")});
    }
    for (const float value : given.values) {
      if (std::isfinite(value)) continue;
      problems.push_back({Level::error, what_.where, on + " gives values that are no numbers"});
      break;
    }
  }

  Problems problems;

 private:
  void report(const std::string& where, const Error& error) {
    problems.push_back({Level::error, where, error.what()});
  }

  /// Does it take another number of channels?
  void explain(const TensorShape& input, const Error& error) {
    constexpr std::int64_t kMostChannels = 8;
    for (std::int64_t channels = 1; channels <= kMostChannels; ++channels) {
      if (channels == input[1]) continue;
      TensorShape other = input;
      other[1] = channels;
      try {
        session_->forward(noise(other), other);
      } catch (const Error&) {
        continue;
      }
      problems.push_back({Level::error, "/channels",
                          "are " + std::to_string(input[1]) + ", but the network takes " +
                              std::to_string(channels)});
      return;
    }
    problems.push_back({Level::error, what_.where,
                        "fails on an input of " + words(input) +
                            ", which the steps state: " + error.found() +
                            (error.expected().empty() ? "" : "; expected: " + error.expected())});
  }

  const NetworkCheck& what_;
  std::optional<Session> session_;
};

}  // namespace

Problems network_problems(std::span<const std::byte> weights, const NetworkCheck& what) {
  Check check(weights, what);
  for (const TensorShape& input : what.inputs) check.run(input);
  return std::move(check.problems);
}

}  // namespace osler
