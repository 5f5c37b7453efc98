#include "infer/variant.hpp"

#include "core/error.hpp"
#include "core/files.hpp"
#include "core/json.hpp"
#include "infer/processor.hpp"
#include "registry/member_reader.hpp"

namespace osler {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kMaxVariantBytes = 1 << 20;

Variant read(const MemberReader& root) {
  Variant variant;
  if (root.get<std::string>("format") != kVariantFormat) {
    root.fail("format", "is not " + std::string(kVariantFormat));
  }
  variant.processor = root.get<std::string>("processor");
  variant.instructions = root.get<std::vector<std::string>>("instructions");
  variant.of = root.get<std::vector<std::string>>("of");
  variant.way = parse_way(root.get<std::string>("way"));
  variant.compiled = root.list("compiled", read_weights_file);
  return variant;
}

/// The first of the package's weights: with several, each would need compiled ones of its own.
bool may_be_compiled(const ModelPackage& package) {
  return package.weights.size() == 1;
}

}  // namespace

std::optional<Variant> read_variant(const fs::path& folder) {
  const fs::path file = folder / kVariantFile;
  std::error_code error;
  if (!fs::exists(file, error)) return std::nullopt;
  const std::vector<std::byte> bytes = read_file(file, kMaxVariantBytes);
  const auto* text = reinterpret_cast<const char*>(bytes.data());
  const Json json = Json::parse(text, text + bytes.size(), nullptr, false);
  try {
    if (json.is_discarded()) throw Error(ErrorCode::model, "it is not valid JSON");
    return read(MemberReader(json, ""));
  } catch (const Error& damage) {
    throw Error(ErrorCode::model, file.string() + ": " + damage.found(), damage.expected(),
                "remove it, or run 'osler models optimise' again");
  }
}

std::string why_not_usable(const Variant& variant, const ModelPackage& package) {
  if (variant.processor != processor_name() || variant.instructions != instruction_sets()) {
    return "its variant is for another processor";
  }
  if (variant.of.size() != package.weights.size()) return "its variant is of other weights";
  for (std::size_t i = 0; i < variant.of.size(); ++i) {
    if (variant.of[i] != package.weights[i].sha256) return "its variant is of other weights";
  }
  if (!variant.compiled.empty() && !may_be_compiled(package)) {
    return "its variant is compiled, of several weights";
  }
  return {};
}

Session open_session(const ModelPackage& package, const WeightsFile& weights, const Device& device,
                     SessionOptions options) {
  options.weights = weights.format;
  const bool tunable = device.backend == Backend::cpu && weights.format.name == "torchscript";
  if (const auto variant = tunable ? read_variant(package.folder) : std::nullopt) {
    options.remark = why_not_usable(*variant, package);
    if (options.remark.empty()) {
      options.way = variant->way;
      for (const WeightsFile& compiled : variant->compiled) {
        options.compiled.push_back({compiled.format, read_weights(package, compiled)});
      }
    }
  }
  return Session(read_weights(package, weights), device, options);
}

}  // namespace osler
