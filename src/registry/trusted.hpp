#pragma once
// Which packages may be loaded. Loading a network runs it, so a service names those that it trusts.

#include <filesystem>
#include <optional>
#include <set>
#include <string>

#include "registry/package.hpp"

namespace osler {

/// Environment variable that names the file of trusted digests; not set: every package that is
/// whole may be loaded.
inline constexpr char kTrustedVariable[] = "OSLER_TRUSTED_MODELS";

/// A text file: on each line a SHA-256 in hexadecimal digits, of a package (`osler models`) or of
/// a file of weights; what follows it, and lines that begin with #, are for people.
class TrustedDigests {
 public:
  /// @throws Error bad_input: missing, too large, a line that is none (named), or a file that
  ///   others than its owner and group may write
  explicit TrustedDigests(const std::filesystem::path& file);

  /// By the environment. @throws as the constructor: a file that is missing does not mean all
  static std::optional<TrustedDigests> from_environment();

  bool contains(const std::string& sha256) const { return digests_.contains(sha256); }

 private:
  std::set<std::string> digests_;
};

/// By the environment. The digest of a package stands for the weights that it names; others that
/// lie beside them (a tuned variant's) must be named themselves.
/// @throws Error model: not trusted, with the digests and the remedy; as TrustedDigests
void require_trusted(const ModelPackage& package, const WeightsFile& weights);

}  // namespace osler
