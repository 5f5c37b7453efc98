// metadata.json and inference.* of a bundle, put together.

#include <algorithm>
#include <charconv>
#include <set>
#include <utility>

#include "core/printable.hpp"
#include "registry/bundle.hpp"

namespace osler::bundle {
namespace {

using Type = Node::Kind;

constexpr std::int64_t kMostChannels = 64;
constexpr std::int64_t kMostClasses = 4096;
constexpr std::size_t kMostSegments = 255;

NodePtr want(const Config& config, const NodePtr& node, std::string_view member, Type type) {
  NodePtr found = node->member(member);
  if (found == nullptr) config.fail(*node, "'" + std::string(member) + "' is missing");
  if (found->kind != type) config.fail(*found, "'" + std::string(member) + "' has the wrong type");
  return found;
}

std::int64_t want_count(const Config& config, const NodePtr& node, std::int64_t most) {
  const NodePtr n = want(config, node, "num_channels", Type::integer);
  if (n->integer < 1 || n->integer > most) config.fail(*n, "'num_channels' is out of range");
  return n->integer;
}

/// "channel_def": names by number, as far as they are given.
std::vector<std::string> channel_names(const Config& config, const NodePtr& node,
                                       std::int64_t count) {
  std::vector<std::string> names;
  const NodePtr given = node->member("channel_def");
  if (given == nullptr || !given->is(Type::dict)) return names;
  names.resize(std::min(given->members.size(), static_cast<std::size_t>(count)));
  for (const auto& [key, name] : given->members) {
    std::size_t at = 0;
    const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), at);
    if (error != std::errc() || end != key.data() + key.size() || !name->is(Type::text)) {
      config.fail(*name, "'channel_def' is not of names by number");
    }
    if (at >= names.size()) config.fail(*name, "'channel_def' names a channel that there is not");
    names[at] = name->text;
  }
  return names;
}

std::size_t rank(const NodePtr& node) {
  const NodePtr shape = node->member("spatial_shape");
  return shape != nullptr && shape->is(Type::list) ? shape->items.size() : 0;
}

/// "1 x number of classes", or less than the image has: one answer per image.
bool is_one_answer(const NodePtr& output, std::size_t image_rank) {
  const std::size_t r = rank(output);
  if (r != image_rank) return true;
  const NodePtr& first = output->member("spatial_shape")->items.front();
  return r == 2 && first->is(Type::integer) && first->integer == 1;
}

std::string plain_name(const std::string& name, const std::string& otherwise) {
  const std::string clean = printable(name);
  return clean.empty() ? otherwise : clean;
}

NodePtr want_part(const Config& inference, const char* id) {
  const NodePtr part = inference.find(id);
  if (part == nullptr) inference.fail(1, "'" + std::string(id) + "' is missing");
  inference.check_no_cycle(part);
  return part;
}

std::vector<SegmentRule> segments_of(const Config& metadata, const DataFormat& format,
                                     const Postprocessing& after) {
  std::vector<SegmentRule> out;
  const int first = after.labels.regions ? 0 : 1;
  std::set<int> values;
  for (int channel = first; channel < format.classes; ++channel) {
    const auto at = static_cast<std::size_t>(channel);
    SegmentRule segment;
    segment.output = channel;
    segment.value = after.values.empty() ? channel + 1 - first : after.values[at];
    if (segment.value == 0) continue;
    std::string name = at < format.class_names.size() ? format.class_names[at] : "";
    if (name.empty()) name = "class " + std::to_string(channel);
    const NamedStructure named = name_structure(name);
    segment.label = named.label;
    segment.category = named.category;
    segment.type = named.type;
    segment.laterality = named.laterality;
    segment.rgb = colour_of(out.size());
    if (!values.insert(segment.value).second) metadata.fail(1, "two channels have one number");
    out.push_back(std::move(segment));
  }
  if (out.empty() || out.size() > kMostSegments) {
    metadata.fail(1, "the network's channels give no segment, or more than 255");
  }
  return out;
}

/// Probabilities of a network whose bundle only takes the highest score.
constexpr char kSoftmaxIsOurs[] =
    "The bundle takes the highest score only; the probabilities are a softmax of the scores, which "
    "the bundle does not state.";

