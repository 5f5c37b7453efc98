#include "postprocess/components.hpp"

#include <algorithm>

#include "core/error.hpp"
#include "kernels/component_filters.hpp"

namespace osler {

LargestComponent largest_component(std::span<const std::uint8_t> mask, const Size3& size) {
  LargestComponent result;
  result.mask.resize(mask.size());
  std::transform(mask.begin(), mask.end(), result.mask.begin(),
                 [](std::uint8_t v) { return static_cast<std::uint8_t>(v != 0 ? 1 : 0); });
  const auto inside = std::count(result.mask.begin(), result.mask.end(), 1);
  if (inside == 0) return result;
  kernels::keep_largest_components(Device{}, {result.mask.data(), ScalarType::u8, size},
                                   kernels::Connectivity::corners);
  result.voxels = std::count(result.mask.begin(), result.mask.end(), 1);
  result.share = static_cast<double>(result.voxels) / static_cast<double>(inside);
  return result;
}

Bounds bounds_of(std::span<const std::uint8_t> mask, const Size3& size) {
  Size3 low = size, high{-1, -1, -1};
  std::size_t n = 0;
  for (std::int64_t z = 0; z < size[2]; ++z) {
    for (std::int64_t y = 0; y < size[1]; ++y) {
      for (std::int64_t x = 0; x < size[0]; ++x, ++n) {
        if (mask[n] == 0) continue;
        low = {std::min(low[0], x), std::min(low[1], y), std::min(low[2], z)};
        high = {std::max(high[0], x), std::max(high[1], y), std::max(high[2], z)};
      }
    }
  }
  if (high[0] < 0) throw Error(ErrorCode::bad_argument, "bounds of an empty mask");
  return {low, {high[0] - low[0] + 1, high[1] - low[1] + 1, high[2] - low[2] + 1}};
}

}  // namespace osler
