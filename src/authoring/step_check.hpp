#pragma once
// What the schema cannot say about a description's steps. Inside the room only.

#include "authoring/problems.hpp"
#include "core/json.hpp"

namespace osler {

/// Their order, and the stages, channels and outputs that they name.
void add_step_problems(const Json& description, Problems& problems);

}  // namespace osler
