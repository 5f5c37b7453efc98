#pragma once
// What kernels/label_statistics.hpp sums up of one label in one slice, on host and device alike.

#include <cstdint>
#include <type_traits>

#include "kernels/label_statistics.hpp"
#include "kernels/source_math.hpp"

namespace osler::kernels {

/// Stored values of up to 16 bits are summed as integers: the order does not matter. A slice of
/// 2^31 voxels does not overflow.
template <typename T>
using StoredSum = std::conditional_t<std::is_integral_v<T> && sizeof(T) <= 2, std::int64_t, double>;

template <typename T>
struct SliceSums {
  long long voxels = 0;
  long long x = 0;  ///< of indices
  long long y = 0;
  int x_min = INT32_MAX;
  int x_max = -1;
  int y_min = INT32_MAX;
  int y_max = -1;
  long long valued = 0;
  StoredSum<T> sum = 0;
  StoredSum<T> squares = 0;
  T min{};
  T max{};
};

/// The sums of every label in every slice, slice after slice, each 0 ... max_label. Waits.
/// @throws Error device (also if this build has no CUDA)
template <typename T>
std::vector<SliceSums<T>> label_sums_on_device(const Device& device,
                                               std::span<const std::uint8_t> labels,
                                               const LabelStatisticsTask& task);

}  // namespace osler::kernels
