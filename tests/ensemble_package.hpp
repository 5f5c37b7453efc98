#pragma once
// A package of several networks, each in a package of its own.

#include <filesystem>
#include <string>
#include <vector>

#include "windowed_package.hpp"

namespace osler::testing {

/// "a", "b", ...
inline std::string member_name(std::size_t i) {
  return {static_cast<char>('a' + i)};
}

/// The description of an ensemble of so many members, of two classes.
inline Json ensemble_description(std::size_t members) {
  Json j = windowed_description("");
  j.erase("weights");
  j["name"] = "mean";
  Json of = Json::array();
  for (std::size_t i = 0; i < members; ++i) {
    j["stages"].push_back({{"name", member_name(i)}, {"package", member_name(i)}});
    of.push_back(member_name(i));
  }
  j["steps"] = {{{"step", "ensemble"}, {"of", of}}, {{"step", "labels"}, {"decision", "highest"}}};
  return j;
}

/// @param members  descriptions, each with the network beside it
inline void write_ensemble(const std::filesystem::path& folder, const Json& description,
                           const std::vector<std::pair<Json, std::string>>& members) {
  std::filesystem::create_directories(folder);
  write_text(folder / "model.json", description.dump());
  for (std::size_t i = 0; i < members.size(); ++i) {
    write_windowed_package(folder / member_name(i), members[i].first, members[i].second);
  }
}

}  // namespace osler::testing
