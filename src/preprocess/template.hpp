#pragma once
// The head to which others are registered: Colin27, made once at set-up from a Debian package.

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "core/affine.hpp"

namespace osler {

inline constexpr std::uint8_t kMaskBrain = 1;  ///< B: the brain alone
inline constexpr std::uint8_t kMaskWide = 2;   ///< W: the brain and what lies within 8 mm of it

/// Colin27 T1 at 1 mm with two masks, in its own LPS frame. Made by tools/make_template at set-up.
struct HeadTemplate {
  Size3 size{};
  Affine index_to_lps;              ///< voxel index to LPS millimetres
  std::vector<std::uint8_t> t1;     ///< x fastest
  std::vector<std::uint8_t> masks;  ///< kMaskBrain | kMaskWide
};

/// Reads what `encode_template` wrote, after its digest was found right.
/// @param sha256         64 lowercase hexadecimal digits, from the model package
/// @param debian_package the package from which set-up makes the file, for the remedy
/// @throws Error model: the file is missing, or its digest is another
HeadTemplate read_template(const std::filesystem::path& file, std::string_view sha256,
                           std::string_view debian_package);

/// A MetaImage (.mha): a text header and, voxel by voxel, two 8-bit channels (T1, masks); nothing
/// is compressed, so the same template always gives the same bytes.
/// @throws Error bad_argument if the arrays do not have the size's voxels
std::string encode_template(const HeadTemplate& head);

/// @throws Error model if the bytes are not such a file
HeadTemplate decode_template(std::string_view bytes);

}  // namespace osler
