#pragma once
// The formulas of kernels/bspline.hpp, once, for host and device.

#include <cstdint>

#include "kernels/host_device.hpp"

namespace osler::kernels {

inline constexpr float kPole = -0.26794919243112270647F;  // sqrt(3) - 2
inline constexpr float kGain = 6;                         // (1 - z) (1 - 1/z)
/// Terms of the sum that starts the recursion: z^16 = 7e-10 is below half a unit of a float's last
/// place.
inline constexpr std::int64_t kHorizon = 16;
/// Of the start of the way back: c[n-1] = z / (z^2 - 1) (c+[n-1] + z c+[n-2]).
inline constexpr float kTurn = kPole / (kPole * kPole - 1);

/// Weights by which the first min(n, kHorizon) values make c+[0], gain included.
struct SplineStart {
  float weight[kHorizon];
  int terms;
};

inline SplineStart spline_start(std::int64_t n) {
  SplineStart start{};
  constexpr double z = -0.26794919243112270647;
  const auto power = [](std::int64_t k) {
    double p = 1;
    for (std::int64_t i = 0; i < k; ++i) p *= z;
    return p;
  };
  const bool whole = n <= kHorizon;
  start.terms = static_cast<int>(whole ? n : kHorizon);
  for (std::int64_t k = 0; k < start.terms; ++k) {
    double w = power(k);
    if (whole && n > 1) {
      if (k > 0 && k < n - 1) w += power(2 * n - 2 - k);
      w /= 1 - power(2 * n - 2);
    }
    start.weight[k] = static_cast<float>(kGain * w);
  }
  return start;
}

/// In place, `lanes` neighbouring lines of n values at once; values of a line are `stride` apart.
OSLER_HOST_DEVICE inline void spline_lines(float* p, std::int64_t n, std::int64_t stride,
                                           std::int64_t lanes, const SplineStart& start) {
  if (n < 2) return;
  for (std::int64_t l = 0; l < lanes; ++l) p[l] = start.weight[0] * p[l];
  for (int k = 1; k < start.terms; ++k) {
    const float* row = p + k * stride;
    for (std::int64_t l = 0; l < lanes; ++l) p[l] += start.weight[k] * row[l];
  }
  for (std::int64_t k = 1; k < n; ++k) {
    float* row = p + k * stride;
    const float* before = row - stride;
    for (std::int64_t l = 0; l < lanes; ++l) row[l] = kGain * row[l] + kPole * before[l];
  }
  float* last = p + (n - 1) * stride;
  for (std::int64_t l = 0; l < lanes; ++l) {
    last[l] = kTurn * (last[l] + kPole * last[l - stride]);
  }
  for (std::int64_t k = n - 2; k >= 0; --k) {
    float* row = p + k * stride;
    const float* after = row + stride;
    for (std::int64_t l = 0; l < lanes; ++l) row[l] = kPole * (after[l] - row[l]);
  }
}

/// From which index a value that is missing at i is taken: `before` and `after` are the nearest
/// ones that hold a value, -1 and n if there is none.
OSLER_HOST_DEVICE inline std::int64_t fill_from(std::int64_t i, std::int64_t before,
                                                std::int64_t after, std::int64_t n) {
  if (before < 0) return after < n ? after : i;
  if (after >= n) return before;
  return i - before <= after - i ? before : after;
}

/// Fills the NaN of one line. A line of nothing else stays.
OSLER_HOST_DEVICE inline void fill_line(float* p, std::int64_t n, std::int64_t stride) {
  std::int64_t before = -1;
  for (std::int64_t i = 0; i < n; ++i) {
    if (p[i * stride] == p[i * stride]) {
      before = i;
      continue;
    }
    std::int64_t after = i;
    while (after < n && p[after * stride] != p[after * stride]) ++after;
    for (; i < after; ++i) p[i * stride] = p[fill_from(i, before, after, n) * stride];
    before = after;
  }
}

/// Weights of the four coefficients about a place that lies t in [0, 1] beyond the second.
OSLER_HOST_DEVICE inline void spline_weights(float t, float w[4]) {
  const float u = 1 - t;
  w[0] = u * u * u * (1.0F / 6);
  w[1] = 2.0F / 3 - t * t * (1 - .5F * t);
  w[2] = 2.0F / 3 - u * u * (1 - .5F * u);
  w[3] = t * t * t * (1.0F / 6);
}

/// Index mirrored about the first and the last voxel.
OSLER_HOST_DEVICE inline std::int64_t mirror_index(std::int64_t i, std::int64_t n) {
  if (n == 1) return 0;
  const std::int64_t period = 2 * (n - 1);
  i %= period;
  if (i < 0) i += period;
  return i < n ? i : period - i;
}

}  // namespace osler::kernels
