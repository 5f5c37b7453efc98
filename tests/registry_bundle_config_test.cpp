// The configuration language of MONAI bundles: references, expressions, lines, limits.

#include "registry/bundle_config.hpp"

#include <gtest/gtest.h>

#include <string>

#include "registry/bundle_expression.hpp"
#include "throws.hpp"

namespace osler::bundle {
namespace {

using osler::testing::expect_error;
using Type = Node::Kind;

Config json(const std::string& text) {
  return Config::parse(text, Format::json, "inference.json");
}
Config yaml(const std::string& text) {
  return Config::parse(text, Format::yaml, "inference.yaml");
}
NodePtr value(const Config& config, const std::string& id) {
  const NodePtr node = config.find(id);
  EXPECT_NE(node, nullptr) << id;
  return node == nullptr ? std::make_shared<Node>() : config.resolve(node);
}
/// What the expression gives, in a file that holds a few values.
NodePtr result(const std::string& expression) {
  std::string quoted;
  for (const char c : expression) quoted += c == '"' ? std::string("\\\"") : std::string(1, c);
  const Config config = json(R"({"n": 3, "f": 0.5, "t": "a", "list": [1, 2, 3], "d": {"k": "v"},
      "on": true, "x": "$)" + quoted +
                             "\"}");
  return value(config, "x");
}
void refused(const std::string& expression, const std::string& word) {
  expect_error(ErrorCode::model, word, [&] { result(expression); });
}

TEST(BundleConfig, FollowsReferences) {
  const Config config = json(R"({"a": {"b": [10, {"c": "deep"}]}, "one": "@a::b::0",
      "old": "@a#b#1#c", "again": "@one", "mail": "me@home", "macro": "%a::b::0"})");
  EXPECT_EQ(value(config, "one")->integer, 10);
  EXPECT_EQ(value(config, "old")->text, "deep");
  EXPECT_EQ(value(config, "again")->integer, 10);
  EXPECT_EQ(value(config, "mail")->text, "me@home");
  EXPECT_EQ(value(config, "macro")->integer, 10);
}

TEST(BundleConfig, RelativeReferencesStartAtTheirPlace) {
  // MONAI's own example of ConfigParser.resolve_relative_ids.
  const Config config = json(R"({"A": 1, "B": {"key": "@##A", "value1": 2, "value2": "%#value1",
      "value3": [3, 4, "@#1"]}})");
  EXPECT_EQ(value(config, "B::key")->integer, 1);
  EXPECT_EQ(value(config, "B::value2")->integer, 2);
  EXPECT_EQ(value(config, "B::value3::2")->integer, 4);
}

TEST(BundleConfig, WhatIsNotThereIsRefusedWithItsLine) {
  const Config config = json("{\n\"a\": 1,\n\"b\": \"@c\",\n\"m\": \"%other.json::net\"}");
  expect_error(ErrorCode::model, "inference.json line 3: '@c'", [&] { value(config, "b"); });
  expect_error(ErrorCode::model, "line 4", [&] { value(config, "m"); });
  expect_error(ErrorCode::model, "another file", [&] { value(config, "m"); });
}

TEST(BundleConfig, CyclesAreRefused) {
  const Config config = json(R"({"a": "@b", "b": "$@c + 1", "c": "@a", "self": ["@self"],
      "p": {"q": "@r"}, "r": {"s": ["@p"]}, "fine": ["@leaf", "@leaf"], "leaf": 1})");
  expect_error(ErrorCode::model, "refers to itself", [&] { value(config, "a"); });
  expect_error(ErrorCode::model, "contains itself",
               [&] { config.check_no_cycle(config.find("self")); });
  expect_error(ErrorCode::model, "contains itself",
               [&] { config.check_no_cycle(config.find("p")); });
  EXPECT_NO_THROW(config.check_no_cycle(config.find("fine")));
}

TEST(BundleConfig, LongChainsOfReferencesAreRefused) {
  std::string text = "{";
  for (int i = 0; i < 100; ++i) {
    text += "\"a" + std::to_string(i) + "\": \"@a" + std::to_string(i + 1) + "\",";
  }
  const Config config = json(text + "\"a100\": 1}");
  expect_error(ErrorCode::model, "32 references", [&] { value(config, "a0"); });
  EXPECT_EQ(value(config, "a80")->integer, 1);
}

