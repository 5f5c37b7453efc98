#include "preprocess/network_grid.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <string_view>

#include "core/error.hpp"
#include "volume/exchange.hpp"

namespace osler {
namespace {

/// A network's axis: which of the source's it is, and whether it runs against it.
struct AxisUse {
  std::size_t axis = 0;
  bool turned = false;
};

Vec3 direction_of(char letter) {
  switch (letter) {
    case 'L':
      return {1, 0, 0};
    case 'R':
      return {-1, 0, 0};
    case 'P':
      return {0, 1, 0};
    case 'A':
      return {0, -1, 0};
    case 'S':
      return {0, 0, 1};
    default:
      return {0, 0, -1};
  }
}

/// The order of the source's axes that lies nearest to the directions wanted.
std::array<AxisUse, 3> nearest_axes(const Grid& source, const std::string& axes) {
  std::array<AxisUse, 3> best{};
  const Vec3 spacing = source.spacing_mm();
  const auto cosine = [&](std::size_t wanted, std::size_t axis) {
    const Vec3 column = source.index_to_lps.column(static_cast<int>(axis));
    return dot(direction_of(axes[wanted]), column) / spacing[axis];
  };
  std::array<std::size_t, 3> order{0, 1, 2};
  double most = -1;
  do {
    double sum = 0;
    for (std::size_t i = 0; i < 3; ++i) sum += std::abs(cosine(i, order[i]));
    if (sum <= most) continue;
    most = sum;
    for (std::size_t i = 0; i < 3; ++i) best[i] = {order[i], cosine(i, order[i]) < 0};
  } while (std::next_permutation(order.begin(), order.end()));
  return best;
}

std::array<AxisUse, 3> uses_of(const Volume& source, const std::string& axes) {
  constexpr std::string_view kOwn = "ijk";
  if (kOwn.find(axes[0]) == std::string_view::npos) return nearest_axes(source.grid, axes);
  std::array<AxisUse, 3> uses{};
  for (std::size_t i = 0; i < 3; ++i) {
    uses[i].axis = kOwn.find(axes[i]);
    uses[i].turned = uses[i].axis == 2 && is_turned_round(source);
  }
  return uses;
}

/// The same field of view, or part of it, in other voxels: each is `scale` old ones long, the first
/// one's centre lies at `first`.
NetworkGrid regrid(const NetworkGrid& grid, const Vec3& size, const Vec3& scale, const Vec3& first,
                   std::int64_t limit) {
  if (size[0] * size[1] * size[2] > static_cast<double>(limit)) {
    throw Error(ErrorCode::bad_input, "the network's grid would have too many voxels",
                "at most " + std::to_string(limit), "is the spacing in the header right?");
  }
  NetworkGrid out;
  const Affine to_old =
      Affine::from_columns({scale[0], 0, 0}, {0, scale[1], 0}, {0, 0, scale[2]}, first);
  out.to_source = grid.to_source * to_old;
  for (std::size_t i = 0; i < 3; ++i) {
    out.size[i] = static_cast<std::int64_t>(size[i]);
    out.spacing_mm[i] = grid.spacing_mm[i] * scale[i];
  }
  return out;
}

double largest(const Vec3& v) {
  return std::max({v[0], v[1], v[2]});
}
double smallest(const Vec3& v) {
  return std::min({v[0], v[1], v[2]});
}

/// The one coarsest axis; -1 if two or three are as coarse.
int coarsest_axis(const Vec3& mm) {
  int axis = -1, count = 0;
  for (std::size_t i = 0; i < 3; ++i) {
    if (largest(mm) / mm[i] != 1) continue;
    axis = static_cast<int>(i);
    ++count;
  }
  return count == 1 ? axis : -1;
}

}  // namespace

NetworkGrid orient(const Volume& volume, const OrientStep& step) {
  const Grid& source = volume.grid;
  const std::array<AxisUse, 3> uses = uses_of(volume, step.axes);
  const Vec3 spacing = source.spacing_mm();
  NetworkGrid grid;
  std::array<Vec3, 3> columns{};
  Vec3 origin{0, 0, 0};
  for (std::size_t i = 0; i < 3; ++i) {
    const auto [axis, turned] = uses[i];
    grid.size[i] = source.size[axis];
    grid.spacing_mm[i] = spacing[axis];
    columns[i][axis] = turned ? -1 : 1;
    origin[axis] = turned ? static_cast<double>(source.size[axis] - 1) : 0;
  }
  grid.to_source = Affine::from_columns(columns[0], columns[1], columns[2], origin);
  return grid;
}

NetworkGrid resampled(const NetworkGrid& grid, const ResampleStep& step, std::int64_t limit) {
  Vec3 size{}, scale{}, first{};
  for (std::size_t i = 0; i < 3; ++i) {
    const auto n = static_cast<double>(grid.size[i]);
    const double old = grid.spacing_mm[i];
    const double wanted = step.spacing_mm[i] > 0 ? step.spacing_mm[i] : old;
    if (step.alignment == ResampleStep::Alignment::edges) {
      size[i] = static_cast<double>(voxels_at(grid.size[i], old, wanted));
      scale[i] = n / size[i];
      first[i] = (scale[i] - 1) / 2;
    } else {
      size[i] = std::nearbyint((n - 1) * old / wanted + 1);  // half to even, as MONAI's
      scale[i] = wanted / old;
    }
  }
  return regrid(grid, size, scale, first, limit);
}

NetworkGrid resized(const NetworkGrid& grid, const Size3& wanted, std::int64_t limit) {
  Vec3 size{}, scale{}, first{};
  for (std::size_t i = 0; i < 3; ++i) {
    size[i] = static_cast<double>(wanted[i]);
    scale[i] = static_cast<double>(grid.size[i]) / size[i];
    first[i] = (scale[i] - 1) / 2;
  }
  return regrid(grid, size, scale, first, limit);
}

NetworkGrid part_of(const NetworkGrid& grid, const Size3& begin, const Size3& size,
                    std::int64_t limit) {
  Vec3 voxels{}, first{};
  for (std::size_t i = 0; i < 3; ++i) {
    voxels[i] = static_cast<double>(size[i]);
    first[i] = static_cast<double>(begin[i]);
  }
  return regrid(grid, voxels, {1, 1, 1}, first, limit);
}

std::int64_t voxels_at(std::int64_t n, double old_mm, double new_mm) {
  const double voxels = std::nearbyint(old_mm / new_mm * static_cast<double>(n));
  constexpr double kMost = 1e9;  // what is larger is refused by its volume
  return static_cast<std::int64_t>(std::clamp(voxels, 1.0, kMost));
}

int separate_axis(const Vec3& current_mm, const Vec3& wanted_mm, const NnunetResampleStep& rule) {
  if (rule.separate) return *rule.separate ? coarsest_axis(current_mm) : -1;
  for (const Vec3& mm : {current_mm, wanted_mm}) {
    if (largest(mm) / smallest(mm) > rule.anisotropy) return coarsest_axis(mm);
  }
  return -1;
}

}  // namespace osler
