#include "registry/steps.hpp"

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "registry/member_reader.hpp"

namespace osler {
namespace {

Side read_side(const MemberReader& r) {
  return {r.get<std::string>("name"), read_code(r.at("laterality")), r.get<Vec3>("centre_mm"),
          r.get<bool>("mirrored")};
}

LocalisedTwoPass read_localised(const MemberReader& root) {
  LocalisedTwoPass steps;
  std::vector<std::string> order;
  root.list("steps", [&](const MemberReader& r) {
    const auto step = r.get<std::string>("step");
    order.push_back(step);
    if (step == "localise-in-template") {
      const MemberReader t = r.at("template");
      steps.localise.template_use = {read_file_name(t), t.get<std::string>("sha256"),
                                     t.get<std::string>("package")};
      steps.localise.sides = r.list("sides", read_side);
    } else if (step == "find") {
      steps.find = {r.get<Size3>("frame"), r.get<Size3>("statistics"), r.get<double>("threshold")};
    } else if (step == "measure") {
      steps.measure = {r.get<Size3>("frame"), r.get<std::int64_t>("margin"),
                       r.get<Size3>("min_box"), r.get<Size3>("max_box"),
                       r.get<double>("threshold")};
    } else {
      r.fail("step", "'" + step + "' is not a step that this program knows");
    }
    return 0;
  });
  if (order != std::vector<std::string>{"localise-in-template", "find", "measure"}) {
    root.fail("steps", "are not localise-in-template, find, measure in this order");
  }
  const MemberReader shape = root.at("shape");
  steps.shape = {shape.get<int>("from"), shape.get<int>("to"), shape.get<Vec3>("mean_mm"),
                 shape.get<Vec3>("sd_mm")};
  steps.clip_percentiles = root.get<std::array<double, 2>>("clip_percentiles");
  return steps;
}

// ---------------------------------------------------------------- window by window

/// A word of a list; the error names them all.
template <typename T>
T read_word(const MemberReader& r, const char* key, const std::map<std::string, T>& words) {
  const auto word = r.get<std::string>(key);
  const auto found = words.find(word);
  if (found != words.end()) return found->second;
  std::string known;
  for (const auto& [name, value] : words) known += (known.empty() ? "" : ", ") + name;
  r.fail(key, "'" + word + "' is none of: " + known);
}

/// One letter of each pair, in any order; the letter says where the axis runs to.
bool are_axes(const std::string& axes) {
  std::set<int> pairs;
  for (const char c : axes) {
    const auto at = std::string_view("LRPASI").find(c);
    if (at == std::string_view::npos) return false;
    pairs.insert(static_cast<int>(at / 2));
  }
  return axes.size() == 3 && pairs.size() == 3;
}

ResampleStep read_resample(const MemberReader& r) {
  r.only({"step", "spacing_mm", "axes", "interpolation", "alignment"});
  using Interpolation = ResampleStep::Interpolation;
  using Alignment = ResampleStep::Alignment;
  ResampleStep step;
  step.spacing_mm = r.get<Vec3>("spacing_mm");
  if (std::any_of(step.spacing_mm.begin(), step.spacing_mm.end(),
                  [](double mm) { return !(mm >= 0 && mm <= 1000); })) {
    r.fail("spacing_mm", "is out of range");
  }
  if (r.has("axes")) {
    step.axes = r.get<std::string>("axes");
    if (!are_axes(step.axes)) r.fail("axes", "are not three directions such as LPS or RAS");
  }
  step.interpolation = read_word<Interpolation>(r, "interpolation",
                                                {{"nearest", Interpolation::nearest},
                                                 {"linear", Interpolation::linear},
                                                 {"cubic", Interpolation::cubic}});
  step.alignment = read_word<Alignment>(
      r, "alignment", {{"edges", Alignment::edges}, {"first-voxel", Alignment::first_voxel}});
  return step;
}

NormaliseStep read_normalise(const MemberReader& r) {
  r.only({"step", "clip", "shift", "scale", "statistics"});
  using Statistics = NormaliseStep::Statistics;
  NormaliseStep step;
  if (r.has("clip")) {
    const auto clip = r.get<std::array<double, 2>>("clip");
    if (!(clip[0] < clip[1])) r.fail("clip", "is not a range");
    step.low = clip[0];
    step.high = clip[1];
  }
  if (r.has("statistics")) {
    step.statistics = read_word<Statistics>(
        r, "statistics", {{"all", Statistics::all}, {"nonzero", Statistics::nonzero}});
    return step;
  }
  step.shift = r.get<double>("shift");
  step.scale = r.get<double>("scale");
  if (step.scale == 0) r.fail("scale", "is 0");
  return step;
}

WindowStep read_window(const MemberReader& r) {
  r.only({"step", "rule", "patch", "patch_step", "gaussian", "sigma_scale", "mirrored", "beyond",
          "value"});
  using Rule = WindowStep::Rule;
  using Beyond = WindowStep::Beyond;
  WindowStep step;
  step.rule = read_word<Rule>(r, "rule", {{"monai", Rule::monai}, {"nnunet", Rule::nnunet}});
  step.patch = r.get<Size3>("patch");
  constexpr std::int64_t kLongestPatch = 1024;
  for (const std::int64_t n : step.patch) {
    if (n < 1 || n > kLongestPatch) r.fail("patch", "is out of range (1 to 1024)");
  }
  if (r.has("patch_step")) step.step = r.get<Vec3>("patch_step");
  for (const double share : step.step) {
    if (!(share > 0 && share <= 1)) r.fail("patch_step", "is not 0 < step <= 1");
  }
  if (r.has("gaussian")) step.gaussian = r.get<bool>("gaussian");
  if (r.has("sigma_scale")) step.sigma_scale = r.get<double>("sigma_scale");
  if (!(step.sigma_scale > 0)) r.fail("sigma_scale", "is not above 0");
  if (r.has("mirrored")) step.mirrored = r.get<std::array<bool, 3>>("mirrored");
  if (r.has("beyond")) {
    step.beyond = read_word<Beyond>(r, "beyond",
                                    {{"value", Beyond::value},
                                     {"outermost", Beyond::outermost},
                                     {"mirrored", Beyond::mirrored}});
  }
  if (r.has("value")) step.value = r.get<double>("value");
  return step;
}

LabelStep read_labels(const MemberReader& r) {
  r.only({"step", "decision", "threshold"});
  LabelStep step;
  step.regions = read_word<bool>(r, "decision", {{"highest", false}, {"regions", true}});
  if (step.regions) step.threshold = r.get<double>("threshold");
  return step;
}

WindowedSegmentation read_windowed(const MemberReader& root) {
  WindowedSegmentation steps;
  std::vector<std::string> order;
  root.list("steps", [&](const MemberReader& r) {
    const auto step = r.get<std::string>("step");
    order.push_back(step);
    if (step == "resample") {
      steps.resample = read_resample(r);
    } else if (step == "normalise") {
      steps.normalise = read_normalise(r);
    } else if (step == "sliding-window") {
      steps.window = read_window(r);
    } else if (step == "labels") {
      steps.labels = read_labels(r);
    } else {
      r.fail("step", "'" + step + "' is not a step that this program knows");
    }
    return 0;
  });
  if (order != std::vector<std::string>{"resample", "normalise", "sliding-window", "labels"}) {
    root.fail("steps", "are not resample, normalise, sliding-window, labels in this order");
  }
  return steps;
}

}  // namespace

Code read_code(const MemberReader& r) {
  return {r.get<std::string>("value"), r.get<std::string>("scheme"), r.get<std::string>("meaning")};
}

std::string read_file_name(const MemberReader& r) {
  const auto name = r.get<std::string>("file");
  if (name.empty() || name == "." || name == ".." ||
      std::filesystem::path(name).filename() != name) {
    r.fail("file", "is not a plain file name");
  }
  return name;
}

std::variant<LocalisedTwoPass, WindowedSegmentation> read_steps(const MemberReader& root) {
  const auto first =
      root.list("steps", [](const MemberReader& r) { return r.get<std::string>("step"); });
  if (!first.empty() && first.front() == "resample") return read_windowed(root);
  return read_localised(root);
}

}  // namespace osler
