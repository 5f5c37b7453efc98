#include "registry/bundle_config.hpp"

#include <algorithm>
#include <charconv>

#include "core/error.hpp"
#include "core/files.hpp"
#include "registry/bundle_expression.hpp"

namespace osler::bundle {
namespace {

bool is_word(char c) {
  const auto u = static_cast<unsigned char>(c);
  return c == '_' || u >= 0x80 || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
         (c >= 'A' && c <= 'Z');
}

/// '#' is the older spelling of "::".
std::string normalised(std::string_view text) {
  std::string out;
  for (const char c : text) out += c == '#' ? std::string("::") : std::string(1, c);
  return out;
}

std::vector<std::string> split_id(std::string_view id) {
  const std::string text = normalised(id);
  std::vector<std::string> parts;
  std::size_t from = 0;
  for (;;) {
    const std::size_t to = text.find("::", from);
    parts.push_back(text.substr(from, to == std::string::npos ? to : to - from));
    if (to == std::string::npos) return parts;
    from = to + 2;
  }
}

/// "@::a" means a beside this node, "@::::a" a one level up; likewise "%". `id` is the node's own.
void make_absolute(Node& node, const std::vector<std::string>& id, const std::string& file) {
  std::string text = normalised(node.text);
  for (std::size_t at = 0; (at = text.find_first_of("@%", at)) != std::string::npos; ++at) {
    std::size_t levels = 0;
    while (text.compare(at + 1 + 2 * levels, 2, "::") == 0) ++levels;
    if (levels == 0) continue;
    if (levels > id.size()) {
      fail_at(file, node.line, "'" + text.substr(0, 80) + "' goes up beyond the file");
    }
    std::string place;
    for (std::size_t i = 0; i + levels < id.size(); ++i) place += id[i] + "::";
    text.replace(at + 1, 2 * levels, place);
  }
  node.text = std::move(text);
}

bool may_refer(const Node& node) {
  return node.is(Node::Kind::text) && !node.evaluated && !node.text.empty() &&
         (node.text[0] == '@' || node.text[0] == '$' || node.text[0] == '%');
}

/// Relative references become absolute, everywhere. Depth was limited when the file was read.
NodePtr with_absolute_ids(const NodePtr& node, std::vector<std::string>& id,
                          const std::string& file) {
  if (may_refer(*node)) {
    auto copy = std::make_shared<Node>(*node);
    make_absolute(*copy, id, file);
    return copy;
  }
  if (!node->is(Node::Kind::list) && !node->is(Node::Kind::dict)) return node;
  auto copy = std::make_shared<Node>(*node);
  for (std::size_t i = 0; i < copy->items.size(); ++i) {
    id.push_back(std::to_string(i));
    copy->items[i] = with_absolute_ids(copy->items[i], id, file);
    id.pop_back();
  }
  for (auto& [name, member] : copy->members) {
    id.push_back(name);
    member = with_absolute_ids(member, id, file);
    id.pop_back();
  }
  return copy;
}

}  // namespace

void fail_at(const std::string& file, int line, const std::string& what) {
  throw Error(ErrorCode::model, file + " line " + std::to_string(line) + ": " + what,
              "what docs/monai.md lists", "see docs/monai.md");
}

NodePtr Node::member(std::string_view name) const {
  const auto found = std::find_if(members.begin(), members.end(),
                                  [&](const auto& each) { return each.first == name; });
  return found == members.end() ? nullptr : found->second;
}

std::size_t reference_length(std::string_view text) {
  if (text.empty() || text[0] != '@') return 0;
  std::size_t at = 1;
  while (at < text.size() && is_word(text[at])) ++at;
  while (text.compare(at, 2, "::") == 0) {
    at += 2;
    while (at < text.size() && is_word(text[at])) ++at;
  }
  return at;
}

Config Config::parse(std::string_view text, Format format, std::string name) {
  if (text.size() > kMaxConfigBytes) fail_at(name, 1, "is larger than 4 MiB");
  Config config;
  config.name_ = std::move(name);
  const NodePtr root =
      format == Format::json ? parse_json(text, config.name_) : parse_yaml(text, config.name_);
  if (root == nullptr || !root->is(Node::Kind::dict)) config.fail(1, "is no dict");
  std::vector<std::string> id;
  config.root_ = with_absolute_ids(root, id, config.name_);
  return config;
}

Config Config::read(const std::filesystem::path& file) {
  const std::vector<std::byte> bytes = read_file(file, kMaxConfigBytes);
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  return parse(text, file.extension() == ".json" ? Format::json : Format::yaml,
               file.filename().string());
}

NodePtr Config::find(std::string_view id) const {
  NodePtr node = root_;
  if (id.empty()) return node;
  for (const std::string& part : split_id(id)) {
    if (node->is(Node::Kind::list)) {
      std::size_t index = 0;
      const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), index);
      if (error != std::errc() || end != part.data() + part.size()) return nullptr;
      if (index >= node->items.size()) return nullptr;
      node = node->items[index];
    } else {
      node = node->member(part);
    }
    if (node == nullptr) return nullptr;
  }
  return node;
}

