#include "registry/bundle_component.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>

#include "registry/bundle_expression.hpp"

namespace osler::bundle {
namespace {

using Type = Node::Kind;

constexpr int kMaxComposeDepth = 16;
constexpr std::size_t kMaxComponents = 1000;
constexpr std::size_t kMaxNumbers = 4096;  ///< of one argument

/// The last of a dotted path, where the path is MONAI's own; other modules keep theirs.
std::string without_module(const std::string& target) {
  if (target.rfind("monai.", 0) != 0) return target;
  return target.substr(target.rfind('.') + 1);
}

bool says_true(const Node& node) {
  if (!node.is(Type::text)) return is_true(node);
  std::string word;
  for (const char c : node.text) {
    if (std::isspace(static_cast<unsigned char>(c)) != 0) continue;
    word += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return word == "true";
}

void gather(const Config& config, const NodePtr& written, int depth, std::vector<Component>& out) {
  if (depth > kMaxComposeDepth) config.fail(*written, "transforms are nested too deep");
  const NodePtr node = config.resolve(written);
  if (node->is(Type::list)) {
    for (const NodePtr& item : node->items) gather(config, item, depth + 1, out);
    return;
  }
  if (const NodePtr disabled = node->member("_disabled_")) {
    if (says_true(*config.resolve(disabled))) return;
  }
  Component component(config, node);
  if (component.name() != "Compose") {
    if (out.size() >= kMaxComponents) config.fail(*node, "more than 1000 transforms");
    out.push_back(std::move(component));
    return;
  }
  component.ignore({"map_items", "log_stats", "threading", "transforms"});
  // Fused resampling (lazy) gives other values than one step after another.
  component.refuse({"unpack_items", "lazy", "overrides"});
  component.finish();
  const NodePtr transforms = node->member("transforms");
  if (transforms == nullptr) component.fail("transforms", "is missing");
  gather(config, transforms, depth + 1, out);
}

}  // namespace

Component::Component(const Config& config, const NodePtr& node) : config_(&config), node_(node) {
  const NodePtr target = node->member("_target_");
  if (target == nullptr) config.fail(*node, "a component with a '_target_' is wanted here");
  const NodePtr text = config.resolve(target);
  if (!text->is(Type::text) || text->text.empty()) config.fail(*node, "'_target_' is no name");
  target_ = text->text.substr(0, 200);
  name_ = without_module(target_);
  // "Pad" ends so by nature; all other names that end in these are a dictionary's transforms.
  const bool ends_in_pad = name_.size() >= 3 && name_.compare(name_.size() - 3, 3, "Pad") == 0;
  for (const std::string_view ending : {"Dict", "D", "d"}) {
    if (ends_in_pad || name_.size() <= ending.size()) break;
    if (name_.compare(name_.size() - ending.size(), ending.size(), ending) != 0) continue;
    name_.resize(name_.size() - ending.size());
    of_dictionary_ = true;
    break;
  }
  if (const NodePtr mode = node->member("_mode_")) {
    const NodePtr word = config.resolve(mode);
    if (!word->is(Type::text) || word->text != "default") fail("_mode_", "is not 'default'");
  }
}

void Component::fail(const std::string& what) const {
  const NodePtr target = node_->member("_target_");
  config_->fail(target->line > 0 ? *target : *node_, target_ + ": " + what);
}

void Component::fail(std::string_view argument, const std::string& what) const {
  const NodePtr given = node_->member(argument);
  const std::string found =
      given != nullptr && given->is(Type::text) ? " ('" + given->text.substr(0, 60) + "')" : "";
  config_->fail(
      given != nullptr && given->line > 0 ? *given : *node_,
      target_ + ": argument '" + std::string(argument.substr(0, 60)) + "'" + found + " " + what);
}

NodePtr Component::raw(std::string_view argument) {
  seen_.emplace(argument);
  const NodePtr given = node_->member(argument);
  if (given == nullptr) return nullptr;
  NodePtr value = config_->resolve(given);
  return value->is(Type::null) ? nullptr : value;
}

std::vector<std::string> Component::keys() {
  std::vector<std::string> out;
  const NodePtr given = raw("keys");
  if (given == nullptr) return out;
  const auto add = [&](const Node& node) {
    if (!node.is(Type::text)) fail("keys", "is no name");
    out.push_back(node.text);
  };
  if (given->is(Type::list)) {
    if (given->items.size() > kMaxNumbers) fail("keys", "is a list that is too long");
    for (const NodePtr& item : given->items) add(*config_->resolve(item));
  } else {
    add(*given);
  }
  return out;
}

bool Component::choose_key(const std::string& key) {
  if (!of_dictionary_) return true;
  ignore({"allow_missing_keys"});
  const std::vector<std::string> all = keys();
  const auto found = std::find(all.begin(), all.end(), key);
  if (found == all.end()) return false;
  key_ = static_cast<std::size_t>(found - all.begin());
  key_count_ = all.size();
  return true;
}

bool Component::has(std::string_view argument) {
  return raw(argument) != nullptr;
}

NodePtr Component::value(std::string_view argument) {
  const NodePtr given = raw(argument);
  if (given == nullptr || !of_dictionary_ || !given->is(Type::list)) return given;
  if (given->items.size() != key_count_) fail(argument, "has not one value per key");
  const NodePtr chosen = config_->resolve(given->items[key_]);
  return chosen->is(Type::null) ? nullptr : chosen;
}

bool Component::flag(std::string_view argument, bool otherwise) {
  const NodePtr given = value(argument);
  if (given == nullptr) return otherwise;
  // Python takes every text for true, "False" too; that is never what was meant.
  if (given->is(Type::text)) {
    if (given->text == "True" || given->text == "true") return true;
    fail(argument, "is a text where true or false is wanted");
  }
  if (!given->is(Type::boolean) && !given->is(Type::integer)) {
    fail(argument, "is not true or false");
  }
  return is_true(*given);
}

double Component::as_number(std::string_view argument, const Node& node) const {
  double out = 0;
  if (node.is(Type::integer)) {
    out = static_cast<double>(node.integer);
  } else if (node.is(Type::number)) {
    out = node.number;
  } else {
    fail(argument, "is no number");
  }
  constexpr double kLargest = 1e12;  // of anything that is asked for here
  if (!(std::abs(out) <= kLargest)) fail(argument, "is out of range");
  return out;
}

std::optional<double> Component::number(std::string_view argument) {
  const NodePtr given = value(argument);
  if (given == nullptr) return std::nullopt;
  return as_number(argument, *given);
}

std::optional<std::int64_t> Component::integer(std::string_view argument) {
  const auto out = number(argument);
  if (!out) return std::nullopt;
  if (*out != std::floor(*out)) fail(argument, "is no whole number");
  return static_cast<std::int64_t>(*out);
}

std::optional<std::string> Component::word(std::string_view argument) {
  const NodePtr given = value(argument);
  if (given == nullptr) return std::nullopt;
  if (!given->is(Type::text)) fail(argument, "is no name");
  return given->text;
}

std::vector<double> Component::numbers(std::string_view argument) {
  const NodePtr given = raw(argument);
  if (given == nullptr) return {};
  if (!given->is(Type::list)) return {as_number(argument, *given)};
  if (given->items.size() > kMaxNumbers) fail(argument, "is a list that is too long");
  std::vector<double> out;
  for (const NodePtr& item : given->items) {
    const NodePtr value = config_->resolve(item);
    out.push_back(value->is(Type::null) ? -1 : as_number(argument, *value));
  }
  if (out.empty()) fail(argument, "is an empty list");
  return out;
}

std::vector<std::int64_t> Component::integers(std::string_view argument) {
  std::vector<std::int64_t> out;
  for (const double n : numbers(argument)) {
    if (n != std::floor(n)) fail(argument, "is not of whole numbers");
    out.push_back(static_cast<std::int64_t>(n));
  }
  return out;
}

std::optional<Vec3> Component::triple(std::string_view argument, int dimensions, double absent,
                                      bool repeats_last) {
  std::vector<double> given = numbers(argument);
  if (given.empty()) return std::nullopt;
  const auto count = static_cast<std::size_t>(dimensions);
  if (given.size() == 1 || repeats_last) {
    while (given.size() < count) given.push_back(given.back());
  }
  if (given.size() != count) {
    fail(argument, "has not " + std::to_string(dimensions) + " numbers");
  }
  Vec3 out{absent, absent, absent};
  for (std::size_t i = 0; i < count; ++i) out[i] = given[count - 1 - i];
  return out;
}

std::optional<Size3> Component::whole_triple(std::string_view argument, int dimensions,
                                             std::int64_t absent) {
  const auto given = triple(argument, dimensions, static_cast<double>(absent));
  if (!given) return std::nullopt;
  Size3 out{};
  for (std::size_t i = 0; i < 3; ++i) {
    constexpr double kLongest = 16384;  // voxels along an axis
    const double n = (*given)[i];
    if (n != std::floor(n)) fail(argument, "is not of whole numbers");
    if (n > kLongest) fail(argument, "is out of range");
    out[i] = static_cast<std::int64_t>(n);
  }
  return out;
}

void Component::ignore(std::initializer_list<std::string_view> arguments) {
  for (const std::string_view argument : arguments) seen_.emplace(argument);
}

void Component::refuse(std::initializer_list<std::string_view> arguments) {
  for (const std::string_view argument : arguments) {
    const NodePtr given = raw(argument);
    if (given != nullptr && is_true(*given)) {
      fail(argument, "changes the answer in a way that this program does not know");
    }
  }
}

void Component::keep_real(std::string_view argument) {
  const NodePtr given = value(argument);
  if (given == nullptr) return;
  if (!given->is(Type::symbol) && !given->is(Type::text)) fail(argument, "is no type of numbers");
  const std::string& name = given->text;
  const std::size_t dot = name.rfind('.');
  const std::string last = dot == std::string::npos ? name : name.substr(dot + 1);
  if (last != "float32" && last != "float64" && last != "float" && last != "double") {
    fail(argument, "is neither float32 nor float64, which would change the answer");
  }
}

void Component::finish() {
  for (const auto& [name, value] : node_->members) {
    if (name == "_target_" || name == "_disabled_" || name == "_requires_" || name == "_desc_" ||
        name == "_mode_" || seen_.contains(name)) {
      continue;
    }
    fail(name, "is not one that this program knows");
  }
}

std::vector<Component> components(const Config& config, const NodePtr& list_or_compose) {
  std::vector<Component> out;
  gather(config, list_or_compose, 0, out);
  return out;
}

}  // namespace osler::bundle
