#include "registry/image_step_reader.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <string>

namespace osler {
namespace {

constexpr double kCoarsestMm = 1000;
constexpr std::int64_t kLongestSide = 4096;

/// One of each pair, in any order: "LRPASI" for directions, "iijjkk" for the source's own axes.
bool is_order(const std::string& axes, std::string_view pairs) {
  std::set<std::size_t> used;
  for (const char c : axes) {
    const auto at = pairs.find(c);
    if (at == std::string_view::npos) return false;
    used.insert(at / 2);
  }
  return axes.size() == 3 && used.size() == 3;
}

OrientStep read_orient(const MemberReader& r) {
  r.only({"step", "axes"});
  OrientStep step{r.get<std::string>("axes")};
  if (!is_order(step.axes, "LRPASI") && !is_order(step.axes, "iijjkk")) {
    r.fail("axes", "are neither three directions such as LPS nor an order of i, j and k");
  }
  return step;
}

Vec3 read_spacing(const MemberReader& r) {
  const auto spacing = r.get<Vec3>("spacing_mm");
  if (std::any_of(spacing.begin(), spacing.end(),
                  [](double mm) { return !(mm >= 0 && mm <= kCoarsestMm); })) {
    r.fail("spacing_mm", "is out of range");
  }
  return spacing;
}

Size3 read_counts(const MemberReader& r, const char* key, std::int64_t least) {
  const auto counts = r.get<Size3>(key);
  for (const std::int64_t n : counts) {
    if (n < least || n > kLongestSide) {
      r.fail(key, "is out of range (" + std::to_string(least) + " to " +
                      std::to_string(kLongestSide) + ")");
    }
  }
  return counts;
}

int read_channel(const MemberReader& r) {
  const int channel = r.get_or("channel", kAllChannels);
  if (channel < kAllChannels) r.fail("channel", "is below 0");
  return channel;
}

CropStep read_crop(const MemberReader& r) {
  using To = CropStep::To;
  CropStep step;
  step.to =
      r.word<To>("to", {{"nonzero", To::nonzero}, {"above", To::above}, {"labels", To::labels}});
  switch (step.to) {
    case To::nonzero:
      r.only({"step", "to"});
      break;
    case To::above:
      r.only({"step", "to", "value", "margin", "multiple_of"});
      step.value = r.get_or("value", 0.0);
      if (r.has("margin")) step.margin = read_counts(r, "margin", 0);
      if (r.has("multiple_of")) step.multiple_of = read_counts(r, "multiple_of", 1);
      break;
    case To::labels:
      r.only({"step", "to", "of", "labels", "margin_mm"});
      step.stage = r.get<std::string>("of");
      if (r.has("labels")) step.labels = r.get<std::vector<std::string>>("labels");
      step.margin_mm = r.get_or("margin_mm", 0.0);
      if (!(step.margin_mm >= 0 && step.margin_mm <= kCoarsestMm)) {
        r.fail("margin_mm", "is out of range");
      }
      break;
  }
  return step;
}

NormaliseStep read_normalise(const MemberReader& r) {
  r.only({"step", "clip", "shift", "scale", "statistics", "changes", "per_channel", "channel"});
  using Statistics = NormaliseStep::Statistics;
  NormaliseStep step;
  if (r.has("clip")) {
    const auto clip = r.get<std::array<double, 2>>("clip");
    if (!(clip[0] < clip[1])) r.fail("clip", "is not a range");
    step.low = clip[0];
    step.high = clip[1];
  }
  step.channel = read_channel(r);
  if (r.has("statistics")) {
    step.statistics = r.word<Statistics>("statistics", {{"all", Statistics::all},
                                                        {"nonzero", Statistics::nonzero},
                                                        {"content", Statistics::content}});
    if (r.has("changes")) {
      step.only_counted = r.word<bool>("changes", {{"all", false}, {"counted", true}});
    }
    step.per_channel = r.get_or("per_channel", true);
    return step;
  }
  step.shift = r.get<double>("shift");
  step.scale = r.get<double>("scale");
  if (step.scale == 0) r.fail("scale", "is 0");
  return step;
}

RescaleStep read_rescale(const MemberReader& r) {
  r.only({"step", "from", "to", "clip", "per_channel", "channel"});
  using From = RescaleStep::From;
  RescaleStep step;
  std::array<double, 2> from{0, 1};
  if (r.is_text("from")) {
    step.from = r.word<From>("from", {{"range", From::range}});
  } else if (r.is_object("from")) {
    step.from = From::percentiles;
    r.at("from").only({"percentiles"});
    from = r.at("from").get<std::array<double, 2>>("percentiles");
    if (!(from[0] >= 0 && from[0] < from[1] && from[1] <= 100)) {
      r.fail("from", "are not percentiles, 0 <= low < high <= 100");
    }
  } else {
    step.from = From::values;
    from = r.get<std::array<double, 2>>("from");
    if (from[0] == from[1]) r.fail("from", "is no range");
  }
  const auto to = r.get<std::array<double, 2>>("to");
  step.a = from[0];
  step.b = from[1];
  step.c = to[0];
  step.d = to[1];
  step.clip = r.get_or("clip", false);
  step.per_channel = r.get_or("per_channel", true);
  step.channel = read_channel(r);
  return step;
}

StepInterpolation read_interpolation(const MemberReader& r, bool with_area) {
  using I = StepInterpolation;
  std::map<std::string, I> words{
      {"nearest", I::nearest}, {"linear", I::linear}, {"cubic", I::cubic}};
  if (with_area) words["area"] = I::area;
  return r.word<I>("interpolation", words);
}

ResampleStep read_resample(const MemberReader& r) {
  r.only({"step", "spacing_mm", "interpolation", "alignment"});
  using Alignment = ResampleStep::Alignment;
  ResampleStep step;
  step.spacing_mm = read_spacing(r);
  step.interpolation = read_interpolation(r, false);
  step.alignment = r.word<Alignment>(
      "alignment", {{"edges", Alignment::edges}, {"first-voxel", Alignment::first_voxel}});
  return step;
}

NnunetResampleStep read_nnunet_resample(const MemberReader& r) {
  r.only({"step", "rule", "spacing_mm", "order", "order_across", "separate", "anisotropy"});
  NnunetResampleStep step;
  r.word<bool>("rule", {{"nnunet", true}});
  step.spacing_mm = read_spacing(r);
  read_nnunet_rule(r, step);
  return step;
}

PadStep read_pad(const MemberReader& r) {
  r.only({"step", "to", "multiple_of", "where", "with", "value"});
  PadStep step;
  if (!r.has("to") && !r.has("multiple_of")) r.fail("to", "or multiple_of is missing");
  if (r.has("to")) step.to = read_counts(r, "to", 0);
  if (r.has("multiple_of")) step.multiple_of = read_counts(r, "multiple_of", 1);
  if (r.has("where")) step.at_end = r.word<bool>("where", {{"both", false}, {"end", true}});
  if (r.has("with")) step.with = read_pad_with(r, "with");
  step.value = r.get_or("value", 0.0);
  return step;
}

ResizeStep read_resize(const MemberReader& r) {
  r.only({"step", "size", "interpolation"});
  return {read_counts(r, "size", 0), read_interpolation(r, true)};
}

AddLabelsStep read_add_labels(const MemberReader& r) {
  r.only({"step", "of", "values"});
  AddLabelsStep step{r.get<std::string>("of"), r.get<std::vector<int>>("values")};
  if (step.values.empty()) r.fail("values", "are none");
  return step;
}

using StepReader = void (*)(const MemberReader&, ImageSteps&);

template <auto Read>
void append(const MemberReader& r, ImageSteps& into) {
  into.steps.emplace_back(Read(r));
}

void orient(const MemberReader& r, ImageSteps& into) {
  if (!into.steps.empty()) r.fail("step", "orient is not the first step");
  into.orient = read_orient(r);
}

void resample(const MemberReader& r, ImageSteps& into) {
  if (r.has("rule")) {
    into.steps.emplace_back(read_nnunet_resample(r));
  } else {
    into.steps.emplace_back(read_resample(r));
  }
}

const std::map<std::string_view, StepReader>& readers() {
  static const std::map<std::string_view, StepReader> all{
      {"orient", orient},
      {"crop", append<read_crop>},
      {"normalise", append<read_normalise>},
      {"rescale", append<read_rescale>},
      {"resample", resample},
      {"pad", append<read_pad>},
      {"resize", append<read_resize>},
      {"add-labels", append<read_add_labels>},
  };
  return all;
}

}  // namespace

bool is_image_step(std::string_view name) {
  return readers().contains(name);
}

void read_image_step(const MemberReader& r, ImageSteps& into) {
  readers().at(r.get<std::string>("step"))(r, into);
}

void read_nnunet_rule(const MemberReader& r, NnunetResampleStep& step) {
  step.order = r.get_or("order", step.order);
  step.order_across = r.get_or("order_across", step.order_across);
  for (const int order : {step.order, step.order_across}) {
    if (order != 0 && order != 1 && order != 3) r.fail("order", "is not 0, 1 or 3");
  }
  if (r.has("separate") && !r.is_text("separate")) {
    step.separate = r.get<bool>("separate");
  } else if (r.has("separate")) {
    r.word<bool>("separate", {{"auto", true}});
  }
  step.anisotropy = r.get_or("anisotropy", step.anisotropy);
  if (!(step.anisotropy >= 1)) r.fail("anisotropy", "is below 1");
}

PadWith read_pad_with(const MemberReader& r, const char* key) {
  return r.word<PadWith>(key, {{"value", PadWith::value},
                               {"outermost", PadWith::outermost},
                               {"mirrored", PadWith::mirrored}});
}

bool read_on_network(const MemberReader& r, const char* key) {
  return r.word<bool>(key, {{"source", false}, {"network", true}});
}

bool read_planar(const MemberReader& r) {
  const int dimensions = r.get_or("dimensions", 3);
  if (dimensions != 2 && dimensions != 3) r.fail("dimensions", "are not 2 or 3");
  return dimensions == 2;
}

}  // namespace osler
