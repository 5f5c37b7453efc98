#include "registry/steps.hpp"

#include <algorithm>
#include <filesystem>
#include <map>
#include <string>
#include <utility>

#include "registry/image_step_reader.hpp"
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

WindowStep read_window(const MemberReader& r) {
  r.only({"step", "rule", "patch", "dimensions", "patch_step", "gaussian", "sigma_scale",
          "mirrored", "beyond", "value", "means"});
  using Rule = WindowStep::Rule;
  WindowStep step;
  step.rule = r.word<Rule>("rule", {{"monai", Rule::monai}, {"nnunet", Rule::nnunet}});
  step.patch = r.get<Size3>("patch");
  constexpr std::int64_t kLongestPatch = 1024;
  for (const std::int64_t n : step.patch) {
    if (n < 1 || n > kLongestPatch) r.fail("patch", "is out of range (1 to 1024)");
  }
  step.planar = read_planar(r);
  if (step.planar && step.patch[2] != 1) r.fail("patch", "of 2 dimensions is not {x, y, 1}");
  if (r.has("patch_step")) step.step = r.get<Vec3>("patch_step");
  for (const double share : step.step) {
    if (!(share > 0 && share <= 1)) r.fail("patch_step", "is not 0 < step <= 1");
  }
  step.gaussian = r.get_or("gaussian", true);
  step.sigma_scale = r.get_or("sigma_scale", step.sigma_scale);
  if (!(step.sigma_scale > 0)) r.fail("sigma_scale", "is not above 0");
  if (r.has("mirrored")) step.mirrored = r.get<std::array<bool, 3>>("mirrored");
  if (r.has("beyond")) step.beyond = read_pad_with(r, "beyond");
  step.value = r.get_or("value", step.value);
  if (r.has("means")) {
    step.in_halves = r.word<bool>("means", {{"single", false}, {"nnunet-halves", true}});
  }
  return step;
}

WindowStep read_whole_image(const MemberReader& r) {
  r.only({"step", "dimensions"});
  WindowStep step;
  step.whole_image = true;
  step.planar = read_planar(r);
  return step;
}

/// "linear", "nnunet" (order 1, 0 across a coarse axis), or that rule with other arguments.
std::optional<NnunetResampleStep> read_score_rule(const MemberReader& labels) {
  NnunetResampleStep rule;
  rule.order = 1;
  if (labels.is_text("interpolation")) {
    if (labels.word<bool>("interpolation", {{"linear", false}, {"nnunet", true}})) return rule;
    return std::nullopt;
  }
  const MemberReader r = labels.at("interpolation");
  r.only({"rule", "order", "order_across", "separate", "anisotropy"});
  r.word<bool>("rule", {{"nnunet", true}});
  read_nnunet_rule(r, rule);
  for (const int order : {rule.order, rule.order_across}) {
    if (order > 1) r.fail("order", "is of scores 0 or 1: labels are decided between neighbours");
  }
  return rule;
}

LabelStep read_labels(const MemberReader& r) {
  r.only({"step", "activation", "decision", "threshold", "order", "decided_on", "interpolation",
          "interpolate_numbers"});
  LabelStep step;
  if (r.has("activation")) {
    step.activation = r.word<Activation>("activation", {{"none", Activation::none},
                                                        {"softmax", Activation::softmax},
                                                        {"sigmoid", Activation::sigmoid}});
  }
  step.regions = r.word<bool>("decision", {{"highest", false}, {"regions", true}});
  if (step.regions) step.threshold = r.get<double>("threshold");
  if (r.has("order")) {
    if (!step.regions) r.fail("order", "is of regions; here the highest score decides");
    step.order = r.get<std::vector<int>>("order");
  }
  if (r.has("decided_on")) step.on_network_grid = read_on_network(r, "decided_on");
  if (r.has("interpolation")) {
    step.nnunet_rule = read_score_rule(r);
    if (step.nnunet_rule && step.on_network_grid) {
      r.fail("interpolation",
             "is of scores; labels decided on the network's grid take the nearest");
    }
  }
  step.interpolate_numbers = r.get_or("interpolate_numbers", false);
  if (step.interpolate_numbers && !step.on_network_grid) {
    r.fail("interpolate_numbers", "is of labels decided on the network's grid");
  }
  return step;
}

LabelFilter read_filter(const MemberReader& r, LabelFilter::Kind kind) {
  r.only({"step", "values", "together", "connectivity", "min_voxels", "on"});
  LabelFilter filter;
  filter.kind = kind;
  if (r.has("values")) filter.values = r.get<std::vector<int>>("values");
  filter.together = r.get_or("together", false);
  filter.connectivity = r.get_or("connectivity", filter.connectivity);
  if (filter.connectivity != 6 && filter.connectivity != 18 && filter.connectivity != 26) {
    r.fail("connectivity", "is not 6, 18 or 26");
  }
  if (kind == LabelFilter::Kind::remove_small) {
    filter.min_voxels = r.get<std::int64_t>("min_voxels");
  }
  if (r.has("on")) filter.on_network_grid = read_on_network(r, "on");
  return filter;
}

