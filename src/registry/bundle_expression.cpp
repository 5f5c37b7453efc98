#include "registry/bundle_expression.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace osler::bundle {
namespace {

using Kind = Expression::Kind;

constexpr std::size_t kMaxPostfix = 32;  ///< of one value: a.b.c[0](...)
constexpr std::array<std::string_view, 29> kKeywords{
    "and",    "as",     "assert", "async",   "await",    "class", "def",    "del",
    "elif",   "else",   "except", "finally", "for",      "from",  "global", "if",
    "import", "in",     "is",     "lambda",  "nonlocal", "not",   "or",     "pass",
    "raise",  "return", "try",    "while",   "with"};

struct Token {
  enum class Kind { end, number, text, word, reference, sign } kind = Kind::end;
  std::string text;
};

class Tokens {
 public:
  Tokens(std::string_view text, std::string file, int line)
      : text_(text), file_(std::move(file)), line_(line) {
    next();
  }

  const Token& now() const { return now_; }
  bool is(std::string_view sign) const {
    return (now_.kind == Token::Kind::sign || now_.kind == Token::Kind::word) && now_.text == sign;
  }
  bool take(std::string_view sign) {
    if (!is(sign)) return false;
    next();
    return true;
  }
  void want(std::string_view sign) {
    if (!take(sign)) fail("'" + std::string(sign) + "' is expected before '" + now_.text + "'");
  }
  Token take() {
    Token token = now_;
    next();
    return token;
  }
  [[noreturn]] void fail(const std::string& why) const {
    fail_at(file_, line_,
            "the expression '" + std::string(text_.substr(0, 80)) +
                "' is not one that this program evaluates: " + why);
  }
  int line() const { return line_; }

 private:
  static bool is_letter(char c) {
    return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  }
  static bool is_digit(char c) { return c >= '0' && c <= '9'; }

  void next() {
    while (at_ < text_.size() &&
           (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r')) {
      ++at_;
    }
    now_ = {};
    if (at_ == text_.size()) return;
    const std::size_t from = at_;
    const char c = text_[at_];
    if (c == '@') {
      at_ += reference_length(text_.substr(at_));
      now_ = {Token::Kind::reference, std::string(text_.substr(from + 1, at_ - from - 1))};
    } else if (is_letter(c)) {
      while (at_ < text_.size() && (is_letter(text_[at_]) || is_digit(text_[at_]))) ++at_;
      now_ = {Token::Kind::word, std::string(text_.substr(from, at_ - from))};
    } else if (is_digit(c) || (c == '.' && at_ + 1 < text_.size() && is_digit(text_[at_ + 1]))) {
      take_number();
    } else if (c == '\'' || c == '"') {
      take_text(c);
    } else {
      take_sign();
    }
  }
  void take_number() {
    const std::size_t from = at_;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      const bool exponent_sign =
          (c == '+' || c == '-') && (text_[at_ - 1] == 'e' || text_[at_ - 1] == 'E');
      if (!is_digit(c) && !is_letter(c) && c != '.' && !exponent_sign) break;
      ++at_;
    }
    now_ = {Token::Kind::number, std::string(text_.substr(from, at_ - from))};
  }
  void take_text(char quote) {
    std::string value;
    for (++at_;; ++at_) {
      if (at_ == text_.size()) fail("a text does not end");
      const char c = text_[at_];
      if (c == quote) break;
      if (c == '\\') fail("'\\' in a text");
      value += c;
    }
    ++at_;
    now_ = {Token::Kind::text, std::move(value)};
  }
  void take_sign() {
    for (const std::string_view sign : {"//", "<=", ">=", "==", "!=", "**"}) {
      if (text_.compare(at_, 2, sign) != 0) continue;
      at_ += 2;
      now_ = {Token::Kind::sign, std::string(sign)};
      return;
    }
    if (std::string_view("+-*/%<>()[]{},:.").find(text_[at_]) == std::string_view::npos) {
      fail("'" + std::string(1, text_[at_]) + "'");
    }
    now_ = {Token::Kind::sign, std::string(1, text_[at_++])};
  }

  std::string_view text_;
  std::string file_;
  int line_;
  std::size_t at_ = 0;
  Token now_;
};

class Parser {
 public:
  explicit Parser(Tokens& tokens) : tokens_(tokens) {}

