#pragma once
// Model packages: what a model wants, does, gives and may be used for. A package is a folder with
// `model.json` (docs/schema/model.schema.json) beside its weights.

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/affine.hpp"
#include "core/code.hpp"
#include "registry/steps.hpp"
#include "registry/weights.hpp"

namespace osler {

/// What a series must be for this model. All rules are checked, by name, before anything runs. Of
/// single pictures only the first two are.
struct InputRules {
  std::vector<std::string> modalities;
  std::vector<std::string>
      body_parts;  ///< accepted Body Part Examined (0018,0015), none: all; absent passes
  Vec3 min_extent_mm{0, 0, 0};  ///< of the field of view, its axes sorted ascending
  double max_spacing_mm = 0;    ///< no axis may be coarser
};

/// What a class of the network's output becomes; where sides are cut out, on one side.
struct SegmentRule {
  std::string label;
  std::string side;  ///< name of the Side, or empty
  int output = 0;    ///< channel of the network's output
  Code category;
  Code type;
  std::optional<Code> part;
  std::array<std::uint8_t, 3> rgb{};
  std::optional<Code> laterality;
  int value = 0;  ///< in label files: the model's own number, 1 to 255
};

/// A quality gate: the value of a signal against a bound. Signals: docs/quality-gates.md.
struct GateRule {
  std::string name;
  std::string signal;
  std::string meaning;
  std::optional<double> at_least;
  std::optional<double> at_most;
  bool warn_only = false;
};

struct ModelPackage;

/// A package inside a package, which runs before it on the same images.
struct Stage {
  std::string name;
  std::shared_ptr<const ModelPackage> package;
};

struct ModelPackage {
  std::filesystem::path folder;
  std::string name;
  std::string title;
  std::string version;
  std::string manufacturer;
  std::string intended_use;
  std::string protocol;
  std::vector<std::string> limits;
  std::string licence;
  std::vector<WeightsFile> weights;   ///< of several the mean of their scores is taken; of an
                                      ///< ensemble there are none
  std::vector<std::string> channels;  ///< names of the images that the network takes, in order
  std::vector<Stage> stages;
  int classes = 0;        ///< channels of the output, background included
  std::string structure;  ///< e.g. "hippocampus": the whole that sides' classes are parts of
  Code structure_code;
  std::vector<SegmentRule> segments;  ///< in order of segment number
  std::vector<GateRule> gates;
  InputRules wants;
  PackageSteps steps;
  std::string description_sha256;  ///< of model.json
  std::string digest;              ///< SHA-256 over the digests of description, weights and stages

  const LocalisedTwoPass* localised() const { return std::get_if<LocalisedTwoPass>(&steps); }
  const WindowedSegmentation* windowed() const { return std::get_if<WindowedSegmentation>(&steps); }
  const Classification* classification() const { return std::get_if<Classification>(&steps); }
  const Ensemble* ensemble() const { return std::get_if<Ensemble>(&steps); }
  /// How the whole image becomes labels, by a network or by several; else nothing.
  const LabelStep* labels() const {
    if (ensemble() != nullptr) return &ensemble()->labels;
    return windowed() != nullptr ? &windowed()->labels : nullptr;
  }
};

/// Reads and checks model.json; does not read the weights.
/// @throws Error model: no such package, a missing or wrong member (named), an unknown step (named)
ModelPackage read_package(const std::filesystem::path& folder);

/// A package by folder, or by name in one of the `places`.
/// @throws Error model (lists the names that there are)
ModelPackage find_package(const std::string& name_or_folder,
                          const std::vector<std::filesystem::path>& places);

/// Every package below the places, in order of name. Damaged ones are given as the error's text.
std::vector<std::variant<ModelPackage, std::string>> list_packages(
    const std::vector<std::filesystem::path>& places);

/// The bytes of one of the package's weights, whose digest was checked: what is verified is what is
/// loaded. @throws Error model: missing, too large, or another digest than model.json states
std::vector<std::byte> read_weights(const ModelPackage& package, const WeightsFile& weights);

}  // namespace osler
