#include <cmath>
#include <numbers>

#include "volume/verdict.hpp"
#include "volume/volume.hpp"

namespace osler {

double Grid::voxel_mm3() const {
  return std::abs(index_to_lps.determinant());
}

double Grid::tilt_deg() const {
  const Vec3 normal = cross(index_to_lps.column(0), index_to_lps.column(1));
  const Vec3 step = index_to_lps.column(2);
  const double lengths = norm(normal) * norm(step);
  if (lengths == 0) return 0;
  // atan2 keeps its precision near 0, where acos of a rounded cosine does not.
  return std::atan2(norm(cross(normal, step)), dot(normal, step)) * 180 / std::numbers::pi;
}

std::string_view to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::usable:
      return "usable";
    case Verdict::usable_with:
      return "usable_with";
    case Verdict::refused:
      return "refused";
  }
  return "refused";
}

}  // namespace osler