  Expression whole() {
    Expression e = expression();
    if (tokens_.now().kind != Token::Kind::end) tokens_.fail("'" + tokens_.now().text + "'");
    return e;
  }

 private:
  struct Deeper {
    explicit Deeper(Parser& p) : parser(p) {
      if (++parser.depth_ > kMaxExpressionDepth) parser.tokens_.fail("it is nested too deep");
    }
    ~Deeper() { --parser.depth_; }
    Deeper(const Deeper&) = delete;
    Deeper& operator=(const Deeper&) = delete;
    Parser& parser;
  };

  static Expression make(Kind kind, std::vector<Expression> parts) {
    Expression e;
    e.kind = kind;
    e.parts = std::move(parts);
    return e;
  }
  Expression constant(Node node) const {
    Expression e;
    node.line = tokens_.line();
    node.evaluated = true;
    e.value = std::make_shared<Node>(std::move(node));
    return e;
  }

  Expression expression() {
    const Deeper deeper(*this);
    if (tokens_.take("lambda")) return function();
    Expression e = alternatives();
    if (!tokens_.take("if")) return e;
    Expression condition = alternatives();
    tokens_.want("else");
    std::vector<Expression> parts;
    parts.push_back(std::move(e));
    parts.push_back(std::move(condition));
    parts.push_back(expression());
    return make(Kind::conditional, std::move(parts));
  }
  Expression function() {
    Expression e;
    e.kind = Kind::function;
    while (!tokens_.take(":")) {
      if (tokens_.now().kind != Token::Kind::word) tokens_.fail("a lambda of this kind");
      e.names.push_back(tokens_.take().text);
      if (!tokens_.is(":")) tokens_.want(",");
    }
    e.parts.push_back(expression());
    return e;
  }

  /// `next` joined by any of the words; a single one stays as it is.
  template <typename Next>
  Expression joined(Kind kind, std::string_view word, Next&& next) {
    std::vector<Expression> parts;
    do {
      parts.push_back(next());
    } while (tokens_.take(word));
    return parts.size() == 1 ? std::move(parts.front()) : make(kind, std::move(parts));
  }
  Expression alternatives() {
    return joined(Kind::any, "or", [&] { return conditions(); });
  }
  Expression conditions() {
    return joined(Kind::all, "and", [&] { return condition(); });
  }
  Expression condition() {
    if (!tokens_.take("not")) return comparison();
    const Deeper deeper(*this);
    std::vector<Expression> parts;
    parts.push_back(condition());
    return make(Kind::inverse, std::move(parts));
  }

  template <typename Next>
  Expression chain(Kind kind, std::initializer_list<std::string_view> signs, Next&& next) {
    Expression first = next();
    std::vector<std::string> used;
    std::vector<Expression> parts;
    parts.push_back(std::move(first));
    for (;;) {
      const auto sign = std::find_if(signs.begin(), signs.end(),
                                     [&](std::string_view s) { return tokens_.is(s); });
      if (sign == signs.end()) break;
      tokens_.take();
      used.emplace_back(*sign == "is" && tokens_.take("not") ? "is not" : *sign);
      parts.push_back(next());
    }
    if (used.empty()) return std::move(parts.front());
    Expression e = make(kind, std::move(parts));
    e.names = std::move(used);
    return e;
  }
  Expression comparison() {
    return chain(Kind::comparison, {"<=", ">=", "<", ">", "==", "!=", "is"}, [&] { return sum(); });
  }
  Expression sum() {
    return chain(Kind::arithmetic, {"+", "-"}, [&] { return product(); });
  }
  Expression product() {
    return chain(Kind::arithmetic, {"*", "/", "//", "%"}, [&] { return factor(); });
  }
  Expression factor() {
    const Deeper deeper(*this);
    if (tokens_.take("+")) return factor();
    if (!tokens_.take("-")) return with_postfix();
    std::vector<Expression> parts;
    parts.push_back(factor());
    return make(Kind::negative, std::move(parts));
  }