Classification classification_of(const Config& inference, const DataFormat& format,
                                 const Preprocessing& before, const WindowStep& window) {
  Classification out;
  if (!window.whole_image) inference.fail(1, "a network that classifies is shown windows");
  out.image = before.image;
  out.planar = before.dimensions == 2;
  const auto channels = format.channels.size();
  const bool three = channels == 3 && out.planar;
  if (channels != 1 && !three) inference.fail(1, "the network takes neither 1 nor 3 channels");
  out.colour =
      three && format.channels[0] == "R" && format.channels[1] == "G" && format.channels[2] == "B";
  out.repeat_to = three && !out.colour ? 3 : 1;
  const ClassDecision decision =
      read_class_decision(inference, want_part(inference, "postprocessing"));
  out.activation = decision.activation;
  if (decision.highest && out.activation == Activation::none) {
    out.activation = Activation::softmax;
  }
  out.multi_label = decision.threshold.has_value();
  out.question = {"121071", "DCM", "Finding"};
  for (int i = 0; i < format.classes; ++i) {
    const auto at = static_cast<std::size_t>(i);
    ClassRule rule;
    rule.output = i;
    const NamedStructure named =
        name_structure(plain_name(at < format.class_names.size() ? format.class_names[at] : "",
                                  "class " + std::to_string(i)));
    rule.label = named.label;
    // A class is no structure: its name is its own, also where a structure has the same.
    rule.code = own_code(named.label);
    rule.threshold = decision.threshold;
    out.classes.push_back(std::move(rule));
  }
  return out;
}

}  // namespace

DataFormat read_data_format(const Config& metadata) {
  DataFormat out;
  const NodePtr format = want(metadata, metadata.root(), "network_data_format", Type::dict);
  const NodePtr inputs = want(metadata, format, "inputs", Type::dict);
  const NodePtr outputs = want(metadata, format, "outputs", Type::dict);
  if (inputs->members.size() != 1) metadata.fail(*inputs, "'inputs' is not one image");
  if (outputs->members.size() != 1) metadata.fail(*outputs, "'outputs' is not one prediction");
  const NodePtr image = inputs->members.front().second, pred = outputs->members.front().second;
  out.modality = want(metadata, image, "modality", Type::text)->text;
  const std::size_t image_rank = rank(image);
  if (image_rank != 2 && image_rank != 3) {
    metadata.fail(*image, "'spatial_shape' is not of 2 or 3 sizes");
  }
  out.dimensions = static_cast<int>(image_rank);
  const std::int64_t channels = want_count(metadata, image, kMostChannels);
  out.channels = channel_names(metadata, image, channels);
  for (std::size_t i = 0; i < static_cast<std::size_t>(channels); ++i) {
    if (i >= out.channels.size()) out.channels.emplace_back();
    out.channels[i] = plain_name(out.channels[i], "channel " + std::to_string(i));
  }
  out.classes = static_cast<int>(want_count(metadata, pred, kMostClasses));
  out.class_names = channel_names(metadata, pred, out.classes);
  out.classifies = is_one_answer(pred, image_rank);
  if (!out.classifies && out.dimensions == 2) {
    metadata.fail(*pred, "the network segments pictures, which is not supported");
  }
  return out;
}

Description describe(const Config& inference, const Config& metadata) {
  // The inference first: a component that is not known says more than a format that is odd.
  const NodePtr preprocessing = want_part(inference, "preprocessing");
  const NodePtr inferer = want_part(inference, "inferer");
  const NodePtr postprocessing = want_part(inference, "postprocessing");
  const auto image_rank = [&]() -> int {
    const NodePtr shape = metadata.find("network_data_format::inputs::image::spatial_shape");
    return shape != nullptr && shape->items.size() == 2 ? 2 : 3;
  }();
  const Preprocessing before = read_preprocessing(inference, preprocessing, image_rank);
  const WindowStep window = read_inferer(inference, inferer, image_rank);

  Description out;
  out.format = read_data_format(metadata);
  if (out.format.dimensions != image_rank) metadata.fail(1, "the input is not named 'image'");
  if (out.format.classifies) {
    Classification classification = classification_of(inference, out.format, before, window);
    const ClassDecision said = read_class_decision(inference, postprocessing);
    if (said.highest && said.activation == Activation::none)
      out.limits.emplace_back(kSoftmaxIsOurs);
    if (classification.planar) out.format.channels = {"image"};
    out.steps = std::move(classification);
    return out;
  }
  Postprocessing after =
      read_postprocessing(inference, postprocessing, preprocessing, before, out.format.classes);
  out.segments = segments_of(metadata, out.format, after);
  for (const ImageStep& step : before.image.steps) {
    const auto* normalise = std::get_if<NormaliseStep>(&step);
    if (normalise == nullptr) continue;
    if (normalise->channel >= static_cast<int>(out.format.channels.size())) {
      inference.fail(*preprocessing,
                     "NormalizeIntensity has numbers for more channels than there are");
    }
  }
  out.steps = WindowedSegmentation{before.image, window, std::move(after.labels)};
  return out;
}

}  // namespace osler::bundle
