#pragma once
// A document held against a JSON Schema.

#include <stdexcept>

#include "authoring/problems.hpp"
#include "core/json.hpp"

namespace osler {

/// docs/schema/model.schema.json, as it was when the program was built.
const Json& model_schema();

/// Every violation, by the path of the member. Of JSON Schema 2020-12 these are known: $ref into
/// the same document, type, const, enum, not, required, properties, additionalProperties: false,
/// items, prefixItems, minItems, maxItems, uniqueItems, minimum, maximum, exclusiveMinimum,
/// minLength, maxLength, pattern, allOf, anyOf, if / then / else, and notes.
/// @throws std::logic_error if the schema has another keyword: it would not be checked
Problems schema_problems(const Json& document, const Json& schema);

}  // namespace osler
