// Ways that are the same, and one that is not: a compiled network of other values.

#include "authoring/optimise.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "compiled_archive.hpp"
#include "ensemble_package.hpp"
#include "infer/processor.hpp"
#include "throws.hpp"
#include "windowed_package.hpp"

namespace osler {
namespace {

namespace fs = std::filesystem;
using testing::expect_error;
using testing::TemporaryFolder;

std::string text_of(const std::vector<std::byte>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

void write_package(const fs::path& folder, const std::string& body) {
  const std::string weights = text_of(testing::torchscript(body));
  Json json = testing::windowed_description(weights);
  json["steps"][2]["patch"] = {8, 8, 8};
  testing::write_windowed_package(folder, json, weights);
}

/// As tools/export/aot would write them: 2 x + 1 for windows of 8 x 8 x 8.
void write_compiled(const fs::path& folder, const std::function<void(Json&)>& change = {}) {
  const std::vector<std::byte> compiled = testing::compiled_network(2);
  testing::write_text(folder / "c.pt2", text_of(compiled));
  Json json{{"format", "osler-compiled/1"},
            {"of", read_package(folder).weights.at(0).sha256},
            {"weights",
             {{{"file", "c.pt2"},
               {"format", "aotinductor"},
               {"sha256", sha256_hex(compiled)},
               {"input", {1, 1, 8, 8, 8}},
               {"processor", {*processor_flags().begin()}}}}}};
  if (change) change(json);
  testing::write_text(folder / "compiled.json", json.dump());
}

const MeasuredWay* way_of(const Optimised& found, const std::string& name) {
  for (const MeasuredWay& way : found.ways) {
    if (way.name == name) return &way;
  }
  return nullptr;
}

TEST(Optimise, TimesEachWayAndWritesWhatRunFollows) {
  const TemporaryFolder folder;
  write_package(folder.path(), "    return x * 2.0 + 1.0\n");
  write_compiled(folder.path());
  const Optimised found = optimise({folder.path(), {}, {}, {}, {}});
  ASSERT_EQ(found.inputs, (std::vector<TensorShape>{{1, 1, 8, 8, 8}}));
  for (const char* name : {"frozen", "fused", "channels-last", "compiled"}) {
    const MeasuredWay* way = way_of(found, name);
    ASSERT_NE(way, nullptr) << name;
    EXPECT_EQ(way->refused, "") << name;
    ASSERT_EQ(way->median_ms.size(), 1U) << name;
    EXPECT_GT(way->median_ms[0], 0) << name;
    EXPECT_LT(way->difference, 1e-6) << name;
  }
  const auto variant = read_variant(folder.path());
  ASSERT_TRUE(variant);
  EXPECT_EQ(why_not_usable(*variant, read_package(folder.path())), "");
  EXPECT_EQ(variant->compiled.empty(), found.chosen != "compiled");
}

TEST(Optimise, AWayThatGivesSomethingElseIsRefused) {
  const TemporaryFolder folder;
  write_package(folder.path(), "    return torch.cat([x, 0.3 - x], 1)\n");
  write_compiled(folder.path());
  const Optimised shape = optimise({folder.path(), {}, {}, {}, {}});
  EXPECT_NE(way_of(shape, "compiled")->refused.find("another shape"), std::string::npos);
  EXPECT_NE(shape.chosen, "compiled");
  write_package(folder.path(), "    return x * 2.0 + 1.5\n");
  write_compiled(folder.path());
  const Optimised values = optimise({folder.path(), {}, {}, {}, {}});
  EXPECT_NE(way_of(values, "compiled")->refused.find("scores differ"), std::string::npos);
  EXPECT_GT(way_of(values, "compiled")->difference, 1e-3);
  EXPECT_NE(values.chosen, "compiled");
}

TEST(Optimise, CompiledForAnotherProcessorIsRefusedAndTheRestGoesOn) {
  const TemporaryFolder folder;
  write_package(folder.path(), "    return x * 2.0 + 1.0\n");
  write_compiled(folder.path(), [](Json& json) {
    json["weights"][0]["processor"] = {"instructions_of_tomorrow"};
  });
  const Optimised found = optimise({folder.path(), {}, {}, {}, {}});
  EXPECT_NE(way_of(found, "compiled")->refused.find("instructions_of_tomorrow"), std::string::npos);
  EXPECT_TRUE(way_of(found, "compiled")->median_ms.empty());
  EXPECT_TRUE(way_of(found, "fused")->refused.empty());
}

TEST(Optimise, CompiledOfOtherWeightsIsAnError) {
  const TemporaryFolder folder;
  write_package(folder.path(), "    return x * 2.0 + 1.0\n");
  write_compiled(folder.path(), [](Json& json) { json["of"] = std::string(64, '0'); });
  expect_error(ErrorCode::model, "other weights", [&] {
    optimise({folder.path(), {}, {}, {}, {}});
  });
}

TEST(Optimise, WritesACopyWhereOneIsWanted) {
  const TemporaryFolder folder, place;
  write_package(folder.path(), "    return x * 2.0 + 1.0\n");
  const Optimised found = optimise({folder.path(), place.path() / "tuned", {}, {}, {}});
  EXPECT_EQ(found.file, place.path() / "tuned" / kVariantFile);
  EXPECT_FALSE(fs::exists(folder.path() / kVariantFile));
  EXPECT_EQ(read_package(place.path() / "tuned").digest, read_package(folder.path()).digest);
  EXPECT_TRUE(read_variant(place.path() / "tuned"));
}

TEST(Optimise, APackageThatCannotRunIsAnError) {
  const TemporaryFolder folder;
  write_package(folder.path(), "    return x.reshape(7, 1, 1, 1, 1)\n");
  expect_error(ErrorCode::model, "failed", [&] { optimise({folder.path(), {}, {}, {}, {}}); });
}

MeasuredWay timed(const char* name, double ms, const char* refused = "") {
  MeasuredWay way;
  way.name = name;
  way.median_ms = {ms, 1};
  way.refused = refused;
  return way;
}

TEST(Optimise, AnEnsembleHasNoNetworkOfItsOwn) {
  const TemporaryFolder folder;
  const std::string weights = testing::threshold_network();
  const Json member = testing::windowed_description(weights);
  testing::write_ensemble(folder.path(), testing::ensemble_description(2),
                          {{member, weights}, {member, weights}});
  expect_error(ErrorCode::model, "is an ensemble", [&] {
    optimise({folder.path(), {}, {}, {}, {}});
  });
}

TEST(Fastest, IsTheFusedGraphUnlessAnotherIsWorthIt) {
  using Ways = std::vector<MeasuredWay>;
  const auto name = [](const Ways& ways) { return fastest(ways)->name; };
  EXPECT_EQ(name({timed("frozen", 9), timed("fused", 10), timed("compiled", 5)}), "compiled");
  EXPECT_EQ(name({timed("frozen", 200), timed("fused", 100), timed("compiled", 99)}), "fused");
  EXPECT_EQ(name({timed("frozen", 20), timed("fused", 10), timed("compiled", 5, "no")}), "fused");
  EXPECT_EQ(name({timed("frozen", 20), timed("fused", 10, "no")}), "frozen");
  EXPECT_EQ(fastest(Ways{timed("fused", 10, "no")}), nullptr);
}

}  // namespace
}  // namespace osler