NodePtr Config::resolve_text(const NodePtr& node) const {
  const std::string& text = node->text;
  if (text[0] == '$') return evaluate_text(*this, *node);
  if (text[0] == '@' && reference_length(text) != text.size()) return node;  // a text after all
  if (text[0] == '%') {
    for (const char* ending : {".json", ".yaml", ".yml"}) {
      if (text.find(ending) == std::string::npos) continue;
      fail(*node, "'" + text.substr(0, 80) + "' is in another file, which is not read");
    }
  }
  const NodePtr target = find(std::string_view(text).substr(1));
  if (target == nullptr) fail(*node, "'" + text.substr(0, 80) + "' is not in this file");
  return resolve(target);
}

NodePtr Config::resolve(const NodePtr& node) const {
  if (!may_refer(*node)) return node;
  if (const auto known = resolved_.find(node.get()); known != resolved_.end()) return known->second;
  if (std::find(resolving_.begin(), resolving_.end(), node.get()) != resolving_.end()) {
    fail(*node, "'" + node->text.substr(0, 80) + "' refers to itself");
  }
  if (resolving_.size() >= kMaxReferenceChain) fail(*node, "a chain of more than 32 references");
  resolving_.push_back(node.get());
  struct Leave {
    std::vector<const Node*>& chain;
    ~Leave() { chain.pop_back(); }
  } const leave{resolving_};
  NodePtr value = resolve_text(node);
  resolved_.emplace(node.get(), value);
  return value;
}

void Config::visit(const NodePtr& node, std::map<const Node*, Visit>& seen, int depth) const {
  const auto [place, is_new] = seen.emplace(node.get(), Visit::open);
  if (!is_new) {
    if (place->second == Visit::open) fail(*node, "contains itself");
    return;
  }
  if (depth > 4 * kMaxConfigDepth) fail(*node, "is nested too deep");
  for (const NodePtr& item : node->items) visit(item, seen, depth + 1);
  for (const auto& [name, member] : node->members) visit(member, seen, depth + 1);
  if (may_refer(*node)) {
    const std::string_view text = node->text;
    // Every reference counts, also one in a branch that is not taken; what is missing is not ours
    // to say before somebody asks for it.
    for (std::size_t at = 0; at < text.size(); ++at) {
      if (text[at] != '@' && !(at == 0 && text[at] == '%')) continue;
      const std::size_t length = text[at] == '%' ? text.size() : reference_length(text.substr(at));
      if (text[0] == '@' && length != text.size()) break;
      const NodePtr target = find(text.substr(at + 1, length - 1));
      if (target != nullptr) visit(target, seen, depth + 1);
    }
  }
  seen[node.get()] = Visit::done;
}

void Config::check_no_cycle(const NodePtr& node) const {
  std::map<const Node*, Visit> seen;
  visit(node, seen, 0);
}

void Config::fail(int line, const std::string& what) const {
  fail_at(name_, line, what);
}

void Config::fail(const Node& node, const std::string& what) const {
  fail(node.line, what);
}

}  // namespace osler::bundle
