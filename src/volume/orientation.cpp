#include "volume/orientation.hpp"

#include <fmt/format.h>

#include <cmath>
#include <numbers>

namespace osler {

std::string orientation_name(const Grid& grid) {
  static constexpr const char* kNames[] = {"sagittal", "coronal", "axial"};
  const Vec3 normal = cross(grid.index_to_lps.column(0), grid.index_to_lps.column(1));
  std::size_t axis = 0;
  for (std::size_t i = 1; i < 3; ++i) {
    if (std::abs(normal[i]) > std::abs(normal[axis])) axis = i;
  }
  const double cosine = std::abs(normal[axis]) / norm(normal);
  const double angle = std::acos(std::min(1.0, cosine)) * 180 / std::numbers::pi;
  if (angle <= 1) return kNames[axis];
  return fmt::format("{}, oblique {:.0f} deg", kNames[axis], angle);
}

}  // namespace osler
