#pragma once
// Model packages: what a model wants, does, gives and may be used for. A package is a folder with
// `model.json` (docs/schema/model.schema.json) beside its weights.

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/affine.hpp"
#include "core/code.hpp"

namespace osler {

/// What a series must be for this model. All rules are checked, by name, before anything runs.
struct InputRules {
  std::vector<std::string> modalities;
  std::vector<std::string> body_parts;  ///< accepted Body Part Examined (0018,0015); absent passes
  Vec3 min_extent_mm{0, 0, 0};          ///< of the field of view, its axes sorted ascending
  double max_spacing_mm = 0;            ///< no axis may be coarser
};

/// An image in which a place is known, made from a system package at set-up.
struct TemplateUse {
  std::string file;  ///< in the template folder
  std::string sha256;
  std::string package;  ///< Debian package that it is made from
};

/// One side of a paired structure, cut out around a known place of the template.
struct Side {
  std::string name;  ///< "left" or "right"
  Code laterality;
  Vec3 centre_mm{};       ///< in the template, LPS
  bool mirrored = false;  ///< shown to the network left for right
};

/// Step "localise-in-template": where the template's places lie in this head.
struct LocaliseStep {
  TemplateUse template_use;
  std::vector<Side> sides;
};

/// Step "find": the network on real context around the expected place.
struct FindStep {
  Size3 frame{};       ///< voxels of 1 mm
  Size3 statistics{};  ///< central part whose intensities normalise the crop
  double threshold = 0.5;
};

/// Step "measure": the network on the box around what was found, nothing outside of it.
struct MeasureStep {
  Size3 frame{};
  std::int64_t margin = 0;  ///< voxels around what was found
  Size3 min_box{};
  Size3 max_box{};
  double threshold = 0.5;  ///< on the summed probability of the classes
};

/// From the centroid of one output to that of another, in the crop's axes: what is usual.
struct ShapeRule {
  int from = 0;
  int to = 0;
  Vec3 mean_mm{};
  Vec3 sd_mm{};
};

/// The steps of a package in the order in which they run; each is known or the package is refused.
struct LocalisedTwoPass {
  LocaliseStep localise;
  FindStep find;
  MeasureStep measure;
  ShapeRule shape;
  std::array<double, 2> clip_percentiles{0, 100};
};

/// What a class of the network's output becomes on one side.
struct SegmentRule {
  std::string label;
  std::string side;  ///< name of the Side
  int output = 0;    ///< channel of the network's output
  Code category;
  Code type;
  std::optional<Code> part;
  std::array<std::uint8_t, 3> rgb{};
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
  std::string weights_file;
  std::string weights_sha256;
  int classes = 0;        ///< channels of the output, background included
  std::string structure;  ///< e.g. "hippocampus": the whole that the classes are parts of
  Code structure_code;
  std::vector<SegmentRule> segments;  ///< in order of segment number
  std::vector<GateRule> gates;
  InputRules wants;
  LocalisedTwoPass steps;
  std::string description_sha256;  ///< of model.json
  std::string digest;              ///< SHA-256 over description and weights digests
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

/// The weights' bytes, whose digest was checked: what is verified is what is loaded.
/// @throws Error model: missing, too large, or another digest than model.json states
std::vector<std::byte> read_weights(const ModelPackage& package);

}  // namespace osler
