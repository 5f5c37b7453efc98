#pragma once
// Members of a package's description, each read or refused by its path.

#include <algorithm>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/code.hpp"
#include "core/error.hpp"
#include "core/json.hpp"

namespace osler {

/// The file that members are of, for errors.
struct MemberDocument {
  const char* name;
  const char* expected;
  const char* remedy;
};
inline constexpr MemberDocument kModelJson{
    "model.json", "the members that docs/schema/model.schema.json names", "repair the package"};

/// Reads members of a JSON document; what is missing or wrong is named with its path.
class MemberReader {
 public:
  MemberReader(const Json& json, std::string path, const MemberDocument& document = kModelJson)
      : json_(json), path_(std::move(path)), document_(document) {}

  MemberReader at(const char* key) const {
    if (!json_.is_object() || !json_.contains(key)) fail(key, "is missing");
    return {json_.at(key), path_ + "/" + key, document_};
  }
  bool has(const char* key) const { return json_.is_object() && json_.contains(key); }

  template <typename T>
  T get() const {
    // The JSON library would cut 3.5 down to 3 and take true for 1.
    if (std::is_integral_v<T> && !std::is_same_v<T, bool> && !json_.is_number_integer()) {
      fail("", "has the wrong type");
    }
    try {
      return json_.get<T>();
    } catch (const Json::exception&) {
      fail("", "has the wrong type");
    }
  }
  template <typename T>
  T get(const char* key) const {
    return at(key).get<T>();
  }

  template <typename T>
  T get_or(const char* key, T otherwise) const {
    return has(key) ? get<T>(key) : otherwise;
  }

  /// A word of a list; the error names them all.
  template <typename T>
  T word(const char* key, const std::map<std::string, T>& words) const {
    const auto found = words.find(get<std::string>(key));
    if (found != words.end()) return found->second;
    std::string known;
    for (const auto& [name, value] : words) known += (known.empty() ? "" : ", ") + name;
    fail(key, "'" + get<std::string>(key) + "' is none of: " + known);
  }

  bool is_list(const char* key) const { return has(key) && json_.at(key).is_array(); }
  bool is_text(const char* key) const { return has(key) && json_.at(key).is_string(); }
  bool is_object(const char* key) const { return has(key) && json_.at(key).is_object(); }

  template <typename F>
  auto list(const char* key, F&& read) const {
    const MemberReader member = at(key);
    if (!member.json_.is_array()) fail(key, "is not a list");
    std::vector<decltype(read(member))> out;
    std::size_t i = 0;
    for (const Json& item : member.json_) {
      out.push_back(read(MemberReader(item, member.path_ + "/" + std::to_string(i++), document_)));
    }
    return out;
  }

  /// Refuses members of other names: what is not known is not skipped.
  void only(std::initializer_list<std::string_view> names) const {
    for (const auto& [name, value] : json_.items()) {
      if (std::find(names.begin(), names.end(), name) == names.end()) {
        fail(name, "is not a member that this program knows");
      }
    }
  }

  [[noreturn]] void fail(const std::string& key, const std::string& what) const {
    throw Error(
        ErrorCode::model,
        std::string(document_.name) + ": " + path_ + (key.empty() ? "" : "/" + key) + " " + what,
        document_.expected, document_.remedy);
  }

 private:
  const Json& json_;
  std::string path_;
  const MemberDocument& document_;
};

Code read_code(const MemberReader& r);

/// Member "file": a name that stays in its folder.
std::string read_file_name(const MemberReader& r);

}  // namespace osler
