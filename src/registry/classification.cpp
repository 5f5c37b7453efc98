#include "registry/classification.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "registry/image_step_reader.hpp"
#include "registry/member_reader.hpp"
#include "registry/steps.hpp"

namespace osler {
namespace {

using Kind = Calibration::Kind;

/// a and b of each class, in the order of "evaluations".
using PlattPairs = std::vector<std::array<double, 2>>;

Calibration read_calibration(const MemberReader& r, PlattPairs& pairs) {
  r.only({"temperature", "platt", "fitted_on"});
  Calibration c;
  c.fitted_on = r.get<std::string>("fitted_on");
  if (c.fitted_on.empty()) r.fail("fitted_on", "is empty: on what data was it fitted?");
  if (r.has("temperature") == r.has("platt")) {
    r.fail("", "has neither temperature nor platt, or both");
  }
  if (r.has("temperature")) {
    c.kind = Kind::temperature;
    c.temperature = r.get<double>("temperature");
    if (!(c.temperature > 0)) r.fail("temperature", "is not above 0");
  } else {
    c.kind = Kind::platt;
    pairs = r.get<PlattPairs>("platt");
    for (const auto& [a, b] : pairs) {
      if (!(a > 0)) r.fail("platt", "has a slope that is not above 0: a higher score is likelier");
    }
  }
  return c;
}

void check_activation(const Classification& c, const MemberReader& r) {
  if (c.multi_label && c.activation == Activation::softmax) {
    r.fail("activation", "softmax makes classes exclude each other; multi_label says they do not");
  }
  if (!c.multi_label && c.activation == Activation::sigmoid) {
    r.fail("activation", "sigmoid takes each class for itself; then multi_label is true");
  }
  if (c.calibration.kind == Kind::platt && c.activation != Activation::sigmoid) {
    r.fail("calibration", "of Platt's is of classes by themselves: activation sigmoid");
  }
  if (c.calibration.kind != Kind::none && c.activation == Activation::none) {
    r.fail("calibration", "is of scores; with activation none they are probabilities already");
  }
}

void read_classify(const MemberReader& r, Classification& c, PlattPairs& pairs) {
  r.only({"step", "dimensions", "colour", "repeat_to", "activation", "multi_label", "calibration"});
  c.planar = read_planar(r);
  if (r.has("colour")) c.colour = r.word<bool>("colour", {{"monochrome", false}, {"rgb", true}});
  c.repeat_to = r.get_or("repeat_to", 1);
  if (c.repeat_to != 1 && c.repeat_to != 3) r.fail("repeat_to", "is not 1 or 3");
  if (!c.planar && (c.colour || c.repeat_to != 1)) {
    r.fail("dimensions", "3 goes with neither colour nor repeat_to");
  }
  c.activation = r.word<Activation>("activation", {{"none", Activation::none},
                                                   {"softmax", Activation::softmax},
                                                   {"sigmoid", Activation::sigmoid}});
  c.multi_label = r.get_or("multi_label", false);
  if (r.has("calibration")) c.calibration = read_calibration(r.at("calibration"), pairs);
  check_activation(c, r);
}

ClassRule read_class(const MemberReader& r) {
  r.only({"label", "output", "code", "threshold", "nothing_found"});
  ClassRule rule;
  rule.label = r.get<std::string>("label");
  rule.output = r.get<int>("output");
  rule.code = read_code(r.at("code"));
  if (r.has("threshold")) {
    rule.threshold = r.get<double>("threshold");
    if (!(*rule.threshold > 0 && *rule.threshold < 1)) r.fail("threshold", "is not 0 < p < 1");
  }
  rule.nothing_found = r.get_or("nothing_found", false);
  if (rule.nothing_found && rule.threshold) {
    r.fail("threshold", "is of a class that is present where no other is");
  }
  return rule;
}

void read_gives(const MemberReader& r, const PlattPairs& pairs, Classification& c) {
  r.only({"classes", "question", "evaluations"});
  const int outputs = r.get<int>("classes");
  c.question = read_code(r.at("question"));
  c.classes = r.list("evaluations", read_class);
  if (c.classes.empty()) r.fail("evaluations", "are none");
  std::set<int> named;
  int nothing = 0;
  for (const ClassRule& rule : c.classes) {
    if (rule.output < 0 || rule.output >= outputs || !named.insert(rule.output).second) {
      r.fail("evaluations", "name an output out of range, or one twice");
    }
    nothing += rule.nothing_found ? 1 : 0;
    if (c.multi_label && !rule.threshold && !rule.nothing_found) {
      r.fail("evaluations", "need a threshold where classes do not exclude each other");
    }
  }
  if (nothing > 1) r.fail("evaluations", "have more than one class that is nothing_found");
  if (!c.multi_label && (outputs < 2 || static_cast<int>(named.size()) != outputs)) {
    r.fail("evaluations",
           "do not name each of two or more outputs; classes that exclude each "
           "other all count");
  }
  if (c.calibration.kind != Kind::platt) return;
  if (pairs.size() != c.classes.size()) {
    r.fail("evaluations", "are not as many as the pairs of calibration/platt");
  }
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    std::tie(c.classes[i].platt_a, c.classes[i].platt_b) = std::pair(pairs[i][0], pairs[i][1]);
  }
}

/// Channels that the steps see.
int input_channels(const Classification& c, const MemberReader& root) {
  const int named =
      root.has("channels")
          ? static_cast<int>(root.list("channels", [](const MemberReader&) { return 0; }).size())
          : 1;
  if (!c.planar) return named;
  if (named != 1) root.fail("channels", "are several; a picture is one, of one colour or three");
  return c.colour ? 3 : c.repeat_to;
}

/// Pictures have no patient axes, may have no millimetres, and come before any labels.
void check_image_steps(const Classification& c, const MemberReader& root) {
  const int channels = input_channels(c, root);
  const auto check_channel = [&](int channel) {
    if (channel >= channels) root.fail("steps", "name a channel out of range");
  };
  const std::string& axes = c.image.orient.axes;
  if (c.planar && axes != "ijk" && axes != "jik") {
    root.fail("steps", "orient a picture along other axes than ijk or jik: its own");
  }
  for (const ImageStep& step : c.image.steps) {
    if (const auto* normalise = std::get_if<NormaliseStep>(&step)) {
      check_channel(normalise->channel);
    }
    if (const auto* rescale = std::get_if<RescaleStep>(&step)) check_channel(rescale->channel);
    const auto* crop = std::get_if<CropStep>(&step);
    if ((crop != nullptr && crop->to == CropStep::To::labels) ||
        std::holds_alternative<AddLabelsStep>(step)) {
      root.fail("steps", "take labels of a stage; a classifier has none");
    }
    if (c.planar && (std::holds_alternative<ResampleStep>(step) ||
                     std::holds_alternative<NnunetResampleStep>(step))) {
      root.fail("steps", "resample a picture to millimetres, which many do not have; resize it");
    }
  }
}

}  // namespace

Classification read_classification(const MemberReader& root) {
  Classification c;
  PlattPairs pairs;
  bool ended = false;
  root.list("steps", [&](const MemberReader& r) {
    const auto step = r.get<std::string>("step");
    if (ended) r.fail("step", "'" + step + "' stands behind classify, which is the last");
    if (is_image_step(step)) {
      read_image_step(r, c.image);
    } else if (step == "classify") {
      read_classify(r, c, pairs);
      ended = true;
    } else {
      r.fail("step", "'" + step + "' is not a step that this program knows before classify");
    }
    return 0;
  });
  if (!ended) root.fail("steps", "end before classify");
  read_gives(root.at("gives"), pairs, c);
  check_image_steps(c, root);
  return c;
}

}  // namespace osler
