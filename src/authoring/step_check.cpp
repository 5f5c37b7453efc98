#include "authoring/step_check.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <string>

#include "authoring/description_parts.hpp"

namespace osler {
namespace {

using Level = Problem::Level;

/// Image steps, the network, labels, filters of labels.
void check_order(const Json& steps, Problems& problems) {
  static const std::map<std::string, int> parts{
      {"sliding-window", 1}, {"whole-image", 1},  {"labels", 2},     {"keep-largest", 3},
      {"fill-holes", 3},     {"remove-small", 3}, {"keep-values", 3}};
  static constexpr std::array<const char*, 4> kNames{"an image step", "the network", "labels",
                                                     "a filter of labels"};
  int reached = 0;
  std::array<int, 4> count{};
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const std::string name = step_name(steps[i]);
    const auto found = parts.find(name);
    const int now = found == parts.end() ? 0 : found->second;
    ++count.at(static_cast<std::size_t>(now));
    if (now < reached || (now == reached && (now == 1 || now == 2)) ||
        (now > reached + 1 && reached < 2)) {
      problems.push_back({Level::error, at("/steps", i),
                          "is " + std::string(kNames.at(static_cast<std::size_t>(now))) +
                              " behind " + kNames.at(static_cast<std::size_t>(reached)) +
                              "; the order is image steps, one sliding-window or whole-image, "
                              "labels, filters of labels"});
    }
    reached = std::max(reached, now);
    if (name == "orient" && i > 0) {
      problems.push_back(
          {Level::error, at("/steps", i), "is orient, which must be the first step"});
    }
  }
  if (count[1] == 0) {
    problems.push_back({Level::error, "/steps", "have no network: sliding-window or whole-image"});
  }
  if (count[2] == 0) problems.push_back({Level::error, "/steps", "have no step labels"});
}

/// Image steps and classify.
void check_classifier_order(const Json& steps, Problems& problems) {
  for (std::size_t i = 0; i < steps.size(); ++i) {
    static const std::set<std::string> of_labels{"sliding-window", "whole-image", "labels",
                                                 "keep-largest",   "fill-holes",  "remove-small",
                                                 "keep-values",    "add-labels"};
    if (of_labels.contains(step_name(steps[i]))) {
      problems.push_back(
          {Level::error, at("/steps", i), "is of labels, which a classifier has not"});
    } else if (step_name(steps[i]) == "classify" && i + 1 < steps.size()) {
      problems.push_back({Level::error, at("/steps", i), "is classify, which must be the last"});
    } else if (step_name(steps[i]) == "orient" && i > 0) {
      problems.push_back(
          {Level::error, at("/steps", i), "is orient, which must be the first step"});
    }
  }
}

/// Members are stages, and stages members.
void check_members(const Json& description, const std::set<std::string>& stages,
                   Problems& problems) {
  std::set<std::string> members;
  for (const Json& each : part(part(description, "steps").front(), "of")) {
    if (!each.is_string()) continue;
    members.insert(each.get<std::string>());
    if (!stages.contains(each.get<std::string>())) {
      problems.push_back({Level::error, "/steps/0/of",
                          "names '" + each.get<std::string>() + "', which is no name in /stages"});
    }
  }
  for (const std::string& stage : stages) {
    if (!stage.empty() && !members.contains(stage)) {
      problems.push_back(
          {Level::error, "/steps/0/of", "does not name '" + stage + "', which is one of /stages"});
    }
  }
}

}  // namespace

void add_step_problems(const Json& description, Problems& problems) {
  const Json& steps = part(description, "steps");
  const bool ensemble = is_ensemble(description);  // whose order the schema knows
  if (classifier(description) != nullptr) {
    check_classifier_order(steps, problems);
  } else if (!is_localised(description) && !ensemble) {
    check_order(steps, problems);
  }
  const Json* classify = classifier(description);
  const std::size_t channels =
      classify != nullptr ? static_cast<std::size_t>(classifier_channels(description, *classify))
                          : std::max<std::size_t>(part(description, "channels").size(), 1);
  const int classes = member(part(description, "gives"), "classes", INT32_MAX);
  std::set<std::string> stages;
  for (const Json& stage : part(description, "stages")) {
    stages.insert(member<std::string>(stage, "name", ""));
  }
  if (ensemble) check_members(description, stages, problems);
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const Json& step = steps[i];
    const std::int64_t channel = member<std::int64_t>(step, "channel", 0);
    if (channel >= static_cast<std::int64_t>(channels)) {
      problems.push_back({Level::error, at("/steps", i, "channel"),
                          "is " + std::to_string(channel) + ", but there are " +
                              std::to_string(channels) + " channels, from 0"});
    }
    if (step.is_object() && step.contains("of") && !ensemble) {
      const auto stage = member<std::string>(step, "of", "");
      if (!stages.contains(stage)) {
        problems.push_back({Level::error, at("/steps", i, "of"),
                            "names '" + stage + "', which is no name in /stages"});
      }
    }
    for (const Json& output : part(step, "order")) {
      if (output.is_number_integer() && output.get<int>() >= classes) {
        problems.push_back({Level::error, at("/steps", i, "order"),
                            "names output " + output.dump() + ", but /gives/classes is " +
                                std::to_string(classes) + ": outputs are 0 to " +
                                std::to_string(classes - 1)});
      }
    }
    if (member(step, "dimensions", 3) == 2 && part(step, "patch").size() == 3 &&
        part(step, "patch")[2] != 1) {
      problems.push_back(
          {Level::error, at("/steps", i, "patch"),
           "of 2 dimensions is {x, y, 1}, not of " + part(step, "patch")[2].dump() + " planes"});
    }
  }
}

}  // namespace osler
