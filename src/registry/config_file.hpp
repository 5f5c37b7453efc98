#pragma once
// Small files of settings, JSON or YAML.

#include <filesystem>

#include "core/json.hpp"

namespace osler {

/// By its ending: .json, else YAML (1.1 as PyYAML reads it). Limits as of MONAI's configurations.
/// @throws Error model: unreadable, too large, nested too deep, a name twice, not JSON or YAML
Json read_config_file(const std::filesystem::path& file);

}  // namespace osler
