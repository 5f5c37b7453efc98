#pragma once
// The convolution of 1x1x1 that ends a network, out of channels last into channels first.

#include <cstdint>
#include <span>
#include <vector>

namespace osler {

struct Pointwise {
  std::span<const float> weight;  ///< [output, channel]
  std::span<const float> bias;    ///< one value per output, or empty: 0
  std::int64_t channels = 1;      ///< of the input
};

/// The convolution of 1x1x1 whose result is the network's.
struct LastLayer {
  std::vector<float> weight;  ///< [output, channel]
  std::vector<float> bias;    ///< one value per output, or empty: 0
  std::int64_t channels = 1;

  std::int64_t outputs() const { return static_cast<std::int64_t>(weight.size()) / channels; }
  Pointwise view() const { return {weight, bias, channels}; }
};

/// y[o, v] = bias[o] + sum over c of weight[o, c] * x[v, c]. One pass; the same bits for any number
/// of threads.
/// @param x one sample, voxel after voxel, the channels of a voxel side by side (channels last)
/// @param y weight.size() / channels values per voxel, output after output; not x
void pointwise_cpu(std::span<const float> x, const Pointwise& layer, std::span<float> y);

}  // namespace osler
