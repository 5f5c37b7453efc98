#pragma once
// MONAI bundles as they are: a folder with configs/metadata.json, configs/inference.json (or .yaml,
// .yml) and models/model.ts (TorchScript) is a model package. See docs/monai.md.

#include <filesystem>
#include <string>
#include <vector>

#include "core/code.hpp"
#include "registry/bundle_config.hpp"
#include "registry/bundle_transforms.hpp"
#include "registry/package.hpp"

namespace osler {

/// configs/metadata.json is there.
bool is_bundle(const std::filesystem::path& folder);

/// Reads and checks what the inference needs of a bundle; everything else in it is not looked at.
/// A bundle states no digest of its weights: it is computed here, so the weights are read. A file
/// osler.json beside configs may state what a bundle cannot: "sha256", "modalities", "body_parts".
/// @throws Error model: files are missing, or what they ask for is not known (file, line, name)
ModelPackage read_bundle(const std::filesystem::path& folder);

namespace bundle {

/// A class of a bundle's network by its name, e.g. "kidney_right".
struct NamedStructure {
  std::string label;
  Code category;
  Code type;  ///< SNOMED CT where the name is certainly one; else the name itself, "99MONAI"
  std::optional<Code> laterality;
};
NamedStructure name_structure(const std::string& name);
/// A name as a code of its own, "99MONAI".
Code own_code(const std::string& name);

/// A colour for the n-th of many; neighbours differ.
std::array<std::uint8_t, 3> colour_of(std::size_t n);

/// DICOM's modalities for a bundle's word, e.g. "CT", "MRI", "Mammogram"; empty: not known.
std::vector<std::string> modalities_of(const std::string& word);

/// network_data_format of metadata.json.
struct DataFormat {
  std::string modality;
  std::vector<std::string> channels;  ///< of the image, in order
  int dimensions = 3;
  int classes = 0;
  std::vector<std::string> class_names;  ///< one per channel of the output; empty: not named
  bool classifies = false;               ///< one answer per image, not per voxel
};
DataFormat read_data_format(const Config& metadata);

/// What a bundle's files say, put together.
struct Description {
  DataFormat format;
  std::variant<WindowedSegmentation, Classification> steps;
  std::vector<SegmentRule> segments;
  std::vector<std::string> limits;  ///< where this program says more than the bundle does
};
Description describe(const Config& inference, const Config& metadata);

}  // namespace bundle
}  // namespace osler
