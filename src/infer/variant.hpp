#pragma once
// What `osler models optimise` has found to be the fastest way to run a package on one processor.

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "device/device.hpp"
#include "infer/session.hpp"
#include "registry/package.hpp"

namespace osler {

inline constexpr char kVariantFile[] = "variant.json";
inline constexpr char kVariantFormat[] = "osler-variant/1";

/// `variant.json` beside model.json. Its members besides these are figures, for people.
struct Variant {
  std::string processor;                  ///< processor_name() of the machine that it is for
  std::vector<std::string> instructions;  ///< instruction_sets() of it
  std::vector<std::string> of;            ///< digests of the package's weights, in order
  Way way = Way::fused;
  std::vector<WeightsFile> compiled;  ///< in the package's folder; empty: none are used
};

/// Nothing if the package has none. @throws Error model: it is damaged
std::optional<Variant> read_variant(const std::filesystem::path& folder);

/// Why it is not for this machine and these weights; empty if it is.
std::string why_not_usable(const Variant& variant, const ModelPackage& package);

/// The package's weights, read and verified, as a session: by its variant if it has one that is for
/// this machine and these weights and the device is the processor. Session::graph says so, or why
/// not. @throws Error as read_weights and Session
Session open_session(const ModelPackage& package, const WeightsFile& weights, const Device& device,
                     SessionOptions options);

}  // namespace osler
