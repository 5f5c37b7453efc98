#pragma once
// InVesalius projects: a gzipped tar with `main.plist` (shape, spacing) and `matrix.dat` (int16).

#include <cstdint>
#include <filesystem>
#include <vector>

#include "core/affine.hpp"

namespace osler::sample {

struct Inv3Volume {
  Size3 size{};  ///< x, y, z
  Vec3 spacing_mm{};
  std::vector<std::int16_t> hu;  ///< as stored: x towards the left, y towards the front, z up
};

/// @throws Error bad_input
Inv3Volume read_inv3(const std::filesystem::path& file);

}  // namespace osler::sample