const std::map<std::string, LabelFilter::Kind>& filter_names() {
  using Kind = LabelFilter::Kind;
  static const std::map<std::string, Kind> names{{"keep-largest", Kind::keep_largest},
                                                 {"fill-holes", Kind::fill_holes},
                                                 {"remove-small", Kind::remove_small},
                                                 {"keep-values", Kind::keep_values}};
  return names;
}

/// Image steps, then the network, then labels, then filters.
class WindowedReader {
 public:
  void read(const MemberReader& r) {
    const auto step = r.get<std::string>("step");
    if (is_image_step(step)) {
      expect(r, Part::image, "an image step");
      read_image_step(r, steps.image);
    } else if (step == "sliding-window" || step == "whole-image") {
      expect(r, Part::image, "the network");
      steps.window = step == "whole-image" ? read_whole_image(r) : read_window(r);
      part_ = Part::network;
    } else if (step == "labels") {
      expect(r, Part::network, "labels");
      steps.labels = read_labels(r);
      part_ = Part::labels;
    } else if (const auto found = filter_names().find(step); found != filter_names().end()) {
      expect(r, Part::labels, "a filter of labels");
      steps.labels.filters.push_back(read_filter(r, found->second));
    } else {
      r.fail("step", "'" + step + "' is not a step that this program knows");
    }
  }

  bool ended() const { return part_ == Part::labels; }

  WindowedSegmentation steps;

 private:
  enum class Part { image, network, labels };

  void expect(const MemberReader& r, Part part, const std::string& what) const {
    if (part_ != part) {
      r.fail("step", "has " + what +
                         " out of order: image steps, sliding-window or whole-image, "
                         "labels, filters of labels");
    }
  }

  Part part_ = Part::image;
};

WindowedSegmentation read_windowed(const MemberReader& root) {
  WindowedReader reader;
  root.list("steps", [&](const MemberReader& r) {
    reader.read(r);
    return 0;
  });
  if (!reader.ended()) root.fail("steps", "end before sliding-window or whole-image, and labels");
  return std::move(reader.steps);
}

// ---------------------------------------------------------------- several models

LabelStep read_mean_labels(const MemberReader& r) {
  for (const char* key : {"activation", "decided_on", "interpolation", "interpolate_numbers"}) {
    if (r.has(key)) {
      r.fail(key,
             "is of a network's scores; labels of an ensemble are decided on the source's "
             "grid, from probabilities");
    }
  }
  const LabelStep step = read_labels(r);
  if (step.regions && !(step.threshold > 0 && step.threshold < 1)) {
    r.fail("threshold", "is of probabilities in an ensemble: 0 < threshold < 1");
  }
  return step;
}

Ensemble read_ensemble(const MemberReader& root) {
  Ensemble ensemble;
  std::size_t i = 0;
  root.list("steps", [&](const MemberReader& r) {
    const auto step = r.get<std::string>("step");
    const auto filter = filter_names().find(step);
    if (i == 0) {
      r.only({"step", "of"});
      ensemble.of = r.get<std::vector<std::string>>("of");
    } else if (i == 1 && step == "labels") {
      ensemble.labels = read_mean_labels(r);
    } else if (i > 1 && filter != filter_names().end()) {
      ensemble.labels.filters.push_back(read_filter(r, filter->second));
      if (ensemble.labels.filters.back().on_network_grid) {
        r.fail("on", "is the network's grid; an ensemble has labels on the source's");
      }
    } else {
      r.fail("step", "is '" + step + "'; an ensemble has ensemble, labels, filters of labels");
    }
    ++i;
    return 0;
  });
  if (i < 2) root.fail("steps", "end before labels");
  return ensemble;
}

}  // namespace

Code read_code(const MemberReader& r) {
  // What DICOM's Code Value and Coding Scheme Designator (SH) and Code Meaning (LO) can hold.
  const auto text = [&](const char* key, std::size_t longest, bool ascii) {
    const auto value = r.get<std::string>(key);
    const auto allowed = [&](char c) {
      const auto byte = static_cast<unsigned char>(c);
      return byte >= 0x20 && byte != 0x7F && c != '\\' && (byte < 0x80 || !ascii);
    };
    const bool blank = value.find_first_not_of(' ') == std::string::npos;
    if (blank || value.size() > longest || !std::all_of(value.begin(), value.end(), allowed)) {
      r.fail(key, "is not a text of 1 to " + std::to_string(longest) +
                      " bytes without backslash and control characters" +
                      (ascii ? ", in ASCII" : ""));
    }
    return value;
  };
  return {text("value", 16, true), text("scheme", 16, true), text("meaning", 64, false)};
}

std::string read_file_name(const MemberReader& r) {
  const auto name = r.get<std::string>("file");
  if (name.empty() || name == "." || name == ".." ||
      std::filesystem::path(name).filename() != name) {
    r.fail("file", "is not a plain file name");
  }
  return name;
}

PackageSteps read_steps(const MemberReader& root) {
  const auto names =
      root.list("steps", [](const MemberReader& r) { return r.get<std::string>("step"); });
  if (!names.empty() && names.front() == "localise-in-template") return read_localised(root);
  if (!names.empty() && names.front() == "ensemble") return read_ensemble(root);
  if (std::find(names.begin(), names.end(), "classify") != names.end()) {
    return read_classification(root);
  }
  return read_windowed(root);
}

}  // namespace osler
