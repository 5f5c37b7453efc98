// JSON and YAML to nodes that know their lines.

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <cstdlib>
#include <iterator>
#include <limits>
#include <regex>
#include <sstream>
#include <unordered_map>
#include <unordered_set>

#include "core/error.hpp"
#include "core/json.hpp"
#include "registry/bundle_config.hpp"

namespace osler::bundle {
namespace {

/// Puts values into lists and dicts as they come. Limits are held before anything is kept.
class Builder {
 public:
  explicit Builder(std::string file) : file_(std::move(file)) {}

  void begin(Node::Kind kind, int line) {
    if (stack_.size() >= kMaxConfigDepth) fail(line, "is nested too deep");
    stack_.push_back({make(kind, line), {}, {}, false});
  }
  NodePtr end() {
    NodePtr done = std::move(stack_.back().node);
    stack_.pop_back();
    put(done);
    return done;
  }
  void value(std::shared_ptr<Node> node) { put(std::move(node)); }
  /// A finished node once more (an alias): its parts count again.
  void again(const NodePtr& node, int line) {
    count_ += size_of(*node, 0);
    check_count(line);
    put(node);
  }
  bool wants_key() const {
    return !stack_.empty() && stack_.back().node->is(Node::Kind::dict) && !stack_.back().has_key;
  }
  void key(const std::string& name, int line) {
    Frame& frame = stack_.back();
    if (!frame.names.insert(name).second) fail(line, "'" + name + "' is given twice");
    frame.key = name;
    frame.has_key = true;
  }
  std::shared_ptr<Node> make(Node::Kind kind, int line) {
    ++count_;
    check_count(line);
    auto node = std::make_shared<Node>();
    node->kind = kind;
    node->line = line;
    return node;
  }
  std::shared_ptr<Node> make_text(const std::string& text, int line) {
    auto node = make(Node::Kind::text, line);
    node->text = text;
    return node;
  }
  std::shared_ptr<Node> make_number(double number, int line) {
    auto node = make(Node::Kind::number, line);
    node->number = number;
    return node;
  }
  std::shared_ptr<Node> make_integer(std::int64_t integer, int line) {
    auto node = make(Node::Kind::integer, line);
    node->integer = integer;
    return node;
  }
  std::shared_ptr<Node> make_boolean(bool boolean, int line) {
    auto node = make(Node::Kind::boolean, line);
    node->boolean = boolean;
    return node;
  }
  [[noreturn]] void fail(int line, const std::string& what) const { fail_at(file_, line, what); }
  NodePtr root() const { return root_; }

 private:
  struct Frame {
    std::shared_ptr<Node> node;
    std::unordered_set<std::string> names;
    std::string key;
    bool has_key = false;
  };

  static std::size_t size_of(const Node& node, std::size_t so_far) {
    std::size_t size = so_far + 1;
    for (const NodePtr& item : node.items) size = size_of(*item, size);
    for (const auto& [name, item] : node.members) size = size_of(*item, size);
    return size;
  }
  void check_count(int line) const {
    if (count_ > kMaxConfigNodes) fail(line, "more than 200,000 values");
  }
  void put(NodePtr node) {
    if (stack_.empty()) {
      root_ = std::move(node);
      return;
    }
    Frame& frame = stack_.back();
    if (frame.node->is(Node::Kind::list)) {
      frame.node->items.push_back(std::move(node));
    } else {
      frame.node->members.emplace_back(std::move(frame.key), std::move(node));
      frame.has_key = false;
    }
  }

  std::string file_;
  std::vector<Frame> stack_;
  std::size_t count_ = 0;
  NodePtr root_;
};

// ---------------------------------------------------------------- JSON

struct Place {
  int line = 1;
  bool line_began = false;  ///< the last character that was passed ended a line
};

/// Characters of a text; keeps account of the lines that were passed.
class LineCounter {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  LineCounter(const char* at, Place* place) : at_(at), place_(place) {}
  reference operator*() const { return *at_; }
  LineCounter& operator++() {
    if (place_ != nullptr) {
      place_->line_began = *at_ == '\n';
      if (place_->line_began) ++place_->line;
    }
    ++at_;
    return *this;
  }
  LineCounter operator++(int) {
    LineCounter before = *this;
    ++*this;
    return before;
  }
  bool operator==(const LineCounter& other) const { return at_ == other.at_; }
  bool operator!=(const LineCounter& other) const { return at_ != other.at_; }

 private:
  const char* at_;
  Place* place_;
};

class JsonEvents : public nlohmann::json_sax<Json> {
 public:
  JsonEvents(Builder& builder, const Place& place) : builder_(builder), place_(place) {}

  bool null() override { return put(builder_.make(Node::Kind::null, line())); }
  bool boolean(bool v) override { return put(builder_.make_boolean(v, line())); }
  bool number_integer(number_integer_t v) override {
    return put(builder_.make_integer(v, line_of_number()));
  }
  bool number_unsigned(number_unsigned_t v) override {
    if (v > static_cast<number_unsigned_t>(std::numeric_limits<std::int64_t>::max())) {
      return number_float(static_cast<double>(v), "");
    }
    return number_integer(static_cast<number_integer_t>(v));
  }
  bool number_float(number_float_t v, const string_t&) override {
    return put(builder_.make_number(v, line_of_number()));
  }
  bool string(string_t& v) override { return put(builder_.make_text(v, line())); }
  bool binary(binary_t&) override { return false; }
  bool start_object(std::size_t) override {
    builder_.begin(Node::Kind::dict, line());
    return true;
  }
  bool key(string_t& v) override {
    builder_.key(v, line());
    return true;
  }
  bool end_object() override { return builder_.end() != nullptr; }
  bool start_array(std::size_t) override {
    builder_.begin(Node::Kind::list, line());
    return true;
  }
  bool end_array() override { return builder_.end() != nullptr; }
  bool parse_error(std::size_t, const std::string&, const Json::exception&) override {
    builder_.fail(line(), "is not valid JSON");
  }

