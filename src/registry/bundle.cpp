#include "registry/bundle.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include "core/error.hpp"
#include "core/files.hpp"
#include "core/json.hpp"
#include "core/printable.hpp"
#include "core/sha256.hpp"
#include "registry/member_reader.hpp"

namespace osler {
namespace fs = std::filesystem;
namespace {

using bundle::Config;
using bundle::Node;
using bundle::NodePtr;

constexpr char kWeights[] = "models/model.ts";
constexpr double kAnySpacingMm = 1000;  ///< a bundle does not say what is too coarse
constexpr std::size_t kLongestText = 1024;

fs::path metadata_file(const fs::path& folder) {
  return folder / "configs" / "metadata.json";
}

fs::path inference_file(const fs::path& folder) {
  std::error_code error;
  for (const char* name : {"inference.json", "inference.yaml", "inference.yml"}) {
    const fs::path file = folder / "configs" / name;
    if (fs::is_regular_file(file, error)) return file;
  }
  throw Error(ErrorCode::model,
              "no inference.json, .yaml or .yml in " + (folder / "configs").string(),
              "a MONAI bundle with an inference", "see docs/monai.md");
}

/// A text of metadata.json in one line, or a list of texts joined.
std::string text_of(const Config& metadata, const char* member) {
  const NodePtr node = metadata.root()->member(member);
  if (node == nullptr) return {};
  std::string out;
  const auto add = [&](const Node& part) {
    if (part.is(Node::Kind::text)) out += (out.empty() ? "" : ", ") + part.text;
  };
  add(*node);
  for (const NodePtr& item : node->items) add(*item);
  while (!out.empty() && std::isspace(static_cast<unsigned char>(out.back())) != 0) out.pop_back();
  return printable(out.substr(0, kLongestText));
}

/// "Spleen CT segmentation" -> "spleen-ct-segmentation".
std::string name_of(const std::string& title) {
  std::string out;
  for (const char c : title) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0) {
      out += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    } else if (!out.empty() && out.back() != '-') {
      out += '-';
    }
  }
  while (!out.empty() && out.back() == '-') out.pop_back();
  constexpr std::size_t kLongestName = 64;
  return out.substr(0, kLongestName);
}

/// The first two lines of LICENSE that say something, and whose it is.
std::string licence_of(const fs::path& folder, const Config& metadata) {
  constexpr std::size_t kMaxLicenceBytes = 1 << 20;
  std::string out;
  std::error_code error;
  if (fs::is_regular_file(folder / "LICENSE", error)) {
    const auto bytes = read_file(folder / "LICENSE", kMaxLicenceBytes);
    std::string line;
    int lines = 0;
    for (const std::byte b : bytes) {
      const char c = static_cast<char>(b);
      if (c != '\n') {
        if (line.size() < kLongestText && (c != ' ' || !line.empty())) line += c;
        continue;
      }
      if (!line.empty()) out += (out.empty() ? "" : ", ") + printable(line);
      if (!line.empty() && ++lines == 2) break;
      line.clear();
    }
    out += " (LICENSE)";
  } else {
    out = "not stated by the bundle";
  }
  const std::string holder = text_of(metadata, "copyright");
  if (!holder.empty()) out += "; " + holder;
  if (fs::is_regular_file(folder / "docs" / "data_license.txt", error)) {
    out += "; of the training data: docs/data_license.txt";
  }
  return out;
}

/// osler.json: what a bundle cannot say.
struct Beside {
  std::string sha256;
  std::vector<std::string> modalities;
  std::vector<std::string> body_parts;
};

Beside read_beside(const fs::path& folder) {
  Beside out;
  std::error_code error;
  const fs::path file = folder / "osler.json";
  if (!fs::is_regular_file(file, error)) return out;
  const Config config = Config::read(file);
  const auto texts = [&](const Node& node) {
    std::vector<std::string> all;
    for (const NodePtr& item : node.items) all.push_back(item->text);
    if (all.empty()) config.fail(node, "is not a list of words");
    return all;
  };
  for (const auto& [name, value] : config.root()->members) {
    if (name == "sha256") {
      out.sha256 = value->text;
    } else if (name == "modalities") {
      out.modalities = texts(*value);
    } else if (name == "body_parts") {
      out.body_parts = texts(*value);
    } else {
      config.fail(*value, "'" + name.substr(0, 60) + "' is not a member that this program knows");
    }
  }
  return out;
}

