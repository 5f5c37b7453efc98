#pragma once
// What is wrong with a package, for the one who makes it: all of it, not the first.

#include <string>
#include <vector>

namespace osler {

struct Problem {
  enum class Level { error, warning } level = Level::error;
  std::string where;  ///< a member's path in model.json ("/gives/segments/0/rgb"), or a file
  std::string what;   ///< found, and what would be right

  bool operator==(const Problem&) const = default;
};

using Problems = std::vector<Problem>;

}  // namespace osler
