// Transforms behind the network: what decides a voxel, on which grid, and what is done to labels.

#include <algorithm>
#include <cmath>
#include <set>

#include "registry/bundle_expression.hpp"
#include "registry/bundle_transforms.hpp"

namespace osler::bundle {
namespace {

using Exp = Expression::Kind;

/// How a result came to the source's grid.
enum class Way { none, nearest, linear };

struct State {
  State(const Config& where, const Preprocessing& preprocessing, int count)
      : config(where), before(preprocessing), classes(count) {}

  const Config& config;
  const Preprocessing& before;
  int classes;
  NodePtr preprocessing;
  Postprocessing out;
  bool decided = false;
  bool regions_merged = false;  ///< one label number per voxel, not one answer per channel
  bool one_hot = false;         ///< AsDiscrete has made channels of numbers
  Way scores = Way::none;
  Way numbers = Way::none;
  bool inverted = false;
  bool resamples_when_saved = true;
};

bool moves(const Preprocessing& p) {
  return p.resampled || p.resized || p.moved_edges;
}

void activations(State& s, Component& c) {
  const bool softmax = c.flag("softmax", false), sigmoid = c.flag("sigmoid", false);
  c.refuse({"other", "dim"});
  if (!softmax && !sigmoid) return;
  if (softmax && sigmoid) c.fail("asks for softmax and sigmoid");
  if (s.decided) c.fail("stands behind the decision");
  if (s.inverted) c.fail("stands behind Invert");
  if (s.out.labels.activation != Activation::none) c.fail("stands twice");
  s.out.labels.activation = softmax ? Activation::softmax : Activation::sigmoid;
}

void as_discrete(State& s, Component& c) {
  const bool argmax = c.flag("argmax", false);
  const auto threshold = c.number("threshold");
  const auto one_hot = c.integer("to_onehot");
  const auto rounding = c.word("rounding");
  c.refuse({"dim"});
  c.ignore({"keepdim", "dtype"});
  if (argmax && threshold) c.fail("threshold", "together with argmax");
  if (one_hot && threshold) c.fail("threshold", "together with to_onehot");
  if ((argmax || threshold) && s.decided) c.fail("decides a second time");
  if (rounding && !s.decided) c.fail("rounding", "of scores");
  if (one_hot) {
    if (*one_hot != s.classes) c.fail("to_onehot", "is not the number of the network's channels");
    if (!argmax && !(s.decided && s.regions_merged)) c.fail("to_onehot", "of scores");
    s.one_hot = true;
  }
  if (!argmax && !threshold) return;
  s.decided = true;
  s.out.labels.regions = threshold.has_value();
  if (threshold) s.out.labels.threshold = *threshold;
  s.regions_merged = argmax || s.classes == 1;
}

void invert(State& s, Component& c) {
  c.ignore({"meta_keys", "orig_meta_keys", "meta_key_postfix", "to_tensor", "device"});
  c.refuse({"post_func"});
  const NodePtr transform = c.node().member("transform");
  if (transform == nullptr) c.fail("transform", "is missing");
  if (s.config.resolve(transform) != s.preprocessing) c.fail("transform", "is not preprocessing");
  c.ignore({"transform"});
  const auto image = c.word("orig_keys");
  if (image && *image != s.before.key) c.fail("orig_keys", "is not the image");
  if (s.inverted) c.fail("stands twice");
  s.inverted = true;
  const bool nearest = c.flag("nearest_interp", true);
  if (!moves(s.before)) return;  // axes are only put back
  if (s.before.resized && nearest) c.fail("nearest_interp", "of a Resize");
  if (s.before.resized == StepInterpolation::area) c.fail("transform", "is a Resize by area");
  const bool by_nearest = nearest || s.before.resampled == StepInterpolation::nearest ||
                          (!s.before.resampled && !s.before.resized);
  if (s.one_hot && !by_nearest) c.fail("nearest_interp", "false of channels of 0 and 1");
  if (s.decided && !s.regions_merged && !by_nearest) {
    c.fail("nearest_interp", "false of channels of 0 and 1");
  }
  (s.decided ? s.numbers : s.scores) = by_nearest ? Way::nearest : Way::linear;
}

// ---------------------------------------------------------------- labels

int connectivity(Component& c, int otherwise) {
  const auto hops = c.integer("connectivity");
  if (!hops) return otherwise;
  if (*hops < 1 || *hops > 3) c.fail("connectivity", "is not 1, 2 or 3");
  return *hops == 1 ? 6 : *hops == 2 ? 18 : 26;
}

LabelFilter filter(State& s, Component& c, LabelFilter::Kind kind) {
  if (!s.decided) c.fail("stands before the decision");
  if (!s.regions_merged) c.fail("of channels that may overlap");
  if (s.numbers == Way::linear) c.fail("of label numbers that were interpolated");
  LabelFilter f;
  f.kind = kind;
  f.on_network_grid = !s.inverted && moves(s.before);
  return f;
}

void read_values(Component& c, LabelFilter& f, bool is_optional) {
  if (!c.has("applied_labels")) {
    if (!is_optional) c.fail("applied_labels", "is missing");
    return;
  }
  constexpr std::int64_t kLargestLabel = 255;
  for (const std::int64_t value : c.integers("applied_labels")) {
    if (value < 0 || value > kLargestLabel) c.fail("applied_labels", "is out of range (1 to 255)");
    if (value == 0 && f.kind == LabelFilter::Kind::keep_largest) {
      c.fail("applied_labels", "names 0, the background");
    }
    if (value != 0) f.values.push_back(static_cast<int>(value));
  }
}

void keep_largest(State& s, Component& c) {
  LabelFilter f = filter(s, c, LabelFilter::Kind::keep_largest);
  read_values(c, f, true);
  c.ignore({"is_onehot"});
  f.together = !c.flag("independent", true);
  f.connectivity = connectivity(c, 26);
  if (c.integer("num_components").value_or(1) != 1) c.fail("num_components", "is not 1");
  s.out.labels.filters.push_back(f);
}

void fill_holes(State& s, Component& c) {
  LabelFilter f = filter(s, c, LabelFilter::Kind::fill_holes);
  read_values(c, f, true);
  f.connectivity = connectivity(c, 26);
  // MONAI gives every voxel inside to the label, other labels too; here only what is background.
  const int labels = s.out.labels.regions ? s.classes : s.classes - 1;
  if (labels > 1) c.fail("of several labels, which would take each other's voxels");
  s.out.labels.filters.push_back(f);
}

void remove_small(State& s, Component& c) {
  LabelFilter f = filter(s, c, LabelFilter::Kind::remove_small);
  f.min_voxels = c.integer("min_size").value_or(64);
  if (f.min_voxels < 0) c.fail("min_size", "is below 0");
  f.connectivity = connectivity(c, 6);
  f.together = !c.flag("independent_channels", true);
  c.refuse({"by_measure"});
  c.ignore({"pixdim"});
  // Of several label numbers in one channel scikit-image takes each label for one object.
  const int labels = s.out.labels.regions ? s.classes : s.classes - 1;
  if (labels > 1 && !f.together && !s.one_hot) {
    c.fail("independent_channels", "of several labels in one channel");
  }
  s.out.labels.filters.push_back(f);
}

void label_filter(State& s, Component& c) {
  LabelFilter f = filter(s, c, LabelFilter::Kind::keep_values);
  read_values(c, f, false);
  s.out.labels.filters.push_back(f);
}

// ---------------------------------------------------------------- channels to numbers

std::optional<double> constant_number(const Expression& e) {
  if (e.kind != Exp::constant) return std::nullopt;
  if (e.value->is(Node::Kind::integer)) return static_cast<double>(e.value->integer);
  if (e.value->is(Node::Kind::number)) return e.value->number;
  return std::nullopt;
}

/// The channel of `x[[2]]` or `x[2]`.
std::optional<std::int64_t> channel_of(const Expression& e, const std::string& x) {
  if (e.kind != Exp::subscript || e.parts[0].kind != Exp::name || e.parts[0].text != x) {
    return std::nullopt;
  }
  const Expression* index = &e.parts[1];
  if (index->kind == Exp::list && index->parts.size() == 1) index = &index->parts.front();
  if (index->kind != Exp::constant || !index->value->is(Node::Kind::integer)) return std::nullopt;
  return index->value->integer;
}

/// A condition that holds for 1 and not for 0: `> 0`, `>= 1`, `== 1`.
bool is_of_ones(const Expression& e) {
  const auto bound = e.parts.size() == 2 ? constant_number(e.parts[1]) : std::nullopt;
  if (!bound) return false;
  if (e.names.front() == ">") return *bound >= 0 && *bound < 1;
  if (e.names.front() == ">=") return *bound > 0 && *bound <= 1;
  return e.names.front() == "==" && *bound == 1;
}

bool is_where(const Expression& e) {
  return e.kind == Exp::call && e.parts.size() == 4 && e.parts[0].kind == Exp::attribute &&
         e.parts[0].text == "where" && e.parts[0].parts[0].kind == Exp::name &&
         e.parts[0].parts[0].text == "torch";
}

/// `lambda x: torch.where(x[[2]] > 0, 4, torch.where(x[[0]] > 0, 1, ... 0))`: the channel that is
/// asked for first wins, so it comes last in the order.
void channels_to_numbers(State& s, Component& c) {
  const auto refuse = [&]() {
    c.fail("func", "is not a chain of torch.where over channels, which is all that is known");
  };
  const NodePtr function = c.value("func");
  c.refuse({"inv_func", "overwrite"});
  c.ignore({"track_meta"});
  if (function == nullptr || !function->is(Node::Kind::function)) refuse();
  if (!s.decided || s.regions_merged) c.fail("func", "of other than channels of 0 and 1");
  const Expression& f = *function->function;
  if (f.names.size() != 1) refuse();
  std::vector<int> order;
  s.out.values.assign(static_cast<std::size_t>(s.classes), 0);
  const Expression* at = &f.parts.front();
  for (; is_where(*at); at = &at->parts[3]) {
    const Expression& condition = at->parts[1];
    if (condition.kind != Exp::comparison || !is_of_ones(condition)) refuse();
    const auto channel = channel_of(condition.parts[0], f.names.front());
    const auto value = constant_number(at->parts[2]);
    constexpr double kLargestLabel = 255;
    if (!channel || !value || *value != std::floor(*value)) refuse();
    if (*channel < 0 || *channel >= s.classes) c.fail("func", "names a channel that there is not");
    if (*value < 1 || *value > kLargestLabel) c.fail("func", "gives a number out of 1 to 255");
    const int number = static_cast<int>(*channel);
    if (std::find(order.begin(), order.end(), number) != order.end()) refuse();
    order.push_back(number);
    s.out.values[static_cast<std::size_t>(number)] = static_cast<int>(*value);
  }
  if (order.empty() || constant_number(*at) != 0.0) refuse();
  std::reverse(order.begin(), order.end());
  s.out.labels.order = order;
  s.regions_merged = true;
}

void saver(State& s, Component& c) {
  if (c.name() != "SaveImage") return;
  c.refuse({"scale"});
  s.resamples_when_saved = c.flag("resample", true);
}

/// @throws where it is none of those that are known
void read(State& s, Component& c) {
  if (c.name() == "Activations") return activations(s, c);
  if (c.name() == "AsDiscrete") return as_discrete(s, c);
  if (c.name() == "Invert") return invert(s, c);
  if (c.name() == "KeepLargestConnectedComponent") return keep_largest(s, c);
  if (c.name() == "FillHoles") return fill_holes(s, c);
  if (c.name() == "RemoveSmallObjects") return remove_small(s, c);
  if (c.name() == "LabelFilter") return label_filter(s, c);
  if (c.name() == "Lambda") return channels_to_numbers(s, c);
  c.fail("is not a transform that this program knows");
}

bool only_writes(const Component& c) {
  return c.name().rfind("Save", 0) == 0 || c.name() == "DeleteItems" || c.name() == "DataStats" ||
         c.name() == "SelectItems" || c.name() == "CopyItems" || c.name() == "ToDevice";
}

/// Where labels are decided, out of where everything stood.
void settle(State& s, const NodePtr& postprocessing) {
  const Config& config = s.config;
  if (!s.decided) {
    config.fail(*postprocessing,
                "postprocessing decides nothing: AsDiscrete is wanted with argmax "
                "or threshold");
  }
  LabelStep& labels = s.out.labels;
  if (!moves(s.before)) return;
  if (s.scores == Way::linear) return;
  if (!s.inverted && (s.before.resized || s.before.moved_edges || !s.resamples_when_saved)) {
    config.fail(*postprocessing,
                "postprocessing has no Invert, and preprocessing changes the grid");
  }
  // Without Invert the file is resampled when it is saved, by nearest neighbour.
  labels.interpolate_numbers = s.numbers == Way::linear;
  labels.on_network_grid = true;
}

}  // namespace

Postprocessing read_postprocessing(const Config& config, const NodePtr& postprocessing,
                                   const NodePtr& preprocessing, const Preprocessing& before,
                                   int classes) {
  State s(config, before, classes);
  s.preprocessing = config.resolve(preprocessing);
  for (Component& c : components(config, postprocessing)) {
    if (only_writes(c)) {
      saver(s, c);
      continue;
    }
    if (!c.choose_key("pred")) c.fail("keys", "leave out the prediction ('pred')");
    if (!is_without_effect(c, s.decided)) read(s, c);
    c.finish();
  }
  settle(s, postprocessing);
  return std::move(s.out);
}

ClassDecision read_class_decision(const Config& config, const NodePtr& postprocessing) {
  ClassDecision out;
  for (Component& c : components(config, postprocessing)) {
    if (only_writes(c)) continue;
    if (!c.choose_key("pred")) c.fail("keys", "leave out the prediction ('pred')");
    if (c.name() == "Activations") {
      const bool softmax = c.flag("softmax", false), sigmoid = c.flag("sigmoid", false);
      c.refuse({"other", "dim"});
      if (softmax && sigmoid) c.fail("asks for softmax and sigmoid");
      if (out.highest || out.threshold) c.fail("stands behind the decision");
      if (softmax) out.activation = Activation::softmax;
      if (sigmoid) out.activation = Activation::sigmoid;
    } else if (c.name() == "AsDiscrete") {
      out.highest = c.flag("argmax", false);
      out.threshold = c.number("threshold");
      c.refuse({"dim", "rounding"});
      c.ignore({"to_onehot", "keepdim", "dtype"});
      if (out.highest && out.threshold) c.fail("threshold", "together with argmax");
    } else if (!is_without_effect(c, true)) {
      c.fail("is not a transform that this program knows");
    }
    c.finish();
  }
  return out;
}

}  // namespace osler::bundle
