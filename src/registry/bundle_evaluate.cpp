// What expressions of a bundle give.

#include <algorithm>
#include <charconv>
#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <utility>

#include "registry/bundle_expression.hpp"

namespace osler::bundle {
namespace {

using Kind = Expression::Kind;
using Type = Node::Kind;

constexpr double kMaxExactInteger = 9e15;  ///< below it every whole double is an integer

class Evaluator {
 public:
  Evaluator(const Config& config, const Node& node) : config_(config), node_(node) {}

  NodePtr value(const Expression& e) const {
    switch (e.kind) {
      case Kind::constant:
        return e.value;
      case Kind::reference:
        return reference(e);
      case Kind::attribute:
        return attribute(e);
      case Kind::call:
        return call(e);
      case Kind::subscript:
        return subscript(*value(e.parts[0]), *value(e.parts[1]));
      case Kind::negative:
        return negative(*value(e.parts[0]));
      case Kind::inverse:
        return boolean(!is_true(*value(e.parts[0])));
      case Kind::arithmetic:
        return arithmetic(e);
      case Kind::comparison:
        return comparison(e);
      case Kind::any:
      case Kind::all:
        return logic(e);
      case Kind::conditional:
        return value(e.parts[is_true(*value(e.parts[1])) ? 0 : 2]);
      case Kind::list:
      case Kind::dict:
        return collection(e);
      case Kind::name:
        fail("the name '" + e.text.substr(0, 40) + "' is not known");
      case Kind::function:
        break;
    }
    const auto made = make(Type::function);
    made->function = std::make_shared<Expression>(e);
    return made;
  }

 private:
  [[noreturn]] void fail(const std::string& why) const {
    config_.fail(node_, "the expression '" + node_.text.substr(0, 80) +
                            "' is not one that this program evaluates: " + why);
  }
  std::shared_ptr<Node> make(Type kind) const {
    auto node = std::make_shared<Node>();
    node->kind = kind;
    node->line = node_.line;
    node->evaluated = true;
    return node;
  }
  NodePtr boolean(bool b) const {
    auto node = make(Type::boolean);
    node->boolean = b;
    return node;
  }
  NodePtr integer(std::int64_t i) const {
    auto node = make(Type::integer);
    node->integer = i;
    return node;
  }
  NodePtr number(double d) const {
    if (!std::isfinite(d)) fail("it gives no finite number");
    auto node = make(Type::number);
    node->number = d;
    return node;
  }
  NodePtr text(std::string t) const {
    if (t.size() > kMaxEvaluatedSize) fail("it gives more than 64 KiB");
    auto node = make(Type::text);
    node->text = std::move(t);
    return node;
  }
  NodePtr symbol(std::string name) const {
    auto node = make(Type::symbol);
    node->text = std::move(name);
    return node;
  }
  static bool is_whole(const Node& n) { return n.is(Type::integer) || n.is(Type::boolean); }
  static std::int64_t whole(const Node& n) { return n.is(Type::boolean) ? n.boolean : n.integer; }
  static bool is_number(const Node& n) { return n.is(Type::number) || is_whole(n); }
  static double real(const Node& n) {
    return n.is(Type::number) ? n.number : static_cast<double>(whole(n));
  }

  NodePtr reference(const Expression& e) const {
    const NodePtr target = config_.find(e.text);
    if (target == nullptr) fail("'@" + e.text.substr(0, 40) + "' is not in this file");
    return config_.resolve(target);
  }

  /// "torch.float32" of an attribute of names; none if it is something else.
  static std::optional<std::string> dotted(const Expression& e) {
    if (e.kind == Kind::name) return e.text == "np" ? "numpy" : e.text;
    if (e.kind != Kind::attribute) return std::nullopt;
    const auto before = dotted(e.parts[0]);
    return before ? std::optional(*before + "." + e.text) : std::nullopt;
  }

  NodePtr attribute(const Expression& e) const {
    static const char* const kTypes[] = {"float16", "float32", "float64", "float", "half",
                                         "double",  "int8",    "int16",   "int32", "int64",
                                         "int",     "long",    "short",   "uint8", "bool"};
    const auto name = dotted(e);
    for (const char* module : {"torch.", "numpy."}) {
      for (const char* type : kTypes) {
        if (name == std::string(module) + type) return symbol(*name);
      }
    }
    fail("'" + name.value_or("." + e.text).substr(0, 60) + "' is not a constant that it knows");
  }

