#include "infer/pointwise_cpu.hpp"

#include <algorithm>
#include <vector>

namespace osler {
namespace {

/// Voxels that are computed at a time, and outputs: their sums stay in registers.
constexpr std::int64_t kVoxels = 32;
constexpr std::int64_t kOutputs = 4;
/// Voxels that a thread takes at a time.
constexpr std::int64_t kVoxelsPerPart = 128 * kVoxels;

/// @param x [voxel, channel], `voxels` of them; the others count as 0
void turn(const float* __restrict x, std::int64_t voxels, std::int64_t channels,
          float* __restrict turned) {
  for (std::int64_t c = 0; c < channels; ++c) {
    for (std::int64_t v = 0; v < voxels; ++v) turned[c * kVoxels + v] = x[v * channels + c];
    std::fill(turned + c * kVoxels + voxels, turned + (c + 1) * kVoxels, 0.0F);
  }
}

/// @param x [channel, kVoxels]
/// @param weight `n` rows of `channels`
/// @param sums [n, kVoxels], starting at the bias
template <std::int64_t n>
[[gnu::always_inline]] inline void add_products(const float* __restrict x,
                                                const float* __restrict weight,
                                                std::int64_t channels, float* __restrict sums) {
  float local[n][kVoxels];
  for (std::int64_t o = 0; o < n; ++o) {
#pragma omp simd
    for (std::int64_t v = 0; v < kVoxels; ++v) local[o][v] = sums[o * kVoxels + v];
  }
  for (std::int64_t c = 0; c < channels; ++c) {
#pragma GCC unroll 4
    for (std::int64_t o = 0; o < n; ++o) {
      const float w = weight[o * channels + c];
#pragma omp simd
      for (std::int64_t v = 0; v < kVoxels; ++v) local[o][v] += w * x[c * kVoxels + v];
    }
  }
  for (std::int64_t o = 0; o < n; ++o) {
#pragma omp simd
    for (std::int64_t v = 0; v < kVoxels; ++v) sums[o * kVoxels + v] = local[o][v];
  }
}

/// All outputs of kVoxels voxels.
[[gnu::target_clones("avx512f", "avx2", "default")]] void all_outputs(
    const float* __restrict x, const float* __restrict weight, std::int64_t channels,
    std::int64_t outputs, float* __restrict sums) {
  std::int64_t o = 0;
  for (; o + kOutputs <= outputs; o += kOutputs) {
    add_products<kOutputs>(x, weight + o * channels, channels, sums + o * kVoxels);
  }
  for (; o < outputs; ++o) {
    add_products<1>(x, weight + o * channels, channels, sums + o * kVoxels);
  }
}

}  // namespace

void pointwise_cpu(std::span<const float> x, const Pointwise& layer, std::span<float> y) {
  const std::int64_t channels = layer.channels;
  const auto outputs = static_cast<std::int64_t>(layer.weight.size()) / channels;
  const auto voxels = static_cast<std::int64_t>(x.size()) / channels;
#pragma omp parallel
  {
    std::vector<float> turned(static_cast<std::size_t>(channels * kVoxels));
    std::vector<float> sums(static_cast<std::size_t>(outputs * kVoxels));
#pragma omp for schedule(static, kVoxelsPerPart / kVoxels)
    for (std::int64_t begin = 0; begin < voxels; begin += kVoxels) {
      const std::int64_t count = std::min(kVoxels, voxels - begin);
      turn(x.data() + begin * channels, count, channels, turned.data());
      for (std::int64_t o = 0; o < outputs; ++o) {
        const float bias = layer.bias.empty() ? 0.0F : layer.bias[static_cast<std::size_t>(o)];
        std::fill_n(sums.data() + o * kVoxels, kVoxels, bias);
      }
      all_outputs(turned.data(), layer.weight.data(), channels, outputs, sums.data());
      for (std::int64_t o = 0; o < outputs; ++o) {
        std::copy_n(sums.data() + o * kVoxels, count, y.data() + o * voxels + begin);
      }
    }
  }
}

}  // namespace osler
