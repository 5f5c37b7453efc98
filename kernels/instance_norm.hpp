#pragma once
// InstanceNorm and the activation behind it, in place.

#include <cstddef>
#include <cstdint>
#include <span>

#include "device/device.hpp"
#include "kernels/float_type.hpp"

namespace osler::kernels {

/// What a layer of a network gives: sample after sample, voxel after voxel, the channels of a voxel
/// side by side (channels last). Host or device memory, as the function says.
struct FeatureMap {
  void* values = nullptr;
  FloatType type = FloatType::f32;
  std::int64_t samples = 0;
  std::int64_t voxels = 0;  ///< of a sample
  std::int64_t channels = 0;
};

/// An activation of the leaky kind: v where v > 0, slope * v elsewhere. 1 changes nothing, 0 is
/// ReLU.
struct InstanceNorm {
  std::span<const float> weight;  ///< one value per channel, or empty: 1
  std::span<const float> bias;    ///< one value per channel, or empty: 0
  double eps = 1e-5;
  float slope = 1;
  /// GroupNorm where above 1: so many channels, side by side, share mean and variance
  /// (torch.nn.GroupNorm with channels / channels_per_group groups). Host only.
  std::int64_t channels_per_group = 1;
};

/// y = (x - mean) / sqrt(variance + eps) * weight + bias, then the activation; mean and (biased)
/// variance of each channel of one sample, as torch.nn.InstanceNorm3d states them. Two passes over
/// the values, computed in single precision whatever they are held in; squares are about the
/// mean of the values so far or a value near it, so that a mean far from 0 costs no digits. No
/// number depends on the number of threads or on the order in which they run.
///
/// @param map  host memory
/// @throws Error bad_argument (a negative size, weights for other channels, groups that do not
/// divide the channels, groups on a device), device
void instance_norm(const Device& device, const FeatureMap& map, const InstanceNorm& norm);

/// The CPU twin. 16-bit values are widened a sample at a time: 4 bytes for each of its values.
void instance_norm_cpu(const FeatureMap& map, const InstanceNorm& norm);

/// Device memory that `instance_norm_cuda` works in: 8 bytes for each channel of each part that a
/// group of threads takes, and of each sample.
std::size_t instance_norm_scratch_bytes(const FeatureMap& map);

/// Queues the work; allocates nothing, does not wait. All pointers are device memory. Values are
/// read 16 bytes at a time where the channels fill them and the map begins at a multiple of 16.
/// @param scratch  `instance_norm_scratch_bytes` of the map, aligned to 256
/// @throws Error device if a launch fails or this build has no CUDA
void instance_norm_cuda(const FeatureMap& map, const InstanceNorm& norm, void* scratch,
                        const Stream& stream);

/// CPU against CUDA, absolute, of values with a weight of 1, for each standard deviation that the
/// mean or the value is from 0: about 32 units of single precision's last place. 16-bit values may
/// in addition be rounded to the other neighbour.
inline constexpr float kInstanceNormTolerance = 2e-6F;

}  // namespace osler::kernels
