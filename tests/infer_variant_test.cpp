// Tuned variants: a compiled network whose values tell it from the TorchScript that it stands for.

#include "infer/variant.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "compiled_archive.hpp"
#include "infer/processor.hpp"
#include "throws.hpp"
#include "windowed_package.hpp"

namespace osler {
namespace {

using testing::compiled_network;
using testing::expect_error;
using testing::TemporaryFolder;

const Device kCpu{Backend::cpu, 0, "cpu"};
const TensorShape kShape{1, 1, 2, 3, 4};

std::string text_of(const std::vector<std::byte>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// x + 5, with a variant that is compiled for kShape and gives 2 x + 1.
class VariantTest : public ::testing::Test {
 protected:
  VariantTest() {
    const std::string weights = text_of(testing::torchscript("    return x + 5.0\n"));
    const Json description = testing::windowed_description(weights);
    testing::write_windowed_package(folder.path(), description, weights);
    const std::vector<std::byte> compiled = compiled_network(2);
    testing::write_text(folder.path() / "c.pt2", text_of(compiled));
    variant = {{"format", kVariantFormat},
               {"processor", processor_name()},
               {"instructions", instruction_sets()},
               {"of", {description["weights"]["sha256"]}},
               {"way", "fused"},
               {"compiled",
                {{{"file", "c.pt2"},
                  {"format", "aotinductor"},
                  {"sha256", sha256_hex(compiled)},
                  {"input", kShape},
                  {"processor", {*processor_flags().begin()}}}}}};
  }

  Session session(const std::function<void(Json&)>& change) {
    change(variant);
    testing::write_text(folder.path() / kVariantFile, variant.dump());
    const ModelPackage package = read_package(folder.path());
    return open_session(package, package.weights.front(), kCpu, {});
  }

  static float value(Session session, const TensorShape& shape = kShape) {
    return session.forward(std::vector<float>(24, 3), shape).values.at(0);
  }

  TemporaryFolder folder;
  Json variant;
};

TEST_F(VariantTest, WithoutOneThePackageRunsAsItDid) {
  const ModelPackage package = read_package(folder.path());
  EXPECT_FALSE(read_variant(folder.path()));
  EXPECT_EQ(value(open_session(package, package.weights.front(), kCpu, {})), 8);
}

TEST_F(VariantTest, RunsWhatWasCompiledOnItsSizeAndTheRestAsBefore) {
  Session tuned = session([](Json&) {});
  EXPECT_EQ(tuned.graph().find("compiled graph"), 0U) << tuned.graph();
  EXPECT_EQ(tuned.forward(std::vector<float>(24, 3), kShape).values.at(0), 7);
  EXPECT_EQ(tuned.forward(std::vector<float>(24, 3), {1, 1, 4, 3, 2}).values.at(0), 8);
}

TEST_F(VariantTest, OfAnotherProcessorIsNotUsedAndThatIsSaid) {
  for (const char* member : {"processor", "instructions"}) {
    Session other = session([&](Json& json) {
      json[member] = member == std::string("processor") ? Json("another") : Json::array();
    });
    EXPECT_NE(other.graph().find("another processor"), std::string::npos) << other.graph();
    EXPECT_EQ(other.forward(std::vector<float>(24, 3), kShape).values.at(0), 8);
  }
}

TEST_F(VariantTest, OfOtherWeightsIsNotUsedAndThatIsSaid) {
  Session other = session([](Json& json) { json["of"] = {std::string(64, '0')}; });
  EXPECT_NE(other.graph().find("other weights"), std::string::npos) << other.graph();
  EXPECT_EQ(value(std::move(other)), 8);
}

TEST_F(VariantTest, ACompiledFileOfAnotherDigestIsAnError) {
  expect_error(ErrorCode::model, "SHA-256", [&] {
    session([](Json& json) { json["compiled"][0]["sha256"] = std::string(64, '0'); });
  });
}

TEST_F(VariantTest, ThatIsDamagedIsAnErrorWithARemedy) {
  for (const char* member : {"format", "processor", "instructions", "of", "way", "compiled"}) {
    const Json good = variant;
    expect_error(ErrorCode::model, "osler models optimise",
                 [&] { session([&](Json& json) { json.erase(member); }); });
    variant = good;
  }
  testing::write_text(folder.path() / kVariantFile, "{");
  expect_error(ErrorCode::model, "variant.json", [&] { read_variant(folder.path()); });
}

TEST(Way, EachGivesWhatTheGraphGives) {
  const auto bytes = testing::torchscript(
      "    y = torch.conv3d(x, self.w, self.b, [1, 1, 1], [1, 1, 1])\n"
      "    return torch.relu(y)\n",
      {{"w", at::arange(54, at::kFloat).reshape({2, 1, 3, 3, 3}) / 100}, {"b", at::ones({2})}});
  const TensorShape shape{1, 1, 4, 5, 6};
  std::vector<float> input(120);
  for (std::size_t i = 0; i < input.size(); ++i) input[i] = static_cast<float>(i % 7) - 3;
  SessionOptions options;
  options.way = Way::frozen;
  const std::vector<float> expected = Session(bytes, kCpu, options).forward(input, shape).values;
  for (const Way way : {Way::fused, Way::channels_last, Way::bf16}) {
    options.way = way;
    Session session(bytes, kCpu, options);
    const std::vector<float> found = session.forward(input, shape).values;
    ASSERT_EQ(found.size(), expected.size()) << to_string(way);
    for (std::size_t i = 0; i < found.size(); ++i) {
      EXPECT_NEAR(found[i], expected[i], way == Way::bf16 ? 0.3F : 1e-4F) << to_string(way);
    }
    EXPECT_EQ(parse_way(to_string(way)), way);
  }
  EXPECT_GT(*std::max_element(expected.begin(), expected.end()), 0.5F);
}

TEST(Processor, IsKnownByNameAndInstructions) {
  EXPECT_FALSE(processor_name().empty());
  EXPECT_FALSE(instruction_sets().empty());
  EXPECT_NO_THROW(require_processor(instruction_sets()));
}

}  // namespace
}  // namespace osler
