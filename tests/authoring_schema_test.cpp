// The schema validator; judges/check_schema.py holds it against one that we did not write.

#include "authoring/schema.hpp"

#include <gtest/gtest.h>

#include <string>

#include "temporary_folder.hpp"
#include "test_data.hpp"

namespace osler {
namespace {

/// "path what; path what"
std::string problems(const char* document, const char* schema) {
  std::string text;
  for (const Problem& p : schema_problems(Json::parse(document), Json::parse(schema))) {
    text += (text.empty() ? "" : "; ") + p.where + " " + p.what;
  }
  return text;
}

TEST(Schema, FindsNothingWrongWithTheShippedPackage) {
  const auto text =
      testing::read_text(testing::project_source() / "models" / "hippocampus-t1" / "model.json");
  EXPECT_TRUE(schema_problems(Json::parse(text), model_schema()).empty());
}

TEST(Schema, NamesEveryViolationByItsPath) {
  constexpr char kSchema[] = R"({
    "type": "object", "required": ["a", "z"], "additionalProperties": false,
    "properties": {
      "a": { "type": "array", "items": { "$ref": "#/$defs/n" }, "maxItems": 3 },
      "b": { "enum": ["one", "two"] }, "c": { "type": "string", "pattern": "^x", "minLength": 1 },
      "e": { "exclusiveMinimum": 0, "exclusiveMaximum": 1 },
      "z": {} },
    "$defs": { "n": { "type": "integer", "minimum": 1, "maximum": 9 } } })";
  EXPECT_EQ(problems(R"({ "a": [1, 2], "b": "one", "c": "xy", "e": 0.5, "z": null })", kSchema),
            "");
  EXPECT_EQ(problems(R"({ "a": [0, "t", 10, 4], "b": 3, "c": "y", "d": 1, "e": 1 })", kSchema),
            "/z is missing; /d is not a member that is known here; known are: a, b, c, e, z; "
            "/a/0 is 0, not at least 1; /a/1 is \"t\", not an integer; /a/2 is 10, not at most 9; "
            "/a has 4 entries, not from 0 to 3; /b is 3, none of: \"one\", \"two\"; "
            "/c is \"y\", not of the form \"^x\"; /e is 1, not below 1");
  EXPECT_EQ(problems("[]", kSchema), "/ is a list, not an object");
}

TEST(Schema, ChoosesByWhatIsThere) {
  constexpr char kSchema[] = R"({
    "if": { "properties": { "k": { "const": "a" } }, "required": ["k"] },
    "then": { "required": ["x"] }, "else": { "required": ["y"] },
    "anyOf": [{ "required": ["p"] }, { "required": ["q"] }],
    "not": { "required": ["r"], "description": "r" } })";
  EXPECT_EQ(problems(R"({ "k": "a", "x": 1, "p": 1 })", kSchema), "");
  EXPECT_EQ(problems(R"({ "k": "a" })", kSchema), "/x is missing; / has no p or q");
  EXPECT_EQ(problems(R"({ "q": 1, "r": 1 })", kSchema), "/y is missing; / has what it must not: r");
}

TEST(Schema, AKeywordThatWouldNotBeCheckedIsADefect) {
  EXPECT_THROW(problems("1", R"({ "multipleOf": 2 })"), std::logic_error);
}

TEST(Schema, LongAndStrangeTextsAreShortened) {
  const std::string text =
      problems((R"(")" + std::string(5000, 'x') + R"(")").c_str(), R"({ "pattern": "^y" })");
  EXPECT_LT(text.size(), 120U);
}

}  // namespace
}  // namespace osler