  NodePtr call(const Expression& e) const {
    const std::string name = dotted(e.parts[0]).value_or("a value");
    if (name == "torch.device") return symbol(name);
    std::vector<NodePtr> given;
    static const std::map<std::string, NodePtr (Evaluator::*)(const Node&) const> kFunctions{
        {"int", &Evaluator::to_integer}, {"float", &Evaluator::to_number},
        {"len", &Evaluator::length},     {"list", &Evaluator::to_list},
        {"tuple", &Evaluator::to_list},  {"str", &Evaluator::to_text},
        {"bool", &Evaluator::to_boolean}};
    const auto found = kFunctions.find(name);
    if (found == kFunctions.end()) fail("the call of '" + name.substr(0, 60) + "'");
    if (e.parts.size() != 2) fail("'" + name + "' with other than one value");
    return (this->*found->second)(*value(e.parts[1]));
  }
  NodePtr to_integer(const Node& n) const {
    if (is_whole(n)) return integer(whole(n));
    if (n.is(Type::number) && std::abs(n.number) < kMaxExactInteger) {
      return integer(static_cast<std::int64_t>(n.number));
    }
    std::int64_t out = 0;
    const char* const end = n.text.data() + n.text.size();
    const auto [at, error] = std::from_chars(n.text.data(), end, out);
    if (!n.is(Type::text) || error != std::errc() || at != end) fail("'int' of no number");
    return integer(out);
  }
  NodePtr to_number(const Node& n) const {
    if (is_number(n)) return number(real(n));
    double out = 0;
    const char* const end = n.text.data() + n.text.size();
    const auto [at, error] = std::from_chars(n.text.data(), end, out);
    if (!n.is(Type::text) || error != std::errc() || at != end) fail("'float' of no number");
    return number(out);
  }
  NodePtr length(const Node& n) const {
    if (n.is(Type::text)) return integer(static_cast<std::int64_t>(n.text.size()));
    if (n.is(Type::list)) return integer(static_cast<std::int64_t>(n.items.size()));
    if (n.is(Type::dict)) return integer(static_cast<std::int64_t>(n.members.size()));
    fail("'len' of a number");
  }
  NodePtr to_list(const Node& n) const {
    if (!n.is(Type::list)) fail("'list' of what is no list");
    auto out = make(Type::list);
    out->items = n.items;
    return out;
  }
  NodePtr to_text(const Node& n) const {
    if (n.is(Type::text)) return text(n.text);
    if (n.is(Type::boolean)) return text(n.boolean ? "True" : "False");
    if (n.is(Type::integer)) return text(std::to_string(n.integer));
    fail("'str' of what is neither a text nor a whole number");
  }
  NodePtr to_boolean(const Node& n) const { return boolean(is_true(n)); }

  NodePtr subscript(const Node& of, const Node& by) const {
    if (of.is(Type::dict) && by.is(Type::text)) {
      if (const NodePtr member = of.member(by.text)) return config_.resolve(member);
      fail("'" + by.text.substr(0, 40) + "' is not in the dict");
    }
    if (!of.is(Type::list) || !is_whole(by)) fail("an index of this kind");
    const auto size = static_cast<std::int64_t>(of.items.size());
    const std::int64_t i = whole(by);
    if (i < -size || i >= size) fail("the index " + std::to_string(i) + " is out of range");
    return config_.resolve(of.items[static_cast<std::size_t>(i < 0 ? i + size : i)]);
  }

  NodePtr negative(const Node& n) const {
    if (n.is(Type::number)) return number(-n.number);
    if (!is_whole(n)) fail("'-' of no number");
    return of_integers("-", 0, whole(n));
  }

  NodePtr arithmetic(const Expression& e) const {
    NodePtr left = value(e.parts[0]);
    for (std::size_t i = 0; i < e.names.size(); ++i) {
      left = apply(e.names[i], *left, *value(e.parts[i + 1]));
    }
    return left;
  }
  NodePtr apply(const std::string& sign, const Node& a, const Node& b) const {
    if (is_whole(a) && is_whole(b) && sign != "/") return of_integers(sign, whole(a), whole(b));
    if (is_number(a) && is_number(b)) return of_numbers(sign, real(a), real(b));
    if (sign == "+" && a.is(Type::text) && b.is(Type::text)) {
      check_size(a.text.size() + b.text.size());
      return text(a.text + b.text);
    }
    if (sign == "+" && a.is(Type::list) && b.is(Type::list)) {
      check_size(a.items.size() + b.items.size());
      auto out = make(Type::list);
      out->items = a.items;
      out->items.insert(out->items.end(), b.items.begin(), b.items.end());
      return out;
    }
    if (sign == "*" && a.is(Type::list) && is_whole(b)) return repeated(a, whole(b));
    if (sign == "*" && is_whole(a) && b.is(Type::list)) return repeated(b, whole(a));
    fail("'" + sign + "' of these kinds of values");
  }
  void check_size(std::size_t size) const {
    if (size > kMaxEvaluatedSize) fail("it gives more than 65,536 values");
  }
  NodePtr repeated(const Node& list, std::int64_t times) const {
    constexpr auto kMost = static_cast<std::int64_t>(kMaxEvaluatedSize);
    times = std::max<std::int64_t>(times, 0);
    if (times > kMost) check_size(kMaxEvaluatedSize + 1);
    check_size(list.items.size() * static_cast<std::size_t>(times));
    auto out = make(Type::list);
    for (std::int64_t i = 0; i < times && !list.items.empty(); ++i) {
      out->items.insert(out->items.end(), list.items.begin(), list.items.end());
    }
    return out;
  }
  NodePtr of_integers(const std::string& sign, std::int64_t a, std::int64_t b) const {
    std::int64_t out = 0;
    bool too_large = false;
    if (sign == "+") {
      too_large = __builtin_add_overflow(a, b, &out);
    } else if (sign == "-") {
      too_large = __builtin_sub_overflow(a, b, &out);
    } else if (sign == "*") {
      too_large = __builtin_mul_overflow(a, b, &out);
    } else if (b == 0) {
      fail("a division by 0");
    } else if (b == -1) {
      if (sign == "//") too_large = __builtin_sub_overflow(std::int64_t{0}, a, &out);
    } else {
      // Python's quotient is rounded down, and the remainder has the divisor's sign.
      const bool down = a % b != 0 && (a % b < 0) != (b < 0);
      out = sign == "//" ? a / b - (down ? 1 : 0) : a % b + (down ? b : 0);
    }
    if (too_large) fail("a number that is too large");
    return integer(out);
  }
  NodePtr of_numbers(const std::string& sign, double a, double b) const {
    if (sign == "+") return number(a + b);
    if (sign == "-") return number(a - b);
    if (sign == "*") return number(a * b);
    if (b == 0) fail("a division by 0");
    if (sign == "/") return number(a / b);
    const double remainder = std::fmod(a, b);
    const bool down = remainder != 0 && (remainder < 0) != (b < 0);
    if (sign == "%") return number(down ? remainder + b : remainder);
    return number(std::round((a - remainder) / b) - (down ? 1 : 0));
  }

