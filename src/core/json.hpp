#pragma once
// One JSON type for the whole program: keys keep the order in which they were written.

#include <nlohmann/json.hpp>

namespace osler {

using Json = nlohmann::ordered_json;

}  // namespace osler
