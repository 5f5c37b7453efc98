#pragma once
// What docs/schema/model.schema.json cannot say about a description: what belongs together.

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "authoring/problems.hpp"
#include "core/json.hpp"
#include "registry/weights.hpp"

namespace osler {

/// Segments, colours, gates and the order of steps. What the schema has already refused is passed
/// over: a member of another type, or one that is missing.
Problems description_problems(const Json& description);

/// Entries of "weights", one or several, as far as they can be read.
struct WeightsEntry {
  std::string where;
  WeightsFile file;
};
std::vector<WeightsEntry> weights_entries(const Json& description);

/// What the steps show to the network: N C D H W, or N C H W of planes. Of a step "whole-image",
/// which states no size, a small one.
std::vector<std::vector<std::int64_t>> network_inputs(const Json& description);

/// Are the files there, with the digests that are stated?
/// @param intact  receives, entry for entry, whether it may be loaded
Problems file_problems(const std::filesystem::path& folder,
                       const std::vector<WeightsEntry>& entries, std::vector<bool>& intact);

}  // namespace osler
