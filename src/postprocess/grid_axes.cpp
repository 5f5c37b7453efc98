#include "postprocess/grid_axes.hpp"

#include <algorithm>
#include <cmath>

#include "core/error.hpp"

namespace osler {
namespace {

constexpr double kRounding = 1e-9;  // of products of affines
constexpr double kEdge = 0.5 + 1e-6;

Between between(double place, std::int64_t n, bool nearest) {
  Between b;
  b.inside = place >= -kEdge && place <= static_cast<double>(n - 1) + kEdge;
  const double held = std::clamp(place, 0.0, static_cast<double>(n - 1));
  const double lower = nearest ? std::floor(held + 0.5) : std::floor(held);
  b.lower = std::min(static_cast<std::int64_t>(lower), n - 1);
  b.upper = std::min(b.lower + 1, n - 1);
  b.share = nearest ? 0.0F : static_cast<float>(held - lower);
  return b;
}

}  // namespace

GridAxes grid_axes(const Affine& to_network, const Size3& size, const std::vector<double>& slice_at,
                   const Size3& network, const std::array<bool, 3>& nearest) {
  GridAxes axes;
  for (std::size_t row = 0; row < 3; ++row) {
    std::size_t axis = 0;
    for (std::size_t c = 1; c < 3; ++c) {
      if (std::abs(to_network.m[4 * row + c]) > std::abs(to_network.m[4 * row + axis])) axis = c;
    }
    for (std::size_t c = 0; c < 3; ++c) {
      if (c != axis && std::abs(to_network.m[4 * row + c]) > kRounding) {
        throw Error(ErrorCode::bad_argument, "grid_axes: the grids are turned against each other");
      }
    }
    axes.of[row] = axis;
    const double scale = to_network.m[4 * row + axis], first = to_network.m[4 * row + 3];
    for (std::int64_t i = 0; i < size[axis]; ++i) {
      const double place = axis == 2 && !slice_at.empty() ? slice_at[static_cast<std::size_t>(i)]
                                                          : static_cast<double>(i);
      axes.at[row].push_back(between(scale * place + first, network[row], nearest[row]));
    }
  }
  return axes;
}

}  // namespace osler