  Expression with_postfix() {
    Expression e = atom();
    for (std::size_t i = 0;; ++i) {
      const bool attribute = tokens_.is("."), call = tokens_.is("("), index = tokens_.is("[");
      if (!attribute && !call && !index) return e;
      if (i >= kMaxPostfix) tokens_.fail("it is nested too deep");
      tokens_.take();
      std::vector<Expression> parts;
      parts.push_back(std::move(e));
      if (attribute) {
        e = make(Kind::attribute, std::move(parts));
        if (tokens_.now().kind != Token::Kind::word) tokens_.fail("'.'");
        e.text = tokens_.take().text;
      } else if (call) {
        e = make(Kind::call, std::move(parts));
        e.names.emplace_back();
        arguments(e);
      } else {
        parts.push_back(expression());
        tokens_.want("]");
        e = make(Kind::subscript, std::move(parts));
      }
    }
  }
  void arguments(Expression& call) {
    while (!tokens_.take(")")) {
      Expression argument = expression();
      call.parts.push_back(std::move(argument));
      call.names.emplace_back();
      if (!tokens_.is(")")) tokens_.want(",");
    }
  }

  std::vector<Expression> until(std::string_view closing) {
    std::vector<Expression> parts;
    while (!tokens_.take(closing)) {
      parts.push_back(expression());
      if (tokens_.is("for")) tokens_.fail("a comprehension ('for')");
      if (!tokens_.is(closing)) tokens_.want(",");
    }
    return parts;
  }
  Expression in_brackets() {
    std::vector<Expression> parts;
    while (!tokens_.take(")")) {
      parts.push_back(expression());
      if (tokens_.is("for")) tokens_.fail("a comprehension ('for')");
      if (tokens_.take(")")) {
        return parts.size() == 1 ? std::move(parts.front()) : make(Kind::list, std::move(parts));
      }
      tokens_.want(",");
    }
    return make(Kind::list, std::move(parts));
  }
  Expression dict() {
    std::vector<Expression> parts;
    while (!tokens_.take("}")) {
      parts.push_back(expression());
      tokens_.want(":");
      parts.push_back(expression());
      if (tokens_.is("for")) tokens_.fail("a comprehension ('for')");
      if (!tokens_.is("}")) tokens_.want(",");
    }
    return make(Kind::dict, std::move(parts));
  }

  Expression atom() {
    if (tokens_.take("(")) return in_brackets();
    if (tokens_.take("[")) return make(Kind::list, until("]"));
    if (tokens_.take("{")) return dict();
    const Token token = tokens_.take();
    Node node;
    switch (token.kind) {
      case Token::Kind::number:
        return constant(number(token.text));
      case Token::Kind::text:
        node.kind = Node::Kind::text;
        node.text = token.text;
        while (tokens_.now().kind == Token::Kind::text) node.text += tokens_.take().text;
        return constant(std::move(node));
      case Token::Kind::reference: {
        Expression e;
        e.kind = Kind::reference;
        e.text = token.text;
        return e;
      }
      case Token::Kind::word:
        if (token.text == "None") return constant({});
        if (token.text == "True" || token.text == "False") {
          node.kind = Node::Kind::boolean;
          node.boolean = token.text == "True";
          return constant(std::move(node));
        }
        if (std::find(kKeywords.begin(), kKeywords.end(), token.text) == kKeywords.end()) {
          Expression e;
          e.kind = Kind::name;
          e.text = token.text;
          return e;
        }
        break;
      default:
        break;
    }
    tokens_.fail(token.kind == Token::Kind::end ? "it ends too early" : "'" + token.text + "'");
  }

  Node number(const std::string& text) const {
    Node node;
    const char* const end = text.data() + text.size();
    if (text.find_first_not_of("0123456789") == std::string::npos) {
      node.kind = Node::Kind::integer;
      const auto [at, error] = std::from_chars(text.data(), end, node.integer);
      if (error == std::errc() && at == end) return node;
    }
    node.kind = Node::Kind::number;
    const auto [at, error] = std::from_chars(text.data(), end, node.number);
    if (error != std::errc() || at != end) tokens_.fail("the number '" + text.substr(0, 40) + "'");
    return node;
  }

  Tokens& tokens_;
  int depth_ = 0;
};

}  // namespace

Expression parse_expression(std::string_view text, const std::string& file, int line) {
  if (text.size() > kMaxExpressionBytes)
    fail_at(file, line, "an expression of more than 4096 bytes");
  Tokens tokens(text, file, line);
  return Parser(tokens).whole();
}

}  // namespace osler::bundle
