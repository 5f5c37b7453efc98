#include "cli/places.hpp"

#include <cstdlib>
#include <string>

namespace osler::cli {
namespace fs = std::filesystem;
namespace {

fs::path from_environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? fs::path() : fs::path(value);
}

fs::path program_folder() {
  std::error_code error;
  return fs::read_symlink("/proc/self/exe", error).parent_path();
}

fs::path cache_folder() {
  if (const fs::path own = from_environment("OSLER_CACHE"); !own.empty()) return own;
  if (const fs::path xdg = from_environment("XDG_CACHE_HOME"); !xdg.empty()) return xdg / "osler";
  return from_environment("HOME") / ".cache" / "osler";
}

}  // namespace

std::vector<fs::path> model_places() {
  std::vector<fs::path> places;
  if (const fs::path own = from_environment("OSLER_MODELS"); !own.empty()) places.push_back(own);
  const fs::path program = program_folder();
  places.push_back(program / ".." / "share" / "osler" / "models");
  fs::path up = program;
  for (int i = 0; i < 4 && up.has_parent_path(); ++i) {
    up = up.parent_path();
    std::error_code error;
    if (fs::exists(up / "src" / "rooms.txt", error)) places.push_back(up / "models");
  }
  return places;
}

fs::path template_place() {
  if (const fs::path own = from_environment("OSLER_TEMPLATES"); !own.empty()) return own;
  std::error_code error;
  const fs::path installed = program_folder() / ".." / "share" / "osler" / "templates";
  if (fs::is_directory(installed, error)) return installed;
  return cache_folder() / "templates";
}

}  // namespace osler::cli
