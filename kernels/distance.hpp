#pragma once
// Exact Euclidean distance transform of a mask in three dimensions.

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/affine.hpp"
#include "device/device.hpp"

namespace osler::kernels {

/// Distance of each voxel's centre to the nearest centre of a voxel that is not 0:
///   sqrt(min over inside voxels v of sum over axes of (spacing * (index - index of v))^2)
/// 0 inside; infinity everywhere if the mask is empty. Axis by axis, as in Felzenszwalb and
/// Huttenlocher, "Distance Transforms of Sampled Functions", Theory of Computing 8 (2012). Squares
/// are computed in double and kept in single precision between the axes y and z, so that a distance
/// is off by at most `kDistanceTolerance` of itself.
///
/// Memory beside the output, CPU: 19 doubles for each voxel of the longer of the axes y and z, for
/// each thread. CUDA: mask, output and
/// `distance_scratch_bytes`, on the device.
///
/// @param mask        size.x * y * z bytes, x fastest, host memory; may be empty
/// @param spacing_mm  between centres along x, y, z; above 0 and finite
/// @param out_mm      as many; must not alias the mask
/// @throws Error bad_argument (sizes, spacing), device
void distance_transform(const Device& device, std::span<const std::uint8_t> mask, const Size3& size,
                        const Vec3& spacing_mm, std::span<float> out_mm);

/// The CPU twin. Bit-identical for any number of threads.
void distance_transform_cpu(std::span<const std::uint8_t> mask, const Size3& size,
                            const Vec3& spacing_mm, std::span<float> out_mm);

/// Device memory that `distance_transform_cuda` works in: 4 bytes for each voxel.
std::size_t distance_scratch_bytes(const Size3& size);

/// Queues the work; allocates nothing, does not wait. All pointers are device memory. A voxel looks
/// outwards along y and z as far as its distance, so the time goes with the distances.
/// @throws Error device if a launch fails or this build has no CUDA
void distance_transform_cuda(const std::uint8_t* mask, const Size3& size, const Vec3& spacing_mm,
                             float* out_mm, void* scratch, const Stream& stream);

/// Relative: two roundings of a square to 24 bits, halved by the root, and one of the root.
inline constexpr double kDistanceTolerance = 1.5e-7;

}  // namespace osler::kernels
