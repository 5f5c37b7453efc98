#include <algorithm>
#include <cmath>
#include <numbers>

#include "volume/verdict.hpp"
#include "volume/volume.hpp"

namespace osler {

double Grid::voxel_mm3() const {
  return std::abs(index_to_lps.determinant());
}

double Grid::voxel_mm3(std::int64_t k) const {
  if (is_regular() || size[2] < 2) return voxel_mm3();
  const std::int64_t below = std::max<std::int64_t>(k - 1, 0), above = std::min(k + 1, size[2] - 1);
  const double reach =
      (place_of_slice(above) - place_of_slice(below)) / static_cast<double>(above - below);
  return voxel_mm3() * reach;
}

double Grid::slice_at_place(double place) const {
  if (is_regular() || size[2] < 2) return place;
  const auto next = std::upper_bound(slice_at.begin() + 1, slice_at.end() - 1, place);
  const double low = *(next - 1), high = *next;
  return static_cast<double>(next - 1 - slice_at.begin()) + (place - low) / (high - low);
}

std::array<double, 2> Grid::slice_distances_mm() const {
  const Vec3 normal = cross(index_to_lps.column(0), index_to_lps.column(1));
  const double step = std::abs(dot(index_to_lps.column(2), normal)) / norm(normal);
  if (is_regular() || size[2] < 2) return {step, step};
  double least = slice_at[1] - slice_at[0], largest = least;
  for (std::size_t k = 2; k < slice_at.size(); ++k) {
    least = std::min(least, slice_at[k] - slice_at[k - 1]);
    largest = std::max(largest, slice_at[k] - slice_at[k - 1]);
  }
  return {least * step, largest * step};
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
