#pragma once
// Expressions of a bundle ("$..."): a part of Python's grammar, read into a tree by this program.
// No name is looked up but those that stand here, and nothing is ever run as code.

#include <string>
#include <string_view>
#include <vector>

#include "registry/bundle_config.hpp"

namespace osler::bundle {

struct Expression {
  enum class Kind {
    constant,     ///< `value`: a number, a text, True, False, None
    reference,    ///< `text`: the id behind "@"
    name,         ///< `text`
    attribute,    ///< parts[0] . text
    call,         ///< parts[0] ( parts[1...] ); names[i] of parts[i], empty: by position
    subscript,    ///< parts[0] [ parts[1] ]
    negative,     ///< - parts[0]
    inverse,      ///< not parts[0]
    arithmetic,   ///< parts[0] names[0] parts[1] names[1] ..., from the left; + - * / // %
    comparison,   ///< likewise, all must hold; < <= > >= == != is is-not
    any,          ///< parts joined by `or`
    all,          ///< parts joined by `and`
    conditional,  ///< parts[0] if parts[1] else parts[2]
    list,         ///< also a tuple
    dict,         ///< parts: name, value, name, value ...
    function      ///< lambda names...: parts[0]
  };
  Kind kind = Kind::constant;
  NodePtr value;
  std::string text;
  std::vector<std::string> names;
  std::vector<Expression> parts;
};

/// @param text  without the leading "$"
/// @throws Error model: too long, nested too deep, not of this grammar (the word is named)
Expression parse_expression(std::string_view text, const std::string& file, int line);

/// What the expression of a node, whose text starts with "$", gives.
/// @throws Error model: not of this grammar, a name or call that is not known, no value
NodePtr evaluate_text(const Config& config, const Node& node);

/// Python's: 0, "", None, False, and empty lists and dicts are not.
bool is_true(const Node& node);

}  // namespace osler::bundle
