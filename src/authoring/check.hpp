#pragma once
// A whole package, looked at before anyone runs it.

#include <filesystem>
#include <string>

#include "authoring/problems.hpp"

namespace osler {

struct PackageReport {
  std::string name;    ///< that the package gives itself; empty if that cannot be read
  std::string digest;  ///< empty if the package cannot be read
  Problems problems;   ///< of stages too, behind their folder's name

  bool ok() const;  ///< warnings are no errors
};

/// Everything that can be known without an image: the description against its schema, what belongs
/// together in it, files and digests, and the network on what the steps would show it. Weights
/// whose digest is another than the one stated are not loaded: loading runs them.
/// @throws Error model: there is no model.json, and no MONAI bundle
PackageReport check_package(const std::filesystem::path& folder);

}  // namespace osler
