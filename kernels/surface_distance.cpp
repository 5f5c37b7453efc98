#include "kernels/surface_distance.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "core/error.hpp"
#include "kernels/distance.hpp"
#include "kernels/distance_math.hpp"

namespace osler::kernels {
namespace {

struct Extent {
  Size3 low;
  Size3 high{0, 0, 0};  ///< the voxel after the last

  bool empty() const { return high[0] == 0; }
  Size3 size() const { return {high[0] - low[0], high[1] - low[1], high[2] - low[2]}; }
};

void check(const MaskPair& masks, double tolerance_mm) {
  const bool negative =
      std::any_of(masks.size.begin(), masks.size.end(), [](auto n) { return n < 0; });
  const auto voxels = static_cast<std::size_t>(voxel_count(masks.size));
  if (negative || masks.a.size() != voxels || masks.b.size() != voxels) {
    throw Error(ErrorCode::bad_argument, "surface distances: masks of another size");
  }
  if (!(tolerance_mm >= 0)) {
    throw Error(ErrorCode::bad_argument, "surface distances: a tolerance below 0");
  }
}

void include(Extent& extent, std::span<const std::uint8_t> mask, const Size3& size) {
  const std::int64_t nx = size[0], ny = size[1], nz = size[2];
  for (std::int64_t r = 0; r < ny * nz; ++r) {
    const std::uint8_t *row = mask.data() + r * nx, *row_end = row + nx;
    const auto is_inside = [](std::uint8_t v) { return v != 0; };
    const std::uint8_t* first = std::find_if(row, row_end, is_inside);
    if (first == row_end) continue;
    const auto last = std::find_if(std::make_reverse_iterator(row_end),
                                   std::make_reverse_iterator(row), is_inside);
    const std::int64_t y = r % ny, z = r / ny;
    extent.low = {std::min(extent.low[0], first - row), std::min(extent.low[1], y),
                  std::min(extent.low[2], z)};
    extent.high = {std::max(extent.high[0], last.base() - row), std::max(extent.high[1], y + 1),
                   std::max(extent.high[2], z + 1)};
  }
}

/// 1 on the surface of the mask, in the box; outside of the box the mask is 0.
std::vector<std::uint8_t> surface(std::span<const std::uint8_t> mask, const Size3& size,
                                  const Extent& box) {
  const Size3 shape = box.size();
  const std::int64_t nx = shape[0], ny = shape[1], nz = shape[2];
  std::vector<std::uint8_t> result(static_cast<std::size_t>(nx * ny * nz), 0);
#pragma omp parallel for schedule(static) if (nx * ny * nz >= kDistanceWorthThreads)
  for (std::int64_t r = 0; r < ny * nz; ++r) {
    const std::int64_t y = r % ny, z = r / ny;
    const std::uint8_t* row =
        mask.data() + ((z + box.low[2]) * size[1] + y + box.low[1]) * size[0] + box.low[0];
    const bool outer = y == 0 || z == 0 || y == ny - 1 || z == nz - 1;
    for (std::int64_t x = 0; x < nx; ++x) {
      if (row[x] == 0) continue;
      const bool inner = !outer && x > 0 && x < nx - 1 && row[x - 1] != 0 && row[x + 1] != 0 &&
                         row[x - size[0]] != 0 && row[x + size[0]] != 0 &&
                         row[x - size[0] * size[1]] != 0 && row[x + size[0] * size[1]] != 0;
      result[static_cast<std::size_t>(r * nx + x)] = inner ? 0 : 1;
    }
  }
  return result;
}

/// Distances from each voxel of one surface to the other, in the order of memory.
std::vector<float> distances(const std::vector<std::uint8_t>& from, std::span<const float> field) {
  std::vector<float> result;
  for (std::size_t i = 0; i < from.size(); ++i) {
    if (from[i] != 0) result.push_back(field[i]);
  }
  return result;
}

/// Sorts the values that it needs to the front. @param values  one at least
double percentile(std::vector<float>& values, double percent) {
  const double rank = percent / 100 * static_cast<double>(values.size() - 1);
  const auto low = static_cast<std::ptrdiff_t>(rank);
  std::nth_element(values.begin(), values.begin() + low, values.end());
  const double below = values[static_cast<std::size_t>(low)];
  const double part = rank - static_cast<double>(low);
  if (part == 0) return below;
  const double above = *std::min_element(values.begin() + low + 1, values.end());
  return below + part * (above - below);
}

}  // namespace

SurfaceDistances surface_distances(const Device& device, const MaskPair& masks,
                                   double tolerance_mm) {
  check(masks, tolerance_mm);
  Extent box{masks.size};
  include(box, masks.a, masks.size);
  include(box, masks.b, masks.size);
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  constexpr double far = std::numeric_limits<double>::infinity();
  if (box.empty()) return {nan, nan, nan, nan, 0, 0};

  const std::vector<std::uint8_t> a = surface(masks.a, masks.size, box);
  const std::vector<std::uint8_t> b = surface(masks.b, masks.size, box);
  SurfaceDistances result{
      far, far, far, 0, std::count(a.begin(), a.end(), 1), std::count(b.begin(), b.end(), 1)};
  if (result.surface_voxels_a == 0 || result.surface_voxels_b == 0) return result;

  std::vector<float> field(a.size());
  distance_transform(device, b, box.size(), masks.spacing_mm, field);
  std::vector<float> from_a = distances(a, field);
  distance_transform(device, a, box.size(), masks.spacing_mm, field);
  std::vector<float> from_b = distances(b, field);

  double sum = 0;
  std::int64_t near = 0;
  result.hausdorff_mm = result.hausdorff_95_mm = 0;
  for (std::vector<float>* way : {&from_a, &from_b}) {
    for (const float mm : *way) {
      sum += mm;
      near += mm <= tolerance_mm ? 1 : 0;
      result.hausdorff_mm = std::max(result.hausdorff_mm, static_cast<double>(mm));
    }
    result.hausdorff_95_mm = std::max(result.hausdorff_95_mm, percentile(*way, 95));
  }
  const auto count = static_cast<double>(from_a.size() + from_b.size());
  result.average_mm = sum / count;
  result.surface_dice = static_cast<double>(near) / count;
  return result;
}

}  // namespace osler::kernels