void take_weights(ModelPackage& p, const Beside& beside) {
  const fs::path file = p.folder / kWeights;
  std::error_code error;
  if (!fs::is_regular_file(file, error)) {
    throw Error(ErrorCode::model, file.string() + " is missing", "TorchScript weights",
                "make them from models/model.pt with tools/export/monai");
  }
  const std::string digest = sha256_hex_of_file(file);
  if (!beside.sha256.empty() && beside.sha256 != digest) {
    throw Error(ErrorCode::model, "the SHA-256 of " + file.string() + " is " + digest,
                beside.sha256 + ", as osler.json states", "install the bundle again");
  }
  WeightsFile weights;
  weights.file = kWeights;
  weights.sha256 = digest;
  weights.format.name = "torchscript";
  p.weights.push_back(std::move(weights));
  if (beside.sha256.empty()) {
    p.limits.emplace_back("The bundle states no SHA-256 of its weights: " + digest +
                          " is that of the file as it was found.");
  }
}

}  // namespace

bool is_bundle(const fs::path& folder) {
  std::error_code error;
  return fs::is_regular_file(metadata_file(folder), error);
}

ModelPackage read_bundle(const fs::path& folder) {
  const Config metadata = Config::read(metadata_file(folder));
  const fs::path inference_path = inference_file(folder);
  const Config inference = Config::read(inference_path);
  bundle::Description description = bundle::describe(inference, metadata);
  const Beside beside = read_beside(folder);

  ModelPackage p;
  p.folder = folder;
  p.title = text_of(metadata, "name");
  if (p.title.empty()) p.title = text_of(metadata, "task");
  p.name = name_of(p.title);
  if (p.name.empty()) metadata.fail(1, "the bundle has no name");
  p.version = text_of(metadata, "version");
  p.manufacturer = text_of(metadata, "authors");
  p.intended_use = text_of(metadata, "intended_use");
  if (p.intended_use.empty()) p.intended_use = "Not stated by the bundle. Not for clinical use.";
  p.protocol = "MONAI bundle " + p.name + " " + p.version;
  p.licence = licence_of(folder, metadata);
  const std::string summary = text_of(metadata, "description");
  if (!summary.empty()) p.limits.push_back("The bundle describes itself as: " + summary);
  const std::string data = text_of(metadata, "data_source");
  if (!data.empty()) p.limits.push_back("Trained on: " + data);

  for (std::string& limit : description.limits) p.limits.push_back(std::move(limit));
  p.channels = description.format.channels;
  p.classes = description.format.classes;
  p.segments = std::move(description.segments);
  p.wants.modalities = beside.modalities.empty()
                           ? bundle::modalities_of(description.format.modality)
                           : beside.modalities;
  if (p.wants.modalities.empty()) {
    metadata.fail(1, "the modality '" + printable(description.format.modality.substr(0, 60)) +
                         "' is not one that this program knows; osler.json may state it");
  }
  p.wants.body_parts = beside.body_parts;
  p.wants.max_spacing_mm = kAnySpacingMm;
  if (auto* windowed = std::get_if<WindowedSegmentation>(&description.steps)) {
    p.steps = std::move(*windowed);
  } else {
    p.steps = std::get<Classification>(std::move(description.steps));
  }
  take_weights(p, beside);
  p.description_sha256 = hex(Sha256()
                                 .update(sha256_hex_of_file(metadata_file(folder)))
                                 .update(sha256_hex_of_file(inference_path))
                                 .finish());
  p.digest = hex(Sha256().update(p.description_sha256).update(p.weights.front().sha256).finish());
  return p;
}

}  // namespace osler
