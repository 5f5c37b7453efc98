#include "kernels/rows.hpp"

namespace osler::kernels::rows {

[[gnu::target_clones("avx512f", "avx2", "default")]] void nearest(const float* row,
                                                                  const std::int32_t* index,
                                                                  std::int64_t n,
                                                                  float* __restrict out) {
  for (std::int64_t i = 0; i < n; ++i) out[i] = row[index[i]];
}

[[gnu::target_clones("avx512f", "avx2", "default")]] void linear(const float* row,
                                                                 const std::int32_t* a,
                                                                 const std::int32_t* b,
                                                                 const float* f, std::int64_t n,
                                                                 float* __restrict out) {
  for (std::int64_t i = 0; i < n; ++i) out[i] = mixed(row[a[i]], row[b[i]], f[i]);
}

[[gnu::target_clones("avx512f", "avx2", "default")]] void linear(const WeightedRow& row,
                                                                 const std::int32_t* a,
                                                                 const std::int32_t* b,
                                                                 const float* f, std::int64_t n,
                                                                 const WeightedRow& out) {
  const float* value = row.value;
  const float* weight = row.weight;
  float* __restrict out_value = out.value;
  float* __restrict out_weight = out.weight;
  for (std::int64_t i = 0; i < n; ++i) {
    const Weighted v =
        mixed(Weighted{value[a[i]], weight[a[i]]}, Weighted{value[b[i]], weight[b[i]]}, f[i]);
    out_value[i] = v.value;
    out_weight[i] = v.weight;
  }
}

[[gnu::target_clones("avx512f", "avx2", "default")]] void cubic(const float* row,
                                                                const std::int32_t* index,
                                                                const float* weight,
                                                                std::int64_t stride, std::int64_t n,
                                                                float* __restrict out) {
  for (std::int64_t i = 0; i < n; ++i) {
    float line = 0;
    for (int tap = 0; tap < 4; ++tap) {
      line += weight[tap * stride + i] * row[index[tap * stride + i]];
    }
    out[i] = line;
  }
}

[[gnu::target_clones("avx512f", "avx2", "default")]] void mix(const float* a, const float* b,
                                                              float f, std::int64_t n,
                                                              float* __restrict out) {
  for (std::int64_t i = 0; i < n; ++i) out[i] = mixed(a[i], b[i], f);
}

[[gnu::target_clones("avx512f", "avx2", "default")]] void mix(const WeightedRow& a,
                                                              const WeightedRow& b, float f,
                                                              std::int64_t n,
                                                              const WeightedRow& out) {
  const float *va = a.value, *wa = a.weight, *vb = b.value, *wb = b.weight;
  float* __restrict out_value = out.value;
  float* __restrict out_weight = out.weight;
  for (std::int64_t i = 0; i < n; ++i) {
    const Weighted v = mixed(Weighted{va[i], wa[i]}, Weighted{vb[i], wb[i]}, f);
    out_value[i] = v.value;
    out_weight[i] = v.weight;
  }
}

[[gnu::target_clones("avx512f", "avx2", "default")]] void mix(const float* const (&row)[4],
                                                              const float (&w)[4], std::int64_t n,
                                                              float* __restrict out) {
  const float *a = row[0], *b = row[1], *c = row[2], *d = row[3];
  for (std::int64_t i = 0; i < n; ++i) {
    out[i] = 0.0F + w[0] * a[i] + w[1] * b[i] + w[2] * c[i] + w[3] * d[i];
  }
}

[[gnu::target_clones("avx512f", "avx2", "default")]] void add(const float* values, int samples,
                                                              std::int64_t n,
                                                              float* __restrict sum) {
  if (samples == 1) {
    for (std::int64_t i = 0; i < n; ++i) sum[i] += values[i];
    return;
  }
  for (std::int64_t i = 0; i < n; ++i) {
    for (int s = 0; s < samples; ++s) sum[i] += values[i * samples + s];
  }
}

[[gnu::target_clones("avx512f", "avx2", "default")]] void add(const WeightedRow& values,
                                                              int samples, std::int64_t n,
                                                              float* __restrict sum,
                                                              float* __restrict count) {
  const float *value = values.value, *weight = values.weight;
  if (samples == 1) {
    for (std::int64_t i = 0; i < n; ++i) {
      sum[i] += weight[i] > 0 ? value[i] : 0.0F;
      count[i] += weight[i] > 0 ? 1.0F : 0.0F;
    }
    return;
  }
  for (std::int64_t i = 0; i < n; ++i) {
    for (int s = 0; s < samples; ++s) {
      const bool counts = weight[i * samples + s] > 0;
      sum[i] += counts ? value[i * samples + s] : 0.0F;
      count[i] += counts ? 1.0F : 0.0F;
    }
  }
}

[[gnu::target_clones("avx512f", "avx2", "default")]] void finish(const Normalisation& normalisation,
                                                                 float outside, const float* count,
                                                                 std::int64_t n,
                                                                 float* __restrict sum) {
  const Normalisation by = normalisation;
  for (std::int64_t i = 0; i < n; ++i) {
    const float mean = sum[i] / (count[i] > 0 ? count[i] : 1.0F);
    const float value = normalised(by, mean);
    sum[i] = count[i] > 0 ? value : outside;
  }
}

[[gnu::target_clones("avx512f", "avx2", "default")]] void put(const float* row, std::int64_t n,
                                                              OutputType type, std::int64_t stride,
                                                              void* out, std::int64_t first) {
  if (type == OutputType::f32) {
    float* __restrict to = static_cast<float*>(out) + first;
    if (stride == 1) {
      for (std::int64_t i = 0; i < n; ++i) to[i] = row[i];
    } else {
      for (std::int64_t i = 0; i < n; ++i) to[i * stride] = row[i];
    }
    return;
  }
  std::uint16_t* __restrict to = static_cast<std::uint16_t*>(out) + first;
  if (type == OutputType::f16) {
    for (std::int64_t i = 0; i < n; ++i) to[i * stride] = to_f16(row[i]);
  } else {
    for (std::int64_t i = 0; i < n; ++i) to[i * stride] = to_bf16(row[i]);
  }
}

[[gnu::target_clones("avx512f", "avx2", "default")]] void spline(float* p, std::int64_t n,
                                                                 std::int64_t stride,
                                                                 std::int64_t lanes,
                                                                 const SplineStart& start) {
  spline_lines(p, n, stride, lanes, start);
}

}  // namespace osler::kernels::rows
