#pragma once
// The file of osler run --destinations (docs/destinations.md).

#include <filesystem>
#include <vector>

#include "report/destinations.hpp"

namespace osler::cli {

/// JSON or YAML. @throws Error model: a member that is missing, wrong or not known, a name twice
std::vector<report::Destination> read_destinations(const std::filesystem::path& file);

}  // namespace osler::cli
