#pragma once
// Parts of a description that may be damaged. Inside the room only.

#include <algorithm>
#include <cstdint>
#include <string>

#include "core/json.hpp"

namespace osler {

/// A member that is there and of this type; else `otherwise`.
template <typename T>
T member(const Json& json, const char* key, T otherwise) {
  if (!json.is_object() || !json.contains(key)) return otherwise;
  try {
    return json.at(key).get<T>();
  } catch (const Json::exception&) {
    return otherwise;
  }
}

/// A list or an object; else one that is empty.
inline const Json& part(const Json& json, const char* key) {
  static const Json nothing = Json::array();
  return json.is_object() && json.contains(key) && json.at(key).is_structured() ? json.at(key)
                                                                                : nothing;
}

inline std::string step_name(const Json& step) {
  return member<std::string>(step, "step", "");
}

inline bool is_localised(const Json& description) {
  const Json& steps = part(description, "steps");
  return !steps.empty() && step_name(steps.front()) == "localise-in-template";
}

inline bool is_ensemble(const Json& description) {
  const Json& steps = part(description, "steps");
  return !steps.empty() && step_name(steps.front()) == "ensemble";
}

/// Of a classifier's tensor.
inline std::int64_t classifier_channels(const Json& description, const Json& classify) {
  if (member(classify, "dimensions", 3) == 3) {
    return static_cast<std::int64_t>(
        std::max<std::size_t>(part(description, "channels").size(), 1));
  }
  if (member<std::string>(classify, "colour", "monochrome") == "rgb") return 3;
  return member<std::int64_t>(classify, "repeat_to", 1);
}

/// The step "classify", if it is one.
inline const Json* classifier(const Json& description) {
  for (const Json& step : part(description, "steps")) {
    if (step_name(step) == "classify") return &step;
  }
  return nullptr;
}

inline std::string at(const char* list, std::size_t i, const char* key = nullptr) {
  return std::string(list) + "/" + std::to_string(i) + (key == nullptr ? "" : "/") +
         (key == nullptr ? "" : key);
}

}  // namespace osler
