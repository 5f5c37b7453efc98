#include "authoring/description_check.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "authoring/description_parts.hpp"
#include "authoring/step_check.hpp"
#include "core/sha256.hpp"

namespace osler {
namespace fs = std::filesystem;
namespace {

using Level = Problem::Level;

// ---------------------------------------------------------------- wants and gives

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
  add_step_problems(description, problems);
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
