#include "authoring/description_check.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "core/error.hpp"
#include "core/sha256.hpp"

namespace osler {
namespace fs = std::filesystem;
namespace {

using Level = Problem::Level;

/// A member that is there and of this type; else `otherwise`.
template <typename T>
T member(const Json& json, const char* key, T otherwise) {
  if (!json.is_object() || !json.contains(key)) return otherwise;
  try {
    return json.at(key).get<T>();
  } catch (const Json::exception&) {
    return otherwise;
  }
}

/// A list or an object; else one that is empty.
const Json& part(const Json& json, const char* key) {
  static const Json nothing = Json::array();
  return json.is_object() && json.contains(key) && json.at(key).is_structured() ? json.at(key)
                                                                                : nothing;
}

std::string step_name(const Json& step) {
  return member<std::string>(step, "step", "");
}

bool is_localised(const Json& description) {
  const Json& steps = part(description, "steps");
  return !steps.empty() && step_name(steps.front()) == "localise-in-template";
}

/// Of a classifier's tensor.
std::int64_t classifier_channels(const Json& description, const Json& classify) {
  if (member(classify, "dimensions", 3) == 3) {
    return static_cast<std::int64_t>(
        std::max<std::size_t>(part(description, "channels").size(), 1));
  }
  if (member<std::string>(classify, "colour", "monochrome") == "rgb") return 3;
  return member<std::int64_t>(classify, "repeat_to", 1);
}

/// The step "classify", if it is one.
const Json* classifier(const Json& description) {
  for (const Json& step : part(description, "steps")) {
    if (step_name(step) == "classify") return &step;
  }
  return nullptr;
}

std::string at(const char* list, std::size_t i, const char* key = nullptr) {
  return std::string(list) + "/" + std::to_string(i) + (key == nullptr ? "" : "/") +
         (key == nullptr ? "" : key);
}

// ---------------------------------------------------------------- steps

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

/// What a member of the schema cannot say: it is wanted of volumes.
void check_wants(const Json& description, Problems& problems) {
  const Json* classify = classifier(description);
  if (classify != nullptr && member(*classify, "dimensions", 3) == 2) return;
  const Json& wants = part(description, "wants");
  for (const char* name : {"min_extent_mm", "max_spacing_mm"}) {
    if (wants.is_object() && !wants.contains(name)) {
      problems.push_back({Level::error, std::string("/wants/") + name, "is missing"});
    }
  }
}

void check_evaluations(const Json& description, Problems& problems) {
  const Json& gives = part(description, "gives");
  const int classes = member(gives, "classes", INT32_MAX);
  const Json& evaluations = part(gives, "evaluations");
  if (!gives.contains("evaluations")) {
    problems.push_back({Level::error, "/gives/evaluations", "is missing: steps end with classify"});
  }
  std::set<int> taken;
  for (std::size_t i = 0; i < evaluations.size(); ++i) {
    const int output = member(evaluations[i], "output", -1);
    if (output < 0) continue;
    if (output >= classes || !taken.insert(output).second) {
      problems.push_back({Level::error, at("/gives/evaluations", i, "output"),
                          "is " + std::to_string(output) + ": taken, or not below /gives/classes"});
    }
  }
}

void check_steps(const Json& description, Problems& problems) {
  const Json& steps = part(description, "steps");
  if (classifier(description) != nullptr) {
    check_classifier_order(steps, problems);
  } else if (!is_localised(description)) {
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
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const Json& step = steps[i];
    const std::int64_t channel = member<std::int64_t>(step, "channel", 0);
    if (channel >= static_cast<std::int64_t>(channels)) {
      problems.push_back({Level::error, at("/steps", i, "channel"),
                          "is " + std::to_string(channel) + ", but there are " +
                              std::to_string(channels) + " channels, from 0"});
    }
    if (step.is_object() && step.contains("of")) {
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

// ---------------------------------------------------------------- segments

bool decides_regions(const Json& description) {
  for (const Json& step : part(description, "steps")) {
    if (step_name(step) == "labels") return member<std::string>(step, "decision", "") == "regions";
  }
  return false;
}

/// Two segments have the same `what`; of sides, an output is of one segment on each.
template <typename T>
class Taken {
 public:
  Taken(Problems& problems, Level level) : problems_(problems), level_(level) {}

  void take(const T& value, const std::string& where, const std::string& words) {
    const auto [found, fresh] = where_.emplace(value, where);
    if (!fresh) problems_.push_back({level_, where, words + ", as " + found->second});
  }

 private:
  Problems& problems_;
  Level level_;
  std::map<T, std::string> where_;
};

void check_segments(const Json& description, Problems& problems) {
  const Json& gives = part(description, "gives");
  const Json& segments = part(gives, "segments");
  const bool localised = is_localised(description);
  const int classes = member(gives, "classes", -1);
  const int first = decides_regions(description) ? 0 : 1;
  std::set<std::string> sides;
  if (localised) {
    for (const Json& side : part(part(description, "steps").front(), "sides")) {
      sides.insert(member<std::string>(side, "name", ""));
    }
  }
  Taken<std::string> labels(problems, Level::error);
  Taken<std::pair<std::string, int>> outputs(problems, Level::error);
  Taken<int> values(problems, Level::error);
  Taken<std::string> colours(problems, Level::warning);
  for (std::size_t i = 0; i < segments.size(); ++i) {
    const Json& s = segments[i];
    const auto where = [&](const char* key) { return at("/gives/segments", i, key); };
    const auto label = member<std::string>(s, "label", "");
    if (!label.empty()) labels.take(label, where("label"), "is '" + label + "'");
    const auto side = member<std::string>(s, "side", "");
    const int output = member(s, "output", -1);
    if (output >= 0 && classes > 0 && (output < first || output >= classes)) {
      problems.push_back({Level::error, where("output"),
                          "is " + std::to_string(output) + ", but segments are outputs " +
                              std::to_string(first) + " to " + std::to_string(classes - 1)});
    } else if (output >= 0) {
      outputs.take({side, output}, where("output"), "is " + std::to_string(output));
    }
    // Where sides share an output, numbers of segments tell them apart.
    const int value = member(s, "value", localised ? static_cast<int>(i) + 1 : output);
    if (value > 0) {
      const bool stated = s.is_object() && s.contains("value");
      values.take(value, where(stated ? "value" : "output"),
                  "has the value " + std::to_string(value) + " in label files");
    } else if (value == 0) {
      problems.push_back({Level::error, where("value"),
                          "is missing: 0 is the background in label files, so output 0 needs one"});
    }
    const Json& rgb = part(s, "rgb");
    if (rgb.size() == 3) colours.take(rgb.dump(), where("rgb"), "is " + rgb.dump());
    if (localised && !sides.contains(side)) {
      problems.push_back({Level::error, where("side"),
                          "is '" + side + "', which is no side of localise-in-template"});
    }
    if (!localised && !side.empty()) {
      problems.push_back(
          {Level::error, where("side"), "is of localise-in-template; state a laterality"});
    }
  }
}

// ---------------------------------------------------------------- gates

void check_gates(const Json& description, Problems& problems) {
  static const std::set<std::string> kLocalised{
      "mutual_information", "correlation",        "scale_smallest",  "scale_largest",
      "brain_inside",       "centre_distance_mm", "uncertain_share", "shape_z",
      "component_share",    "smallest_side_ml",   "largest_side_ml", "side_difference"};
  static const std::set<std::string> kWhole{"labelled_ml", "segments_found"};
  static const std::set<std::string> kClassifier{"least_highest_probability"};
  const std::set<std::string>& known = is_localised(description)            ? kLocalised
                                       : classifier(description) != nullptr ? kClassifier
                                                                            : kWhole;
  const Json& gates = part(description, "gates");
  for (std::size_t i = 0; i < gates.size(); ++i) {
    const auto signal = member<std::string>(gates[i], "signal", "");
    if (!signal.empty() && !known.contains(signal)) {
      std::string names;
      for (const std::string& name : known) names += (names.empty() ? "" : ", ") + name;
      problems.push_back(
          {Level::error, at("/gates", i, "signal"), "is '" + signal + "', none of: " + names});
    }
  }
}

/// As large as the last step "resize" makes it; where that says nothing, as most networks take it.
std::vector<std::int64_t> classifier_input(std::int64_t channels,
                                           const std::vector<std::int64_t>& resized, bool planar) {
  constexpr std::int64_t kUsualPicture = 224, kUsualVolume = 64;
  const auto side = [&](std::size_t axis) {
    const std::int64_t n = resized.size() == 3 ? resized[axis] : 0;
    return n > 0 ? n : planar ? kUsualPicture : kUsualVolume;
  };
  std::vector<std::int64_t> input{1, channels};
  if (!planar) input.push_back(side(2));
  input.insert(input.end(), {side(1), side(0)});
  return input;
}

}  // namespace

Problems description_problems(const Json& description) {
  Problems problems;
  if (!description.is_object()) return problems;
  check_steps(description, problems);
  if (classifier(description) != nullptr) {
    check_evaluations(description, problems);
    check_wants(description, problems);
    check_gates(description, problems);
    return problems;
  }
  check_wants(description, problems);
  check_segments(description, problems);
  check_gates(description, problems);
  return problems;
}

std::vector<WeightsEntry> weights_entries(const Json& description) {
  const Json& weights = part(description, "weights");
  std::vector<WeightsEntry> entries;
  const auto add = [&](const Json& json, const std::string& where) {
    WeightsFile file{member<std::string>(json, "file", ""),
                     member<std::string>(json, "sha256", ""),
                     {member<std::string>(json, "format", ""),
                      member<std::vector<std::int64_t>>(json, "input", {}),
                      member<std::vector<std::string>>(json, "processor", {})}};
    if (file.file.empty() || fs::path(file.file).filename() != file.file) return;  // said before
    entries.push_back({where, std::move(file)});
  };
  if (weights.is_object()) add(weights, "/weights");
  if (!weights.is_array()) return entries;
  for (std::size_t i = 0; i < weights.size(); ++i) add(weights[i], at("/weights", i));
  return entries;
}

std::vector<std::vector<std::int64_t>> network_inputs(const Json& description) {
  constexpr std::int64_t kWhole = 64;
  const auto channels =
      static_cast<std::int64_t>(std::max<std::size_t>(part(description, "channels").size(), 1));
  std::vector<std::vector<std::int64_t>> inputs;
  std::vector<std::int64_t> resized;
  std::int64_t added = 0;  // channels of earlier stages' labels
  for (const Json& step : part(description, "steps")) {
    const std::string name = step_name(step);
    if (name == "add-labels") added += static_cast<std::int64_t>(part(step, "values").size());
    if (name == "resize") resized = member(step, "size", resized);
    std::vector<std::int64_t> size;
    if (name == "classify") {
      inputs.push_back(classifier_input(classifier_channels(description, step), resized,
                                        member(step, "dimensions", 3) == 2));
      continue;
    }
    if (name == "sliding-window") size = member(step, "patch", size);
    if (name == "find" || name == "measure") size = member(step, "frame", size);
    if (name == "whole-image") size = {kWhole, kWhole, kWhole};
    if (size.size() != 3 || *std::min_element(size.begin(), size.end()) < 1) continue;
    std::vector<std::int64_t> input{1, channels + added};
    if (member(step, "dimensions", 3) != 2) input.push_back(size[2]);
    input.insert(input.end(), {size[1], size[0]});
    inputs.push_back(std::move(input));
  }
  return inputs;
}

Problems file_problems(const fs::path& folder, const std::vector<WeightsEntry>& entries,
                       std::vector<bool>& intact) {
  Problems problems;
  for (const auto& [where, file] : entries) {
    intact.push_back(false);
    std::error_code error;
    if (!fs::is_regular_file(folder / file.file, error)) {
      problems.push_back(
          {Level::error, where + "/file", "is '" + file.file + "', which is not in the package"});
      continue;
    }
    const std::string digest = sha256_hex_of_file(folder / file.file);
    if (digest == file.sha256) {
      intact.back() = true;
    } else {
      problems.push_back({Level::error, where + "/sha256",
                          "is not that of " + file.file + ", which is " + digest});
    }
  }
  return problems;
}

}  // namespace osler
