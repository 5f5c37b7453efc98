#pragma once
// Where the program finds its models and templates.

#include <filesystem>
#include <vector>

namespace osler::cli {

/// OSLER_MODELS, then share/osler/models beside the program, then models/ of the source tree that
/// the program was built in.
std::vector<std::filesystem::path> model_places();

/// OSLER_TEMPLATES, else the first that exists of: share/osler/templates beside the program, and
/// the per-user cache's templates folder, where set-up puts them.
std::filesystem::path template_place();

}  // namespace osler::cli
