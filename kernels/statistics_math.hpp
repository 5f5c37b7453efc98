#pragma once
// The formulas of kernels/statistics.hpp, once, for host and device.

#include "kernels/half_math.hpp"
#include "kernels/host_device.hpp"
#include "kernels/source_math.hpp"
#include "kernels/statistics.hpp"

namespace osler::kernels {

/// Which real values count; the mask is looked at apart.
struct Accepted {
  float low;
  float high;
  bool nonzero;

  OSLER_HOST_DEVICE bool holds(float v) const {
    return v >= low && v <= high && !(nonzero && v == 0);  // NaN is in no range
  }
};

inline Accepted accepted(const StatisticsTask& task) {
  return {task.low, task.high, task.nonzero};
}

/// Unsigned keys in the order of the floats; NaN aside.
OSLER_HOST_DEVICE inline std::uint32_t key_of(float v) {
  const std::uint32_t bits = bits_of(v);
  return bits & 0x80000000U ? ~bits : bits | 0x80000000U;
}
OSLER_HOST_DEVICE inline float value_of(std::uint32_t key) {
  return float_of(key & 0x80000000U ? key & 0x7FFFFFFFU : ~key);
}

/// Where a percentile lies among `count` sorted values.
struct Position {
  std::int64_t below;
  std::int64_t above;
  double fraction;  ///< of the way from the one to the other
};

OSLER_HOST_DEVICE inline Position position_of(double percent, std::int64_t count) {
  const double at = percent / 100 * static_cast<double>(count - 1);
  const std::int64_t below = clamp_index(static_cast<std::int64_t>(at), count);
  return {below, clamp_index(below + 1, count), at - static_cast<double>(below)};
}

OSLER_HOST_DEVICE inline double between(double low, double high, double fraction) {
  return fraction > 0 ? low + fraction * (high - low) : low;
}

}  // namespace osler::kernels
