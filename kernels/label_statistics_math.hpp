#pragma once
// What kernels/label_statistics.hpp sums up, on host and device alike.

#include <cstdint>
#include <limits>
#include <type_traits>

#include "kernels/host_device.hpp"
#include "kernels/label_statistics.hpp"
#include "kernels/source_math.hpp"

namespace osler::kernels {

template <typename T>
OSLER_HOST_DEVICE inline T lesser(T a, T b) {
  return b < a ? b : a;
}
template <typename T>
OSLER_HOST_DEVICE inline T greater(T a, T b) {
  return a < b ? b : a;
}

/// Stored values of up to 16 bits are summed as integers: the order does not matter. Negative sums
/// wrap round and back: two's complement, as atomic operations know it. The squares of a slice of
/// 2^31 voxels do not overflow.
template <typename T>
inline constexpr bool kSummedAsIntegers = std::is_integral_v<T> && sizeof(T) <= 2;
template <typename T>
using StoredSum = std::conditional_t<kSummedAsIntegers<T>, unsigned long long, double>;
template <typename T>
using StoredBound = std::conditional_t<kSummedAsIntegers<T>, int, double>;

/// Stored values.
template <typename T>
struct ValueSums {
  unsigned long long valued = 0;
  StoredSum<T> sum = 0;
  StoredSum<T> squares = 0;
  StoredBound<T> min = std::numeric_limits<StoredBound<T>>::max();
  StoredBound<T> max = std::numeric_limits<StoredBound<T>>::lowest();

  OSLER_HOST_DEVICE void take(T stored) {
    // NOLINTNEXTLINE(bugprone-signed-char-misuse): a number, not a character
    const auto value = static_cast<StoredBound<T>>(stored);
    const auto term = static_cast<StoredSum<T>>(value);
    ++valued;
    sum += term;
    squares += term * term;
    min = lesser(min, value);
    max = greater(max, value);
  }
  OSLER_HOST_DEVICE void join(const ValueSums& other) {
    valued += other.valued;
    sum += other.sum;
    squares += other.squares;
    min = lesser(min, other.min);
    max = greater(max, other.max);
  }
};

/// Voxels of one label in one line.
template <typename T>
struct LineSums {
  unsigned long long x = 0;  ///< of indices
  unsigned voxels = 0;
  int x_min = INT32_MAX;
  int x_max = -1;
  ValueSums<T> values;

  OSLER_HOST_DEVICE void join(const LineSums& other) {
    x += other.x;
    voxels += other.voxels;
    x_min = lesser(x_min, other.x_min);
    x_max = greater(x_max, other.x_max);
    values.join(other.values);
  }
};

/// Voxels of one label in one slice: what lies where `label_sums_bytes` says, slice after slice,
/// each 0 ... max_label.
template <typename T>
struct SliceSums {
  unsigned long long voxels = 0;
  unsigned long long x = 0;  ///< of indices
  unsigned long long y = 0;
  int x_min = INT32_MAX;
  int x_max = -1;
  int y_min = INT32_MAX;
  int y_max = -1;
  ValueSums<T> values;

  void join(const LineSums<T>& line, int at_y) {
    voxels += line.voxels;
    x += line.x;
    y += static_cast<unsigned long long>(line.voxels) * static_cast<unsigned long long>(at_y);
    x_min = lesser(x_min, line.x_min);
    x_max = greater(x_max, line.x_max);
    y_min = lesser(y_min, at_y);
    y_max = greater(y_max, at_y);
    values.join(line.values);
  }
  void join(const SliceSums& other) {
    voxels += other.voxels;
    x += other.x;
    y += other.y;
    x_min = lesser(x_min, other.x_min);
    x_max = greater(x_max, other.x_max);
    y_min = lesser(y_min, other.y_min);
    y_max = greater(y_max, other.y_max);
    values.join(other.values);
  }
};

/// Of the voxels, or any where there are none.
inline ScalarType stored_type(const LabelStatisticsTask& task) {
  return task.intensities == nullptr ? ScalarType::u8 : task.intensities->type;
}
template <typename T>
const T* stored_values(const LabelStatisticsTask& task) {
  return task.intensities == nullptr ? nullptr : static_cast<const T*>(task.intensities->voxels);
}
template <typename T>
PaddingRange<T> padding_of(const LabelStatisticsTask& task) {
  return padding_range<T>(task.intensities == nullptr ? SourceView{} : *task.intensities);
}

/// @throws Error bad_argument
void check_label_statistics(const LabelStatisticsTask& task);

}  // namespace osler::kernels
