// Transforms before the network. The semantics are those of MONAI 1.6.

#include <algorithm>
#include <cmath>
#include <map>

#include "registry/bundle_expression.hpp"
#include "registry/bundle_transforms.hpp"

namespace osler::bundle {
namespace {

using Expressions = Expression::Kind;
using Statistics = NormaliseStep::Statistics;

struct State {
  Preprocessing out;
  bool oriented = false;
  bool changed_grid = false;
};
using Read = void (*)(State&, Component&);

void load_image(State&, Component& c) {
  c.ignore({"reader", "image_only", "meta_keys", "meta_key_postfix", "overwriting", "simple_keys",
            "prune_meta_pattern", "prune_meta_sep", "expanduser", "ensure_channel_first"});
  c.keep_real("dtype");
  if (!c.flag("affine_lps_to_ras", true)) c.fail("affine_lps_to_ras", "is false");
}

void ensure_channel_first(State& s, Component& c) {
  c.ignore({"meta_keys", "meta_key_postfix", "strict_check"});
  const NodePtr axis = c.value("channel_dim");
  if (axis == nullptr || axis->text == "no_channel") return;
  const auto number = c.integer("channel_dim");
  const bool known = s.out.dimensions == 2 && (*number == 0 || *number == -1 || *number == 2);
  if (!known) c.fail("channel_dim", "is known of pictures only: 0, 2 or -1");
  s.out.channel_axis = *number == 0 ? 0 : -1;
}

void orientation(State& s, Component& c) {
  c.ignore({"allow_missing_keys"});
  c.refuse({"labels", "lazy"});
  if (s.oriented) c.fail("stands twice");
  if (s.changed_grid) c.fail("stands behind a transform that changes the grid");
  std::string axes = "RAS";
  const auto given = c.word("axcodes");
  if (!c.flag("as_closest_canonical", false)) {
    if (!given) c.fail("axcodes", "is missing");
    axes = *given;
  }
  std::string pairs;
  for (const char axis : axes) {
    const auto at = std::string_view("LRPASI").find(axis);
    if (at != std::string_view::npos) pairs += static_cast<char>('0' + at / 2);
  }
  std::sort(pairs.begin(), pairs.end());
  if (axes.size() != 3 || pairs != "012") c.fail("axcodes", "is not three directions such as RAS");
  std::reverse(axes.begin(), axes.end());
  s.out.image.orient.axes = axes;
  s.oriented = true;
}

StepInterpolation interpolation(Component& c, const char* argument, const std::string& otherwise,
                                const std::map<std::string, StepInterpolation>& words) {
  const std::string mode = c.word(argument).value_or(otherwise);
  const auto found = words.find(mode);
  if (found == words.end()) c.fail(argument, "'" + mode + "' is not one that this program knows");
  return found->second;
}

void spacing(State& s, Component& c) {
  // Points that are taken do not depend on align_corners: they are computed from affine maps.
  c.ignore({"align_corners", "meta_keys", "meta_key_postfix", "ensure_same_shape"});
  c.refuse({"diagonal", "scale_extent", "recompute_affine", "min_pixdim", "max_pixdim", "lazy"});
  c.keep_real("dtype");
  if (c.word("padding_mode").value_or("border") != "border") {
    c.fail("padding_mode", "is not 'border'");
  }
  ResampleStep step;
  step.alignment = ResampleStep::Alignment::first_voxel;
  step.interpolation = interpolation(
      c, "mode", "bilinear",
      {{"bilinear", StepInterpolation::linear}, {"nearest", StepInterpolation::nearest}});
  const auto pixdim = c.triple("pixdim", s.out.dimensions, 0, true);
  if (!pixdim) c.fail("pixdim", "is missing");
  constexpr double kCoarsestMm = 1000;
  for (std::size_t i = 0; i < 3; ++i) {
    if ((*pixdim)[i] > kCoarsestMm) c.fail("pixdim", "is out of range");
    step.spacing_mm[i] = std::max((*pixdim)[i], 0.0);  // not above 0: the image's own
  }
  if (s.out.resampled) c.fail("stands twice");
  s.out.resampled = step.interpolation;
  s.changed_grid = true;
  s.out.image.steps.emplace_back(step);
}

void scale_intensity(State& s, Component& c) {
  c.keep_real("dtype");
  const NodePtr low = c.node().member("minv"), high = c.node().member("maxv");
  // Not given means 0 and 1; None means neither is wanted.
  const auto minv = low == nullptr ? 0.0 : c.number("minv");
  const auto maxv = high == nullptr ? 1.0 : c.number("maxv");
  const auto factor = c.number("factor");
  const bool per_channel = c.flag("channel_wise", false);
  c.ignore({"minv", "maxv"});
  if (!minv && !maxv) {
    if (!factor || *factor == 0) return;
    NormaliseStep step;
    if (*factor == -1) c.fail("factor", "makes everything 0");
    step.scale = 1 / (1 + *factor);
    s.out.image.steps.emplace_back(step);
    return;
  }
  RescaleStep step;
  step.per_channel = per_channel;
  if (minv && maxv) {
    step.c = *minv;
    step.d = *maxv;
  }
  s.out.image.steps.emplace_back(step);
}

void hold_range(Component& c, RescaleStep& step, std::optional<double> low,
                std::optional<double> high) {
  const bool clip = c.flag("clip", false);
  if (low.has_value() != high.has_value() && clip) c.fail("clip", "of one side only");
  if (low && high) {
    step.c = *low;
    step.d = *high;
    step.clip = clip;
    if (clip && *low > *high) c.fail("clip", "to a range that is turned round");
  }
}

void scale_intensity_range(State& s, Component& c) {
  c.keep_real("dtype");
  RescaleStep step;
  step.from = RescaleStep::From::values;
  const auto a = c.number("a_min"), b = c.number("a_max");
  if (!a || !b) c.fail(a ? "a_max" : "a_min", "is missing");
  if (*a == *b) c.fail("a_max", "is a_min");
  step.a = *a;
  step.b = *b;
  hold_range(c, step, c.number("b_min"), c.number("b_max"));
  s.out.image.steps.emplace_back(step);
}

void scale_intensity_percentiles(State& s, Component& c) {
  c.keep_real("dtype");
  RescaleStep step;
  step.from = RescaleStep::From::percentiles;
  step.per_channel = c.flag("channel_wise", false);
  const auto lower = c.number("lower"), upper = c.number("upper");
  if (!lower || !upper) c.fail(lower ? "upper" : "lower", "is missing");
  if (*lower < 0 || *upper > 100 || *lower >= *upper) c.fail("lower", "and upper are no range");
  step.a = *lower;
  step.b = *upper;
  auto low = c.number("b_min"), high = c.number("b_max");
  if (c.flag("relative", false)) {
    if (!low || !high) c.fail("relative", "wants b_min and b_max");
    const double width = *high - *low;
    high = *low + width * *upper / 100;
    low = *low + width * *lower / 100;
  }
  hold_range(c, step, low, high);
  s.out.image.steps.emplace_back(step);
}

void normalize_intensity(State& s, Component& c) {
  c.keep_real("dtype");
  const bool nonzero = c.flag("nonzero", false);
  const bool per_channel = c.flag("channel_wise", false);
  const std::vector<double> shift = c.numbers("subtrahend"), scale = c.numbers("divisor");
  if (shift.empty() && scale.empty()) {
    NormaliseStep step;
    step.statistics = nonzero ? Statistics::nonzero : Statistics::all;
    step.only_counted = nonzero;
    step.per_channel = per_channel;
    if (nonzero) {
      for (ImageStep& before : s.out.image.steps) {
        auto* resample = std::get_if<ResampleStep>(&before);
        if (resample == nullptr || resample->interpolation == StepInterpolation::nearest) continue;
        resample->no_zero_beside_others = true;
      }
    }
    s.out.image.steps.emplace_back(step);
    return;
  }
  if (shift.size() != scale.size()) c.fail("divisor", "and subtrahend are not both given");
  if (nonzero) c.fail("nonzero", "with numbers that are given");
  constexpr std::size_t kMostChannels = 64;
  if (shift.size() > 1 && !per_channel) c.fail("subtrahend", "is a list without channel_wise");
  if (shift.size() > kMostChannels) c.fail("subtrahend", "has too many numbers");
  for (std::size_t i = 0; i < shift.size(); ++i) {
    NormaliseStep step;
    step.shift = shift[i];
    step.scale = scale[i] == 0 ? 1 : scale[i];
    if (per_channel) step.channel = static_cast<int>(i);
    s.out.image.steps.emplace_back(step);
  }
}

/// `lambda x: x > 5` and 5; @throws where it is anything else
double above(Component& c, const NodePtr& function) {
  if (function->is(Node::Kind::function)) {
    const Expression& f = *function->function;
    const Expression& body = f.parts.front();
    const bool is_comparison = f.names.size() == 1 && body.kind == Expressions::comparison &&
                               body.parts.size() == 2 && body.names.front() == ">" &&
                               body.parts[0].kind == Expressions::name &&
                               body.parts[0].text == f.names.front();
    if (is_comparison) {
      const bool negative = body.parts[1].kind == Expressions::negative;
      const Expression& number = negative ? body.parts[1].parts[0] : body.parts[1];
      if (number.kind == Expressions::constant && number.value->is(Node::Kind::integer)) {
        return (negative ? -1 : 1) * static_cast<double>(number.value->integer);
      }
      if (number.kind == Expressions::constant && number.value->is(Node::Kind::number)) {
        return (negative ? -1 : 1) * number.value->number;
      }
    }
  }
  c.fail("select_fn", "is not 'lambda x: x > NUMBER'");
}

void crop_foreground(State& s, Component& c) {
  c.ignore({"start_coord_key", "end_coord_key"});
  c.refuse({"return_coords", "lazy"});
  CropStep step;
  step.to = CropStep::To::above;
  if (c.of_dictionary() && c.word("source_key") != s.out.key)
    c.fail("source_key", "is another one");
  if (const NodePtr function = c.value("select_fn")) step.value = above(c, function);
  if (c.has("channel_indices")) c.fail("channel_indices", "is not supported");
  if (const auto margin = c.whole_triple("margin", s.out.dimensions, 0)) step.margin = *margin;
  if (std::any_of(step.margin.begin(), step.margin.end(), [](auto n) { return n < 0; })) {
    c.fail("margin", "is below 0");
  }
  // MONAI pads beyond the image where it may not be smaller; its default was changed in 1.5.
  if (step.margin != Size3{0, 0, 0} && !c.flag("allow_smaller", false)) {
    c.fail("margin", "is supported with allow_smaller true only");
  }
  c.ignore({"allow_smaller"});
  if (const auto k = c.whole_triple("k_divisible", s.out.dimensions, 1)) step.multiple_of = *k;
  for (auto& n : step.multiple_of) n = std::max<std::int64_t>(n, 1);
  if (c.word("mode").value_or("constant") != "constant" || c.number("value").value_or(0) != 0 ||
      c.number("constant_values").value_or(0) != 0) {
    c.fail("mode", "other than the constant 0");
  }
  s.out.moved_edges = s.changed_grid = true;
  s.out.image.steps.emplace_back(step);
}

PadStep padding(Component& c) {
  PadStep step;
  const std::string method = c.word("method").value_or("symmetric");
  if (method != "symmetric" && method != "end") c.fail("method", "is not symmetric or end");
  step.at_end = method == "end";
  const std::string mode = c.word("mode").value_or("constant");
  const std::map<std::string, PadWith> modes{{"constant", PadWith::value},
                                             {"edge", PadWith::outermost},
                                             {"replicate", PadWith::outermost},
                                             {"reflect", PadWith::mirrored}};
  const auto found = modes.find(mode);
  if (found == modes.end()) c.fail("mode", "is not one that this program knows");
  step.with = found->second;
  step.value = c.number("value").value_or(c.number("constant_values").value_or(0));
  c.refuse({"lazy"});
  return step;
}

void spatial_pad(State& s, Component& c) {
  PadStep step = padding(c);
  const auto size = c.whole_triple("spatial_size", s.out.dimensions, 0);
  if (!size) c.fail("spatial_size", "is missing");
  for (std::size_t i = 0; i < 3; ++i) step.to[i] = std::max<std::int64_t>((*size)[i], 0);
  s.out.moved_edges = s.changed_grid = true;
  s.out.image.steps.emplace_back(step);
}

void divisible_pad(State& s, Component& c) {
  PadStep step = padding(c);
  const auto k = c.whole_triple("k", s.out.dimensions, 1);
  if (!k) c.fail("k", "is missing");
  for (std::size_t i = 0; i < 3; ++i) step.multiple_of[i] = std::max<std::int64_t>((*k)[i], 1);
  s.out.moved_edges = s.changed_grid = true;
  s.out.image.steps.emplace_back(step);
}

void resize(State& s, Component& c) {
  c.refuse({"align_corners", "anti_aliasing", "lazy"});
  c.ignore({"anti_aliasing_sigma"});
  c.keep_real("dtype");
  if (c.word("size_mode").value_or("all") != "all") c.fail("size_mode", "is not 'all'");
  const bool planar = s.out.dimensions == 2;
  ResizeStep step;
  step.interpolation =
      interpolation(c, "mode", "area",
                    {{"area", StepInterpolation::area},
                     {"nearest", StepInterpolation::nearest},
                     {planar ? "bilinear" : "trilinear", StepInterpolation::linear}});
  const auto size = c.whole_triple("spatial_size", s.out.dimensions, planar ? 1 : 0);
  if (!size) c.fail("spatial_size", "is missing");
  for (std::size_t i = 0; i < 3; ++i) step.size[i] = std::max<std::int64_t>((*size)[i], 0);
  if (s.out.resized) c.fail("stands twice");
  s.out.resized = step.interpolation;
  s.changed_grid = true;
  s.out.image.steps.emplace_back(step);
}

const std::map<std::string, Read>& transforms() {
  static const std::map<std::string, Read> all{
      {"LoadImage", load_image},
      {"EnsureChannelFirst", ensure_channel_first},
      {"Orientation", orientation},
      {"Spacing", spacing},
      {"ScaleIntensity", scale_intensity},
      {"ScaleIntensityRange", scale_intensity_range},
      {"ScaleIntensityRangePercentiles", scale_intensity_percentiles},
      {"NormalizeIntensity", normalize_intensity},
      {"CropForeground", crop_foreground},
      {"SpatialPad", spatial_pad},
      {"DivisiblePad", divisible_pad},
      {"Resize", resize}};
  return all;
}

}  // namespace

bool is_without_effect(Component& c, bool deciding) {
  if (c.name() == "EnsureType" || c.name() == "CastToType" || c.name() == "ToTensor") {
    c.ignore({"data_type", "device", "wrap_sequence", "track_meta"});
    deciding ? c.ignore({"dtype"}) : c.keep_real("dtype");
    return true;
  }
  return c.name() == "Identity" || c.name() == "SelectItems" || c.name() == "ToDevice" ||
         c.name() == "DataStats";
}

Preprocessing read_preprocessing(const Config& config, const NodePtr& preprocessing,
                                 int dimensions) {
  State s;
  s.out.dimensions = dimensions;
  s.out.image.orient.axes = dimensions == 2 ? "jik" : "kji";
  bool first = true;
  for (Component& c : components(config, preprocessing)) {
    const auto found = transforms().find(c.name());
    const bool idle = found == transforms().end() && is_without_effect(c, false);
    if (found == transforms().end() && !idle) {
      c.fail("is not a transform that this program knows");
    }
    if (first) {
      if (c.name() != "LoadImage") c.fail("stands first; LoadImage is expected there");
      const std::vector<std::string> keys =
          c.of_dictionary() ? c.keys() : std::vector<std::string>{};
      if (keys.size() > 1) c.fail("keys", "are several images, which are not put together");
      if (c.of_dictionary() && keys.empty()) c.fail("keys", "is missing");
      if (!keys.empty()) s.out.key = keys.front();
      first = false;
    } else if (c.name() == "LoadImage") {
      c.fail("stands twice");
    }
    if (!c.choose_key(s.out.key)) c.fail("keys", "leave out the image ('" + s.out.key + "')");
    if (c.name() == "DataStats" || c.name() == "SelectItems" || c.name() == "ToDevice") continue;
    if (!idle) found->second(s, c);
    c.finish();
  }
  if (first) config.fail(*preprocessing, "holds no transform");
  return std::move(s.out);
}

}  // namespace osler::bundle