TEST(BundleConfig, LinesAreThoseOfTheFile) {
  const Config config =
      json("{\n  \"a\": {\n    \"b\": \"text\",\n    \"c\": [\n      12\n    ]\n  }\n}");
  EXPECT_EQ(config.find("a")->line, 2);
  EXPECT_EQ(config.find("a::b")->line, 3);
  EXPECT_EQ(config.find("a::c::0")->line, 5);
  const Config other = yaml("a:\n  b: text\n  c:\n  - true\n");
  EXPECT_EQ(other.find("a::b")->line, 2);
  EXPECT_EQ(other.find("a::c::0")->line, 4);
}

TEST(BundleConfig, YamlScalarsAreThoseOfPyYaml) {
  const Config config = yaml(
      "none: ~\nempty:\nyes_: yes\nno_: off\nwhole: -12\nreal: 1.5e+3\nno_real: 1e-5\n"
      "octal: 0755\nquoted: '12'\nplain: some text\nhex: 0x1F\nbase: &b [1, 2]\nagain: *b\n");
  EXPECT_TRUE(config.find("none")->is(Type::null));
  EXPECT_TRUE(config.find("empty")->is(Type::null));
  EXPECT_TRUE(config.find("yes_")->boolean);
  EXPECT_TRUE(config.find("no_")->is(Type::boolean));
  EXPECT_FALSE(config.find("no_")->boolean);
  EXPECT_EQ(config.find("whole")->integer, -12);
  EXPECT_DOUBLE_EQ(config.find("real")->number, 1500);
  for (const char* text : {"no_real", "octal", "quoted", "plain", "hex"}) {
    EXPECT_TRUE(config.find(text)->is(Type::text)) << text;
  }
  EXPECT_EQ(config.find("again::1")->integer, 2);
}

TEST(BundleConfig, WhatYamlCanDoBesidesIsRefused) {
  expect_error(ErrorCode::model, "line 2: the tag",
               [] { yaml("a: 1\nb: !!python/name:os.system x\n"); });
  expect_error(ErrorCode::model, "merging keys", [] { yaml("a: &a {b: 1}\nc:\n  <<: *a\n"); });
  expect_error(ErrorCode::model, "more than one document", [] { yaml("a: 1\n---\nb: 1\n"); });
  expect_error(ErrorCode::model, "not valid YAML", [] { yaml("a: [1, 2\n"); });
}

