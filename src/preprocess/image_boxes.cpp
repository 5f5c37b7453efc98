#include "preprocess/image_boxes.hpp"

#include <algorithm>
#include <cmath>

#include "kernels/component_filters.hpp"

namespace osler {
namespace {

constexpr double kWhole = 1e-9;  // rounding of products of affines

}  // namespace

VoxelBox bounds(const Mask& mask, const Size3& size) {
  VoxelBox box{size, {0, 0, 0}};
  std::size_t row = 0;
  for (std::int64_t z = 0; z < size[2]; ++z) {
    for (std::int64_t y = 0; y < size[1]; ++y, row += static_cast<std::size_t>(size[0])) {
      const auto values = std::span(mask).subspan(row, static_cast<std::size_t>(size[0]));
      const auto first = std::ranges::find_if(values, [](std::uint8_t v) { return v != 0; });
      if (first == values.end()) continue;
      auto last = values.end() - 1;
      while (*last == 0) --last;
      const Size3 low{first - values.begin(), y, z}, high{last - values.begin() + 1, y + 1, z + 1};
      for (std::size_t a = 0; a < 3; ++a) {
        box.begin[a] = std::min(box.begin[a], low[a]);
        box.end[a] = std::max(box.end[a], high[a]);
      }
    }
  }
  return box;
}

Mask above_mask(ImageState& state, double value) {
  Mask mask(static_cast<std::size_t>(state.voxels()), 0);
  for (int c = 0; c < state.image.channels; ++c) {
    const std::span<const float> values = state.channel(c);
    for (std::size_t i = 0; i < mask.size(); ++i) mask[i] |= values[i] > value ? 1 : 0;
  }
  return mask;
}

Mask nonzero_mask(const Device& device, ImageState& state) {
  Mask mask(static_cast<std::size_t>(state.voxels()), 0);
  for (int c = 0; c < state.image.channels; ++c) {
    const std::span<const float> values = state.channel(c);
    for (std::size_t i = 0; i < mask.size(); ++i) mask[i] |= values[i] != 0 ? 1 : 0;
  }
  constexpr std::array<std::uint16_t, 1> kInside{1};
  kernels::fill_holes(device, {mask.data(), ScalarType::u8, state.image.grid.size}, kInside);
  return mask;
}

Mask label_mask(const NetworkGrid& grid, const Size3& source, std::span<const std::uint8_t> labels,
                const std::array<bool, 256>& wanted) {
  const Size3 stride{1, source[0], source[0] * source[1]};
  Size3 step{0, 0, 0};
  std::int64_t first = 0;
  for (std::size_t a = 0; a < 3; ++a) {
    for (std::size_t b = 0; b < 3; ++b) {
      step[a] += std::llround(grid.to_source.column(static_cast<int>(a))[b]) * stride[b];
    }
    first += std::llround(grid.to_source.origin()[a]) * stride[a];
  }
  Mask mask(static_cast<std::size_t>(voxel_count(grid.size)));
  std::size_t i = 0;
  for (std::int64_t z = 0; z < grid.size[2]; ++z) {
    for (std::int64_t y = 0; y < grid.size[1]; ++y) {
      for (std::int64_t x = 0; x < grid.size[0]; ++x, ++i) {
        const std::int64_t at = first + x * step[0] + y * step[1] + z * step[2];
        mask[i] = wanted[labels[static_cast<std::size_t>(at)]] ? 1 : 0;
      }
    }
  }
  return mask;
}

bool is_unresampled(const NetworkGrid& grid) {
  return std::ranges::all_of(grid.to_source.m,
                             [](double v) { return std::abs(v - std::nearbyint(v)) <= kWhole; });
}

Mask cut(const Mask& mask, const Size3& size, const VoxelBox& box) {
  Mask out;
  out.reserve(static_cast<std::size_t>(voxel_count(box.size())));
  for (std::int64_t z = box.begin[2]; z < box.end[2]; ++z) {
    for (std::int64_t y = box.begin[1]; y < box.end[1]; ++y) {
      const auto row = mask.begin() + (z * size[1] + y) * size[0];
      out.insert(out.end(), row + box.begin[0], row + box.end[0]);
    }
  }
  return out;
}

}  // namespace osler
