// Bytes as configs/inference.json or .yaml of a MONAI bundle -> steps, or an error that says why.
// The first byte chooses the format, and whether the text is one expression instead.

#include <string>
#include <string_view>

#include "core/error.hpp"
#include "registry/bundle.hpp"
#include "registry/bundle_expression.hpp"

namespace {

namespace bundle = osler::bundle;

constexpr char kMetadata[] = R"({"name": "x", "network_data_format": {
  "inputs": {"image": {"modality": "CT", "num_channels": 2, "spatial_shape": [8, 8, 8]}},
  "outputs": {"pred": {"num_channels": 3, "spatial_shape": [8, 8, 8]}}}})";

void evaluate(std::string_view text) {
  std::string quoted;
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    if (static_cast<unsigned char>(c) >= ' ') quoted += c;
  }
  const auto config = bundle::Config::parse(
      R"({"a": 1, "b": [1.5, "t", {"c": true}], "d": "@b", "e": "$@a + @f", "f": "$@e", "x": "$)" +
          quoted + "\"}",
      bundle::Format::json, "inference.json");
  config.check_no_cycle(config.root());
  config.resolve(config.find("x"));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  static const auto metadata =
      bundle::Config::parse(kMetadata, bundle::Format::json, "metadata.json");
  try {
    if (data[0] == '$') {
      evaluate(text);
      return 0;
    }
    const bool yaml = data[0] == '-';
    const auto config = bundle::Config::parse(
        text, yaml ? bundle::Format::yaml : bundle::Format::json, "inference");
    bundle::describe(config, metadata);
    bundle::read_data_format(config);
  } catch (const osler::Error&) {
  }
  return 0;
}
