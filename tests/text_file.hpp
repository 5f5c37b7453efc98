#pragma once

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace osler::testing {

inline std::string text_of(const std::filesystem::path& file) {
  std::stringstream text;
  text << std::ifstream(file, std::ios::binary).rdbuf();
  return text.str();
}

}  // namespace osler::testing