 private:
  int line() const { return place_.line; }
  /// A number's end is seen one character late.
  int line_of_number() const { return place_.line - (place_.line_began ? 1 : 0); }
  bool put(std::shared_ptr<Node> node) {
    builder_.value(std::move(node));
    return true;
  }

  Builder& builder_;
  const Place& place_;
};

// ---------------------------------------------------------------- YAML

/// Plain scalars as PyYAML reads them (YAML 1.1), in their usual spellings only: an octal or
/// sexagesimal number stays a text, which nothing takes for a number.
std::shared_ptr<Node> plain_scalar(Builder& builder, const std::string& text, int line) {
  static const std::unordered_set<std::string> nulls{"", "~", "null", "Null", "NULL"};
  static const std::unordered_set<std::string> trues{"yes",  "Yes", "YES", "true", "True",
                                                     "TRUE", "on",  "On",  "ON"};
  static const std::unordered_set<std::string> falses{"no",    "No",  "NO",  "false", "False",
                                                      "FALSE", "off", "Off", "OFF"};
  constexpr std::size_t kLongestNumber = 64;
  if (nulls.contains(text)) return builder.make(Node::Kind::null, line);
  if (trues.contains(text)) return builder.make_boolean(true, line);
  if (falses.contains(text)) return builder.make_boolean(false, line);
  if (text.size() > kLongestNumber) return builder.make_text(text, line);
  static const std::regex integer("[-+]?(0|[1-9][0-9]{0,17})");
  static const std::regex number(R"([-+]?([0-9]+\.[0-9]*|\.[0-9]+)([eE][-+][0-9]+)?)");
  if (std::regex_match(text, integer)) return builder.make_integer(std::stoll(text), line);
  if (std::regex_match(text, number)) {
    return builder.make_number(std::strtod(text.c_str(), nullptr), line);
  }
  return builder.make_text(text, line);
}

class YamlEvents : public YAML::EventHandler {
 public:
  explicit YamlEvents(Builder& builder) : builder_(builder) {}

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    OnScalar(mark, "?", anchor, "");
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end() || builder_.wants_key()) {
      builder_.fail(line(mark), "an alias that this program cannot follow");
    }
    builder_.again(found->second, line(mark));
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    check_tag(mark, tag);
    if (builder_.wants_key()) {
      if (value == "<<") builder_.fail(line(mark), "merging keys ('<<') is not supported");
      builder_.key(value, line(mark));
      return;
    }
    auto node = tag == "?" ? plain_scalar(builder_, value, line(mark))
                           : builder_.make_text(value, line(mark));
    if (anchor != YAML::NullAnchor) anchors_[anchor] = node;
    builder_.value(std::move(node));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    begin(mark, tag, anchor, Node::Kind::list);
  }
  void OnSequenceEnd() override { end(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    begin(mark, tag, anchor, Node::Kind::dict);
  }
  void OnMapEnd() override { end(); }

 private:
  static int line(const YAML::Mark& mark) { return mark.line + 1; }
  void check_tag(const YAML::Mark& mark, const std::string& tag) const {
    if (tag.empty() || tag == "?" || tag == "!") return;
    builder_.fail(line(mark), "the tag '" + tag.substr(0, 64) + "' is not supported");
  }
  void begin(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
             Node::Kind kind) {
    check_tag(mark, tag);
    if (builder_.wants_key()) builder_.fail(line(mark), "a name that is a list or a dict");
    builder_.begin(kind, line(mark));
    open_.push_back(anchor);
  }
  void end() {
    const NodePtr done = builder_.end();
    if (open_.back() != YAML::NullAnchor) anchors_[open_.back()] = done;
    open_.pop_back();
  }

  Builder& builder_;
  std::vector<YAML::anchor_t> open_;
  std::unordered_map<YAML::anchor_t, NodePtr> anchors_;
};

}  // namespace

NodePtr parse_json(std::string_view text, const std::string& name) {
  Builder builder(name);
  Place place;
  JsonEvents events(builder, place);
  Json::sax_parse(LineCounter(text.data(), &place), LineCounter(text.data() + text.size(), nullptr),
                  &events);
  return builder.root();
}

NodePtr parse_yaml(std::string_view text, const std::string& name) {
  Builder builder(name);
  YamlEvents events(builder);
  std::istringstream in{std::string(text)};
  try {
    YAML::Parser parser(in);
    if (!parser.HandleNextDocument(events)) builder.fail(1, "is empty");
    const NodePtr root = builder.root();
    if (parser.HandleNextDocument(events)) builder.fail(1, "holds more than one document");
    return root;
  } catch (const YAML::Exception& e) {
    builder.fail(e.mark.line + 1, "is not valid YAML (" + e.msg + ")");
  }
}

}  // namespace osler::bundle
