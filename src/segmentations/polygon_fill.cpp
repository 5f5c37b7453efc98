#include "segmentations/polygon_fill.hpp"

#include <algorithm>
#include <cmath>

namespace osler::segmentations {
namespace {

/// The least whole number that is not below `value`, within [0, end].
std::int64_t first_at(double value, std::int64_t end) {
  return static_cast<std::int64_t>(std::ceil(std::clamp(value, 0.0, static_cast<double>(end))));
}

}  // namespace

void fill_even_odd(std::span<const Polygon> polygons, std::int64_t columns, std::int64_t rows,
                   std::span<std::uint8_t> mask) {
  // A voxel that an edge is to the left of, and no voxel between them, says that inside and outside
  // change there: memory does not grow with the number of edges.
  const auto add_edge = [&](const std::array<double, 2>& upper,
                            const std::array<double, 2>& lower) {
    const std::int64_t end = first_at(lower[1], rows);
    for (std::int64_t r = first_at(upper[1], rows); r < end; ++r) {
      const double share = (static_cast<double>(r) - upper[1]) / (lower[1] - upper[1]);
      const std::int64_t c = first_at(upper[0] + share * (lower[0] - upper[0]), columns);
      if (c < columns) mask[static_cast<std::size_t>(r * columns + c)] ^= 1;
    }
  };
  for (const Polygon& polygon : polygons) {
    for (std::size_t i = 0; i < polygon.size(); ++i) {
      const auto &a = polygon[i], &b = polygon[(i + 1) % polygon.size()];
      if (a[1] < b[1]) add_edge(a, b);
      if (b[1] < a[1]) add_edge(b, a);
    }
  }
  for (std::int64_t r = 0; r < rows; ++r) {
    std::uint8_t inside = 0;
    for (std::int64_t c = 0; c < columns; ++c) {
      auto& voxel = mask[static_cast<std::size_t>(r * columns + c)];
      inside = voxel = static_cast<std::uint8_t>(inside ^ voxel);
    }
  }
}

}  // namespace osler::segmentations
