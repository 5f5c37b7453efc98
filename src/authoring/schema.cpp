#include "authoring/schema.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <regex>
#include <string>
#include <utility>

#include "authoring/model_schema.hpp"

namespace osler {
namespace {

bool is_type(const Json& value, const std::string& type) {
  if (type == "object") return value.is_object();
  if (type == "array") return value.is_array();
  if (type == "string") return value.is_string();
  if (type == "boolean") return value.is_boolean();
  if (type == "number") return value.is_number();
  if (type == "integer") {
    return value.is_number_integer() ||
           (value.is_number() && value.get<double>() == std::floor(value.get<double>()));
  }
  throw std::logic_error("schema: type " + type);
}

std::string kind_of(const Json& value) {
  if (value.is_object()) return "an object";
  if (value.is_array()) return "a list";
  if (value.is_null()) return "null";
  constexpr std::size_t kLongest = 60;
  std::string text = value.dump(-1, ' ', false, Json::error_handler_t::replace);
  if (text.size() > kLongest) text = text.substr(0, kLongest) + "...";
  return text;
}

std::string name_of_type(const std::string& type) {
  static const std::map<std::string, std::string> names{
      {"object", "an object"},   {"array", "a list"},    {"string", "a text"},
      {"integer", "an integer"}, {"number", "a number"}, {"boolean", "true or false"}};
  return names.at(type);
}

std::size_t code_points(const std::string& text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

class Validator {
 public:
  explicit Validator(const Json& root) : root_(root) {}

  void check(const Json& value, const Json& schema, const std::string& path) {
    if (schema.is_boolean()) {
      if (!schema.get<bool>()) report(path, "is not allowed here");
      return;
    }
    // Of another type, the rest would only repeat that.
    if (schema.contains("type") && !is_type(value, schema.at("type"))) {
      report(path, "is " + kind_of(value) + ", not " + name_of_type(schema.at("type")));
      return;
    }
    for (const auto& [keyword, rule] : schema.items()) {
      const auto found = keywords().find(keyword);
      if (found == keywords().end()) throw std::logic_error("schema: keyword " + keyword);
      if (found->second != nullptr) (this->*found->second)(value, rule, schema, path);
    }
  }

  Problems problems;

 private:
  using Check = void (Validator::*)(const Json&, const Json&, const Json&, const std::string&);

  static const std::map<std::string, Check>& keywords() {
    static const std::map<std::string, Check> all{
        {"$schema", nullptr},
        {"$defs", nullptr},
        {"title", nullptr},
        {"description", nullptr},
        {"type", nullptr},
        {"then", nullptr},
        {"else", nullptr},
        {"properties", &Validator::properties},
        {"additionalProperties", &Validator::additional},
        {"required", &Validator::required},
        {"$ref", &Validator::reference},
        {"const", &Validator::constant},
        {"enum", &Validator::one_of_values},
        {"not", &Validator::none},
        {"items", &Validator::items},
        {"prefixItems", &Validator::prefix_items},
        {"minItems", &Validator::length},
        {"maxItems", &Validator::length},
        {"uniqueItems", &Validator::unique},
        {"minimum", &Validator::bound},
        {"maximum", &Validator::bound},
        {"exclusiveMinimum", &Validator::bound},
        {"exclusiveMaximum", &Validator::bound},
        {"minLength", &Validator::text_length},
        {"maxLength", &Validator::text_length},
        {"pattern", &Validator::pattern},
        {"allOf", &Validator::all_of},
        {"anyOf", &Validator::any_of},
        {"if", &Validator::conditional},
    };
    return all;
  }

  void report(const std::string& path, const std::string& what) {
    const Problem problem{Problem::Level::error, path.empty() ? "/" : path, what};
    // A member may be reached by more than one way through the schema.
    if (std::find(problems.begin(), problems.end(), problem) == problems.end()) {
      problems.push_back(problem);
    }
  }

  bool fits(const Json& value, const Json& schema) const {
    Validator other(root_);
    other.check(value, schema, "");
    return other.problems.empty();
  }

  void reference(const Json& value, const Json& rule, const Json&, const std::string& path) {
    check(value, root_.at(Json::json_pointer(rule.get<std::string>().substr(1))), path);
  }

  void properties(const Json& value, const Json& rule, const Json&, const std::string& path) {
    if (!value.is_object()) return;
    for (const auto& [name, schema] : rule.items()) {
      if (value.contains(name)) check(value.at(name), schema, path + "/" + name);
    }
  }

  void additional(const Json& value, const Json& rule, const Json& schema,
                  const std::string& path) {
    if (!value.is_object() || rule != false) return;
    std::string known;
    for (const auto& [name, unused] : schema.at("properties").items()) {
      known += (known.empty() ? "" : ", ") + name;
    }
    for (const auto& [name, unused] : value.items()) {
      if (schema.at("properties").contains(name)) continue;
      report(path + "/" + name, "is not a member that is known here; known are: " + known);
    }
  }

  void required(const Json& value, const Json& rule, const Json&, const std::string& path) {
    if (!value.is_object()) return;
    for (const auto& name : rule) {
      if (!value.contains(name.get<std::string>())) {
        report(path + "/" + name.get<std::string>(), "is missing");
      }
    }
  }

  void constant(const Json& value, const Json& rule, const Json&, const std::string& path) {
    if (value != rule) report(path, "is " + kind_of(value) + ", not " + kind_of(rule));
  }

  void one_of_values(const Json& value, const Json& rule, const Json&, const std::string& path) {
    std::string known;
    for (const Json& each : rule) {
      if (value == each) return;
      known += (known.empty() ? "" : ", ") + kind_of(each);
    }
    report(path, "is " + kind_of(value) + ", none of: " + known);
  }

  void none(const Json& value, const Json& rule, const Json&, const std::string& path) {
    if (!fits(value, rule)) return;
    const std::string what =
        rule.contains("description") ? rule.at("description").get<std::string>() : kind_of(value);
    report(path, "has what it must not: " + what);
  }

  void items(const Json& value, const Json& rule, const Json& schema, const std::string& path) {
    if (!value.is_array()) return;
    const std::size_t first = schema.contains("prefixItems") ? schema.at("prefixItems").size() : 0;
    for (std::size_t i = first; i < value.size(); ++i) {
      check(value[i], rule, path + "/" + std::to_string(i));
    }
  }

  void prefix_items(const Json& value, const Json& rule, const Json&, const std::string& path) {
    if (!value.is_array()) return;
    for (std::size_t i = 0; i < std::min(value.size(), rule.size()); ++i) {
      check(value[i], rule[i], path + "/" + std::to_string(i));
    }
  }

  void length(const Json& value, const Json&, const Json& schema, const std::string& path) {
    if (!value.is_array()) return;
    const std::size_t least = schema.value("minItems", std::size_t{0});
    const std::size_t most = schema.value("maxItems", SIZE_MAX);
    if (value.size() >= least && value.size() <= most) return;
    const std::string wanted =
        least == most      ? std::to_string(least)
        : most == SIZE_MAX ? "at least " + std::to_string(least)
                           : "from " + std::to_string(least) + " to " + std::to_string(most);
    report(path, "has " + std::to_string(value.size()) + " entries, not " + wanted);
  }

  void unique(const Json& value, const Json& rule, const Json&, const std::string& path) {
    if (!value.is_array() || rule != true) return;
    for (std::size_t i = 0; i < value.size(); ++i) {
      if (std::find(value.begin(), value.begin() + static_cast<std::ptrdiff_t>(i), value[i]) !=
          value.begin() + static_cast<std::ptrdiff_t>(i)) {
        report(path, "has " + kind_of(value[i]) + " more than once");
      }
    }
  }

  void bound(const Json& value, const Json&, const Json& schema, const std::string& path) {
    if (!value.is_number()) return;
    const auto number = value.get<double>();
    const auto is = [&](const char* keyword, auto&& violates, const char* words) {
      if (!schema.contains(keyword) || !violates(schema.at(keyword).get<double>())) return;
      report(path, "is " + kind_of(value) + ", not " + words + " " + kind_of(schema.at(keyword)));
    };
    is(
        "minimum", [&](double b) { return number < b; }, "at least");
    is(
        "maximum", [&](double b) { return number > b; }, "at most");
    is(
        "exclusiveMinimum", [&](double b) { return number <= b; }, "above");
    is(
        "exclusiveMaximum", [&](double b) { return number >= b; }, "below");
  }

  void text_length(const Json& value, const Json&, const Json& schema, const std::string& path) {
    if (!value.is_string()) return;
    const std::size_t length = code_points(value.get_ref<const std::string&>());
    if (length < schema.value("minLength", std::size_t{0})) report(path, "is empty");
    const std::size_t most = schema.value("maxLength", SIZE_MAX);
    if (length > most) {
      report(path,
             "has " + std::to_string(length) + " characters, not at most " + std::to_string(most));
    }
  }

  void pattern(const Json& value, const Json& rule, const Json& schema, const std::string& path) {
    if (!value.is_string()) return;
    const auto& text = value.get_ref<const std::string&>();
    // std::regex takes a stack frame per character.
    constexpr std::size_t kLongest = 4096;
    if (text.size() <= kLongest && std::regex_search(text, std::regex(rule.get<std::string>()))) {
      return;
    }
    report(path, "is " + kind_of(value) + ", not " +
                     (schema.contains("description") ? schema.at("description").get<std::string>()
                                                     : "of the form " + kind_of(rule)));
  }

  void all_of(const Json& value, const Json& rule, const Json&, const std::string& path) {
    for (const Json& each : rule) check(value, each, path);
  }

  void any_of(const Json& value, const Json& rule, const Json& schema, const std::string& path) {
    for (const Json& each : rule) {
      if (fits(value, each)) return;
    }
    std::string members;
    for (const Json& each : rule) {
      if (each.contains("required")) {
        members += (members.empty() ? "" : " or ") + each.at("required")[0].get<std::string>();
      }
    }
    if (!members.empty()) {
      report(path, "has no " + members);
    } else {
      report(path, "is " + kind_of(value) + ", not " + schema.value("description", "of any form"));
    }
  }

  void conditional(const Json& value, const Json& rule, const Json& schema,
                   const std::string& path) {
    const char* branch = fits(value, rule) ? "then" : "else";
    if (schema.contains(branch)) check(value, schema.at(branch), path);
  }

  const Json& root_;
};

}  // namespace

const Json& model_schema() {
  static const Json schema = Json::parse(kModelSchema);
  return schema;
}

Problems schema_problems(const Json& document, const Json& schema) {
  Validator validator(schema);
  validator.check(document, schema, "");
  return std::move(validator.problems);
}

}  // namespace osler
