#pragma once
// The formula of kernels/resample.hpp, once, for host and device.

#include "kernels/host_device.hpp"
#include "kernels/resample.hpp"

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
  bool linear;
};

template <typename T>
OSLER_HOST_DEVICE inline float real_value(const SourceView& s, const ResampleConstants& c,
                                          std::int64_t x, std::int64_t y, std::int64_t z) {
  const T stored = static_cast<const T*>(s.voxels)[(z * c.in[1] + y) * c.in[0] + x];
  if (s.has_padding) {
    const auto v = static_cast<std::int64_t>(stored);
    if (v >= s.padding_low && v <= s.padding_high) return s.padding_value;
  }
  return static_cast<float>(stored) * s.slope[z] + s.intercept[z];
}

OSLER_HOST_DEVICE inline std::int64_t clamp_index(std::int64_t i, std::int64_t n) {
  return i < 0 ? 0 : (i >= n ? n - 1 : i);
}

/// floor without a call into the library; |x| is far below 2^62.
OSLER_HOST_DEVICE inline std::int64_t floor_index(double x) {
  const auto i = static_cast<std::int64_t>(x);
  return static_cast<double>(i) > x ? i - 1 : i;
}

/// Value at a continuous source index. @return false outside the source
template <typename T>
OSLER_HOST_DEVICE inline bool sample(const SourceView& s, const ResampleConstants& c, double x,
                                     double y, double z, float& value) {
  const bool inside =
      x >= -0.5 && y >= -0.5 && z >= -0.5 && x <= static_cast<double>(c.in[0]) - 0.5 &&
      y <= static_cast<double>(c.in[1]) - 0.5 && z <= static_cast<double>(c.in[2]) - 0.5;
  if (!inside) return false;
  if (!c.linear) {
    value = real_value<T>(s, c, clamp_index(floor_index(x + 0.5), c.in[0]),
                          clamp_index(floor_index(y + 0.5), c.in[1]),
                          clamp_index(floor_index(z + 0.5), c.in[2]));
    return true;
  }
  const std::int64_t x0 = floor_index(x), y0 = floor_index(y), z0 = floor_index(z);
  const auto fx = static_cast<float>(x - static_cast<double>(x0));
  const auto fy = static_cast<float>(y - static_cast<double>(y0));
  const auto fz = static_cast<float>(z - static_cast<double>(z0));
  const std::int64_t xa = clamp_index(x0, c.in[0]), xb = clamp_index(x0 + 1, c.in[0]);
  const std::int64_t ya = clamp_index(y0, c.in[1]), yb = clamp_index(y0 + 1, c.in[1]);
  const std::int64_t za = clamp_index(z0, c.in[2]), zb = clamp_index(z0 + 1, c.in[2]);
  const float v000 = real_value<T>(s, c, xa, ya, za), v100 = real_value<T>(s, c, xb, ya, za);
  const float v010 = real_value<T>(s, c, xa, yb, za), v110 = real_value<T>(s, c, xb, yb, za);
  const float v001 = real_value<T>(s, c, xa, ya, zb), v101 = real_value<T>(s, c, xb, ya, zb);
  const float v011 = real_value<T>(s, c, xa, yb, zb), v111 = real_value<T>(s, c, xb, yb, zb);
  const float a = v000 + fx * (v100 - v000), b = v010 + fx * (v110 - v010);
  const float d = v001 + fx * (v101 - v001), e = v011 + fx * (v111 - v011);
  const float low = a + fy * (b - a), high = d + fy * (e - d);
  value = low + fz * (high - low);
  return true;
}

template <typename T>
OSLER_HOST_DEVICE inline float resampled(const SourceView& s, const ResampleConstants& c,
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
        float value = 0;
        if (sample<T>(s, c, c.m[0] * x + c.m[1] * y + c.m[2] * z + c.m[3],
                      c.m[4] * x + c.m[5] * y + c.m[6] * z + c.m[7],
                      c.m[8] * x + c.m[9] * y + c.m[10] * z + c.m[11], value)) {
          sum += value;
          ++count;
        }
      }
    }
  }
  if (count == 0) return c.outside;
  float v = sum / static_cast<float>(count);
  const Normalisation& n = c.normalisation;
  v = v < n.low ? n.low : (v > n.high ? n.high : v);
  return (v - n.shift) * n.scale;
}

inline ResampleConstants resample_constants(const SourceView& source, const ResampleTask& task) {
  ResampleConstants c{};
  for (int i = 0; i < 12; ++i) c.m[i] = task.out_to_in.m[static_cast<std::size_t>(i)];
  const bool all = voxel_count(task.keep.end) == 0;
  for (std::size_t i = 0; i < 3; ++i) {
    c.samples[i] = task.samples[i];
    c.in[i] = source.size[i];
    c.out[i] = task.out_size[i];
    c.keep_begin[i] = all ? 0 : task.keep.begin[i];
    c.keep_end[i] = all ? task.out_size[i] : task.keep.end[i];
  }
  c.normalisation = task.normalisation;
  c.outside = task.outside;
  c.linear = task.interpolation == Interpolation::linear;
  return c;
}

}  // namespace osler::kernels
