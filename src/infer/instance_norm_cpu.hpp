#pragma once
// InstanceNorm and the activation behind it, in place.

#include <cstdint>
#include <span>

namespace osler {

/// An activation of the leaky kind: v where v > 0, slope * v elsewhere. 1 changes nothing, 0 is
/// ReLU.
struct InstanceNorm {
  std::span<const float> weight;  ///< one value per channel, or empty: 1
  std::span<const float> bias;    ///< one value per channel, or empty: 0
  double eps = 1e-5;
  float slope = 1;
};

/// y = (x - mean) / sqrt(variance + eps) * weight + bias, then the activation; mean and (biased)
/// variance of each channel of one sample, as torch.nn.InstanceNorm3d states them. Two passes over
/// the values; the same bits for any number of threads.
/// @param values one sample, voxel after voxel, the channels of a voxel side by side (channels
/// last)
/// @param channels > 0 and a divisor of values.size()
void instance_norm_cpu(std::span<float> values, std::int64_t channels, const InstanceNorm& norm);

}  // namespace osler