  NodePtr comparison(const Expression& e) const {
    NodePtr left = value(e.parts[0]);
    for (std::size_t i = 0; i < e.names.size(); ++i) {
      NodePtr right = value(e.parts[i + 1]);
      if (!holds(e.names[i], *left, *right)) return boolean(false);
      left = std::move(right);
    }
    return boolean(true);
  }
  bool holds(const std::string& sign, const Node& a, const Node& b) const {
    if (sign == "==" || sign == "!=") return equal(a, b) == (sign == "==");
    if (sign == "is" || sign == "is not") {
      if (!b.is(Type::null) && !b.is(Type::boolean)) fail("'is' of other than None, True, False");
      return (a.kind == b.kind && a.boolean == b.boolean) == (sign == "is");
    }
    const bool texts = a.is(Type::text) && b.is(Type::text);
    if (!texts && (!is_number(a) || !is_number(b))) fail("'" + sign + "' of these values");
    const bool less = texts ? a.text < b.text : real(a) < real(b);
    const bool more = texts ? b.text < a.text : real(b) < real(a);
    if (sign == "<") return less;
    if (sign == ">") return more;
    return sign == "<=" ? !more : !less;
  }
  bool equal(const Node& a, const Node& b) const {
    if (is_number(a) && is_number(b)) return real(a) == real(b);
    if (a.is(Type::list) && b.is(Type::list)) {
      return std::equal(a.items.begin(), a.items.end(), b.items.begin(), b.items.end(),
                        [&](const NodePtr& x, const NodePtr& y) {
                          const NodePtr u = config_.resolve(x), v = config_.resolve(y);
                          if (u->is(Type::list) || v->is(Type::list)) fail("'==' of nested lists");
                          return equal(*u, *v);
                        });
    }
    if (a.is(Type::dict) || b.is(Type::dict)) fail("'==' of dicts");
    return a.kind == b.kind && a.text == b.text && a.boolean == b.boolean;
  }

  NodePtr logic(const Expression& e) const {
    NodePtr last;
    for (const Expression& part : e.parts) {
      last = value(part);
      if (is_true(*last) == (e.kind == Kind::any)) break;
    }
    return last;
  }

  NodePtr collection(const Expression& e) const {
    auto out = make(e.kind == Kind::list ? Type::list : Type::dict);
    for (std::size_t i = 0; i < e.parts.size(); ++i) {
      if (e.kind == Kind::list) {
        out->items.push_back(value(e.parts[i]));
        continue;
      }
      const NodePtr name = value(e.parts[i++]);
      if (!name->is(Type::text)) fail("a dict whose names are no texts");
      if (out->member(name->text) != nullptr) fail("a dict with a name twice");
      out->members.emplace_back(name->text, value(e.parts[i]));
    }
    return out;
  }

  const Config& config_;
  const Node& node_;
};

}  // namespace

bool is_true(const Node& node) {
  switch (node.kind) {
    case Type::null:
      return false;
    case Type::boolean:
      return node.boolean;
    case Type::integer:
      return node.integer != 0;
    case Type::number:
      return node.number != 0;
    case Type::text:
      return !node.text.empty();
    case Type::list:
      return !node.items.empty();
    case Type::dict:
      return !node.members.empty();
    default:
      return true;
  }
}

NodePtr evaluate_text(const Config& config, const Node& node) {
  const std::string_view text = std::string_view(node.text).substr(1);
  const Expression expression = parse_expression(text, config.name(), node.line);
  return Evaluator(config, node).value(expression);
}

}  // namespace osler::bundle
