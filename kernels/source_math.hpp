#pragma once
// The formula of kernels/source_view.hpp, once, for host and device.

#include <cmath>
#include <limits>
#include <type_traits>

#include "kernels/host_device.hpp"
#include "kernels/source_view.hpp"

namespace osler::kernels {

/// The padding of a view in the type of its voxels: padding if low <= stored <= high.
template <typename T>
struct PaddingRange {
  T low;
  T high;  ///< below `low` if nothing is padding

  OSLER_HOST_DEVICE bool holds(T stored) const { return stored >= low && stored <= high; }
};

/// The lowest value of an integer type.
template <typename T>
inline constexpr std::int64_t kLowestStored = std::is_signed_v<T>
                                                  ? -(std::int64_t{1} << (8 * sizeof(T) - 1))
                                                  : 0;

template <typename T>
inline PaddingRange<T> padding_range(const SourceView& source) {
  // Hardly a voxel is at the type's upper end, so that processors foresee how the test goes.
  const PaddingRange<T> none{std::numeric_limits<T>::max(), std::numeric_limits<T>::lowest()};
  if (!source.has_padding || source.padding_low > source.padding_high) return none;
  if constexpr (std::is_floating_point_v<T>) {
    return {static_cast<T>(source.padding_low), static_cast<T>(source.padding_high)};
  } else {
    constexpr std::int64_t lowest = kLowestStored<T>;
    constexpr auto highest = static_cast<std::int64_t>(std::numeric_limits<T>::max());
    if (source.padding_high < lowest || source.padding_low > highest) return none;
    return {static_cast<T>(source.padding_low < lowest ? lowest : source.padding_low),
            static_cast<T>(source.padding_high > highest ? highest : source.padding_high)};
  }
}

template <typename T>
OSLER_HOST_DEVICE inline float rescaled(T stored, float slope, float intercept) {
  return static_cast<float>(stored) * slope + intercept;
}

OSLER_HOST_DEVICE inline std::int64_t clamp_index(std::int64_t i, std::int64_t n) {
  return i < 0 ? 0 : (i >= n ? n - 1 : i);
}

/// floor without a call into the library; |x| is far below 2^62.
OSLER_HOST_DEVICE inline std::int64_t floor_index(double x) {
  const auto i = static_cast<std::int64_t>(x);
  return static_cast<double>(i) > x ? i - 1 : i;
}

}  // namespace osler::kernels