TEST(BundleConfig, HostileFilesAreRefused) {
  expect_error(ErrorCode::model, "nested too deep",
               [] { json("{\"a\": " + std::string(100'000, '[')); });
  expect_error(ErrorCode::model, "nested too deep",
               [] { yaml("a: " + std::string(5000, '[') + std::string(5000, ']')); });
  expect_error(ErrorCode::model, "given twice", [] { json("{\"a\": 1,\n\"a\": 2}"); });
  expect_error(ErrorCode::model, "given twice", [] { yaml("a: 1\na: 2\n"); });
  expect_error(ErrorCode::model, "4 MiB", [] { json(std::string(kMaxConfigBytes + 1, ' ')); });
  expect_error(ErrorCode::model, "200,000", [] {
    std::string text = "{\"a\": [0";
    for (int i = 0; i < 200'000; ++i) text += ",0";
    json(text + "]}");
  });
  expect_error(ErrorCode::model, "200,000", [] {  // each line holds the one before ten times
    std::string text = "a0: &a0 [1,1,1,1,1,1,1,1,1,1]\n";
    for (int i = 1; i < 10; ++i) {
      const std::string before = "*a" + std::to_string(i - 1);
      text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before;
      for (int j = 1; j < 10; ++j) text += "," + before;
      text += "]\n";
    }
    yaml(text);
  });
  expect_error(ErrorCode::model, "not valid JSON", [] { json("{\"a\": 1e999}"); });
  expect_error(ErrorCode::model, "not valid JSON", [] { json("{\"a\": "); });
  expect_error(ErrorCode::model, "is no dict", [] { json("[1]"); });
}

TEST(BundleExpression, ArithmeticIsPythons) {
  EXPECT_EQ(result("1 + 2 * 3 - 4")->integer, 3);
  EXPECT_EQ(result("(1 + 2) * 3")->integer, 9);
  EXPECT_EQ(result("-7 // 2")->integer, -4);
  EXPECT_EQ(result("-7 % 3")->integer, 2);
  EXPECT_EQ(result("7 % -3")->integer, -2);
  EXPECT_DOUBLE_EQ(result("7 / 2")->number, 3.5);
  EXPECT_DOUBLE_EQ(result("-7.5 // 2")->number, -4);
  EXPECT_DOUBLE_EQ(result("-7.5 % 2")->number, 0.5);
  EXPECT_DOUBLE_EQ(result("@n * @f")->number, 1.5);
  EXPECT_EQ(result("True + 1")->integer, 2);
  EXPECT_EQ(result("'a' + \"b\" 'c'")->text, "abc");
  EXPECT_EQ(result("[1] * 3 + [2]")->items.size(), 4U);
}

TEST(BundleExpression, ConditionsChooseAndCompare) {
  EXPECT_EQ(result("1 if @on else 2")->integer, 1);
  EXPECT_EQ(result("[1.5] * 3 if not @on else [3.0] * 2")->items.size(), 2U);
  EXPECT_TRUE(result("1 < 2 <= 2 != 3")->boolean);
  EXPECT_FALSE(result("1 < 2 > 2")->boolean);
  EXPECT_TRUE(result("@t == 'a' and @n >= 3")->boolean);
  EXPECT_EQ(result("0 or 'x'")->text, "x");
  EXPECT_EQ(result("None and boom")->kind, Type::null) << "what is behind is not looked at";
  EXPECT_TRUE(result("None is None")->boolean);
  EXPECT_TRUE(result("0 is not None")->boolean);
  EXPECT_TRUE(result("@list == [1, 2, 3]")->boolean);
}

TEST(BundleExpression, TakesPartsAndCallsTheFewFunctions) {
  EXPECT_EQ(result("@list[0]")->integer, 1);
  EXPECT_EQ(result("@list::2 + @list[-1]")->integer, 6);
  EXPECT_EQ(result("@d['k']")->text, "v");
  EXPECT_EQ(result("len(@list)")->integer, 3);
  EXPECT_EQ(result("int(3.9)")->integer, 3);
  EXPECT_DOUBLE_EQ(result("float('2.5')")->number, 2.5);
  EXPECT_EQ(result("str(@n)")->text, "3");
  EXPECT_EQ(result("list((1, 2))")->items.size(), 2U);
  EXPECT_EQ(result("torch.float32")->text, "torch.float32");
  EXPECT_EQ(result("np.float32")->text, "numpy.float32");
  EXPECT_EQ(result("torch.device('cpu')")->text, "torch.device");
  EXPECT_EQ(result("lambda x: x > 0")->kind, Type::function);
}

TEST(BundleExpression, AnythingElseIsRefusedByItsName) {
  refused("glob.glob('/*')", "the call of 'glob.glob'");
  refused("__import__('os').system('ls')", "the call of 'a value'");
  refused("[i for i in @list]", "comprehension");
  refused("os", "the name 'os'");
  refused("torch.cuda", "'torch.cuda' is not a constant");
  refused("import os", "'import'");
  refused("open", "the name 'open'");
  refused("2 ** 3", "'**'");
  refused("f(x=1)", "'='");
  refused("1 +", "ends too early");
  refused("@nothing", "'@nothing' is not in this file");
  refused("@list[5]", "index 5");
  refused("1 / 0", "division by 0");
  refused("'a' - 1", "'-' of these");
}

TEST(BundleExpression, HostileExpressionsAreRefused) {
  refused(std::string(5000, '1'), "4096 bytes");
  refused(std::string(2000, '('), "nested too deep");
  refused(std::string(2000, '-') + "1", "nested too deep");
  refused("x" + std::string(2000, '['), "nested too deep");
  refused("9223372036854775807 + 1", "too large");
  refused("[0] * 1000000000", "65,536");
  refused("(-9223372036854775807 - 1) // -1", "too large");
  EXPECT_EQ(result("(-9223372036854775807 - 1) % -1")->integer, 0);
  std::string text = R"({"a0": [0, 1])";
  for (int i = 1; i < 30; ++i) {
    const std::string before = "@a" + std::to_string(i - 1);
    text += ", \"a" + std::to_string(i) + "\": \"$" + before + " + " + before + "\"";
  }
  const Config config = json(text + "}");
  expect_error(ErrorCode::model, "65,536", [&] { value(config, "a29"); });
}

}  // namespace
}  // namespace osler::bundle
