#pragma once
// The formula of kernels/resample.hpp, once, for host and device.

#include "kernels/bspline_math.hpp"
#include "kernels/half_math.hpp"
#include "kernels/host_device.hpp"
#include "kernels/resample.hpp"
#include "kernels/source_math.hpp"

namespace osler::kernels {

/// What one output voxel needs, in plain values that travel to the device as a kernel argument.
struct ResampleConstants {
  double m[12];
  int samples[3];
  std::int64_t in[3];
  std::int64_t out[3];
  std::int64_t keep_begin[3];
  std::int64_t keep_end[3];
  Normalisation normalisation;
  float outside;
  Interpolation interpolation;
  OutputType out_type;
  const float* coefficients;  ///< of the cubic spline, where the source is
};

/// A value and the share of the weights about it that have one; weight 0 means no value.
struct Weighted {
  float value;
  float weight;
};

/// The voxels of a source as the formula reads them.
template <typename T>
struct Voxels {
  const T* stored;
  const float* slope;
  const float* intercept;
  std::int64_t nx, ny;
  PaddingRange<T> padding;
  bool masked;  ///< padding counts as nothing
  float padding_value;

  OSLER_HOST_DEVICE T at(std::int64_t x, std::int64_t y, std::int64_t z) const {
    return stored[(z * ny + y) * nx + x];
  }
  OSLER_HOST_DEVICE float real(std::int64_t x, std::int64_t y, std::int64_t z) const {
    const T v = at(x, y, z);
    return padding.holds(v) ? padding_value : rescaled(v, slope[z], intercept[z]);
  }
  OSLER_HOST_DEVICE Weighted weighted(std::int64_t x, std::int64_t y, std::int64_t z) const {
    const T v = at(x, y, z);
    if (padding.holds(v)) return {0, 0};
    return {rescaled(v, slope[z], intercept[z]), 1};
  }
};

template <typename T>
inline Voxels<T> voxels_of(const SourceView& s) {
  return {static_cast<const T*>(s.voxels),
          s.slope,
          s.intercept,
          s.size[0],
          s.size[1],
          padding_range<T>(s),
          s.has_padding && !s.padding_counts,
          s.padding_value};
}

OSLER_HOST_DEVICE inline float mixed(float a, float b, float f) {
  return a + f * (b - a);
}

/// With both weights 1 this is `mixed`, bit for bit: (1 - f) + f rounds to 1.
OSLER_HOST_DEVICE inline Weighted mixed(const Weighted& a, const Weighted& b, float f) {
  const float of_b = b.weight * f;
  const float weight = a.weight * (1 - f) + of_b;
  const float share = of_b / (weight > 0 ? weight : 1);
  return {mixed(a.value, b.value, share), weight};
}

template <typename V>
OSLER_HOST_DEVICE inline V trilinear(const V (&v)[8], float fx, float fy, float fz) {
  const V a = mixed(v[0], v[1], fx), b = mixed(v[2], v[3], fx);
  const V d = mixed(v[4], v[5], fx), e = mixed(v[6], v[7], fx);
  return mixed(mixed(a, b, fy), mixed(d, e, fy), fz);
}

template <typename T>
OSLER_HOST_DEVICE inline bool linear_sample(const Voxels<T>& s, const ResampleConstants& c,
                                            const double (&p)[3], float& value) {
  std::int64_t low[3], high[3];
  float f[3];
  for (int i = 0; i < 3; ++i) {
    const std::int64_t floor = floor_index(p[i]);
    f[i] = static_cast<float>(p[i] - static_cast<double>(floor));
    low[i] = clamp_index(floor, c.in[i]);
    high[i] = clamp_index(floor + 1, c.in[i]);
  }
  if (!s.masked) {
    const float v[8] = {s.real(low[0], low[1], low[2]),   s.real(high[0], low[1], low[2]),
                        s.real(low[0], high[1], low[2]),  s.real(high[0], high[1], low[2]),
                        s.real(low[0], low[1], high[2]),  s.real(high[0], low[1], high[2]),
                        s.real(low[0], high[1], high[2]), s.real(high[0], high[1], high[2])};
    value = trilinear(v, f[0], f[1], f[2]);
    return true;
  }
  Weighted v[8];
  for (int n = 0; n < 8; ++n) {
    v[n] = s.weighted(n & 1 ? high[0] : low[0], n & 2 ? high[1] : low[1], n & 4 ? high[2] : low[2]);
  }
  const Weighted mean = trilinear(v, f[0], f[1], f[2]);
  value = mean.value;
  return mean.weight > 0;
}

OSLER_HOST_DEVICE inline float cubic_sample(const ResampleConstants& c, const double (&p)[3]) {
  std::int64_t index[3][4];
  float w[3][4];
  for (int i = 0; i < 3; ++i) {
    const std::int64_t floor = floor_index(p[i]);
    spline_weights(static_cast<float>(p[i] - static_cast<double>(floor)), w[i]);
    for (int tap = 0; tap < 4; ++tap) index[i][tap] = mirror_index(floor - 1 + tap, c.in[i]);
  }
  float value = 0;
  for (int z = 0; z < 4; ++z) {
    float plane = 0;
    for (int y = 0; y < 4; ++y) {
      const float* row = c.coefficients + (index[2][z] * c.in[1] + index[1][y]) * c.in[0];
      float line = 0;
      for (int x = 0; x < 4; ++x) line += w[0][x] * row[index[0][x]];
      plane += w[1][y] * line;
    }
    value += w[2][z] * plane;
  }
  return value;
}

/// Value at a continuous source index. @return false if there is none
template <typename T>
OSLER_HOST_DEVICE inline bool sample(const Voxels<T>& s, const ResampleConstants& c,
                                     const double (&p)[3], float& value) {
  for (int i = 0; i < 3; ++i) {
    if (!(p[i] >= -0.5 && p[i] <= static_cast<double>(c.in[i]) - 0.5)) return false;
  }
  if (c.interpolation == Interpolation::linear) return linear_sample(s, c, p, value);
  const std::int64_t x = clamp_index(floor_index(p[0] + 0.5), c.in[0]);
  const std::int64_t y = clamp_index(floor_index(p[1] + 0.5), c.in[1]);
  const std::int64_t z = clamp_index(floor_index(p[2] + 0.5), c.in[2]);
  if (s.masked && s.padding.holds(s.at(x, y, z))) return false;
  value = s.real(x, y, z);
  if (c.interpolation == Interpolation::nearest) return true;
  const bool is_nan = value != value;
  value = cubic_sample(c, p);
  return !is_nan;
}

OSLER_HOST_DEVICE inline float normalised(const Normalisation& n, float v) {
  v = v < n.low ? n.low : (v > n.high ? n.high : v);
  return (v - n.shift) * n.scale;
}

template <typename T>
OSLER_HOST_DEVICE inline float resampled(const Voxels<T>& s, const ResampleConstants& c,
                                         std::int64_t i, std::int64_t j, std::int64_t k) {
  if (i < c.keep_begin[0] || i >= c.keep_end[0] || j < c.keep_begin[1] || j >= c.keep_end[1] ||
      k < c.keep_begin[2] || k >= c.keep_end[2]) {
    return c.outside;
  }
  float sum = 0;
  int count = 0;
  for (int sk = 0; sk < c.samples[2]; ++sk) {
    const double z = static_cast<double>(k) + (sk + 0.5) / c.samples[2] - 0.5;
    for (int sj = 0; sj < c.samples[1]; ++sj) {
      const double y = static_cast<double>(j) + (sj + 0.5) / c.samples[1] - 0.5;
      for (int si = 0; si < c.samples[0]; ++si) {
        const double x = static_cast<double>(i) + (si + 0.5) / c.samples[0] - 0.5;
        const double p[3] = {c.m[0] * x + c.m[1] * y + c.m[2] * z + c.m[3],
                             c.m[4] * x + c.m[5] * y + c.m[6] * z + c.m[7],
                             c.m[8] * x + c.m[9] * y + c.m[10] * z + c.m[11]};
        float value = 0;
        if (sample(s, c, p, value)) {
          sum += value;
          ++count;
        }
      }
    }
  }
  if (count == 0) return c.outside;
  return normalised(c.normalisation, sum / static_cast<float>(count));
}

OSLER_HOST_DEVICE inline void store(void* out, OutputType type, std::int64_t n, float value) {
  if (type == OutputType::f32) {
    static_cast<float*>(out)[n] = value;
  } else {
    static_cast<std::uint16_t*>(out)[n] = type == OutputType::f16 ? to_f16(value) : to_bf16(value);
  }
}

/// @param coefficients  of the source, for cubic only
ResampleConstants resample_constants(const SourceView& source, const ResampleTask& task,
                                     const float* coefficients);

}  // namespace osler::kernels
