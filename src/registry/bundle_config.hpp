#pragma once
// The configuration language of MONAI bundles: JSON or YAML whose strings may stand for other parts
// ("@id", "@id::part::0", "%id") or be expressions ("$@pixdim[0] * 2"). Nothing is run: expressions
// are a small closed grammar, and what nobody asks for is never looked at.

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace osler::bundle {

struct Expression;  // registry/bundle_expression.hpp
struct Node;
using NodePtr = std::shared_ptr<const Node>;

/// A part of a configuration as it is written, or what an expression gave.
struct Node {
  enum class Kind {
    null,
    boolean,
    integer,
    number,
    text,
    symbol,    ///< a constant of Python's libraries by its name, e.g. "torch.float32"
    function,  ///< a lambda, not called by this program
    list,
    dict
  };
  Kind kind = Kind::null;
  bool boolean = false;
  std::int64_t integer = 0;
  double number = 0;
  std::string text;
  std::shared_ptr<const Expression> function;
  std::vector<NodePtr> items;
  std::vector<std::pair<std::string, NodePtr>> members;  ///< as in the file, names are unique
  int line = 0;                                          ///< of the file, from 1
  bool evaluated = false;  ///< a text that an expression gave: no reference, whatever it holds

  bool is(Kind k) const { return kind == k; }
  /// The member of a dict; null if there is none, or if this is no dict.
  NodePtr member(std::string_view name) const;
};

/// What a configuration may not exceed; held before anything is allocated for it.
inline constexpr std::size_t kMaxConfigBytes = 4 << 20;
inline constexpr std::size_t kMaxConfigNodes = 200'000;
inline constexpr int kMaxConfigDepth = 64;
inline constexpr std::size_t kMaxReferenceChain = 32;
inline constexpr std::size_t kMaxExpressionBytes = 4096;
inline constexpr int kMaxExpressionDepth = 32;
inline constexpr std::size_t kMaxEvaluatedSize = 1 << 16;  ///< items of a list, bytes of a text

enum class Format { json, yaml };

/// One file of a bundle. Every error says the file's name and the line.
class Config {
 public:
  /// @throws Error model: unreadable, too large, nested too deep, a name twice, not JSON or YAML
  static Config read(const std::filesystem::path& file);
  static Config parse(std::string_view text, Format format, std::string name);

  const std::string& name() const { return name_; }
  const NodePtr& root() const { return root_; }

  /// The part "a::b::0" (or "a#b#0") as it is written; null if there is none.
  NodePtr find(std::string_view id) const;

  /// The node with references followed and its expression evaluated; its own parts stay as written.
  /// @throws Error model: a reference to nothing or to itself, another file, an expression outside
  ///     of the grammar
  NodePtr resolve(const NodePtr& node) const;

  /// @throws Error model if what is below `node`, references included, contains itself
  void check_no_cycle(const NodePtr& node) const;

  /// "inference.json line 63: ..."
  [[noreturn]] void fail(const Node& node, const std::string& what) const;
  [[noreturn]] void fail(int line, const std::string& what) const;

 private:
  enum class Visit { open, done };
  void visit(const NodePtr& node, std::map<const Node*, Visit>& seen, int depth) const;
  NodePtr resolve_text(const NodePtr& node) const;

  std::string name_;
  NodePtr root_;
  mutable std::vector<const Node*> resolving_;       ///< the chain of references at work
  mutable std::map<const Node*, NodePtr> resolved_;  ///< what was asked for before
};

/// Reads the text of a file into nodes. @throws Error model
NodePtr parse_json(std::string_view text, const std::string& name);
NodePtr parse_yaml(std::string_view text, const std::string& name);

/// "@a::b" from the start of the text: how many bytes are a reference; 0: none.
std::size_t reference_length(std::string_view text);

[[noreturn]] void fail_at(const std::string& file, int line, const std::string& what);

}  // namespace osler::bundle
