#pragma once
// Connected components of a mask or of a label map in three dimensions.

#include <cstdint>
#include <span>
#include <vector>

#include "core/affine.hpp"
#include "core/scalar.hpp"
#include "device/device.hpp"

namespace osler::kernels {

/// Neighbours of a voxel: those that share a face (6), also an edge (18), also a corner (26).
enum class Connectivity { faces = 6, edges = 18, corners = 26 };

/// Neighbours that belong together: any two that are not 0, or only two of one label that is not 0.
enum class Joins { foreground, equal_labels };

/// A mask or a label map. Host or device memory, as the function says.
struct LabelView {
  const void* voxels = nullptr;      ///< size.x * y * z of them, x fastest; 0 is the background
  ScalarType type = ScalarType::u8;  ///< u8 or u16
  Size3 size{0, 0, 0};               ///< may be empty; at most 2^32 - 2 voxels
};

struct ComponentTask {
  Joins joins = Joins::foreground;
  Connectivity connectivity = Connectivity::corners;
};

/// Writes for each voxel the number of its component, 0 for the background. Components are numbered
/// 1, 2, ... in the order of their first voxel in memory, so the answer is one for every backend
/// and number of threads.
///
/// Memory beside the output, CPU: 12 bytes for each run (a stretch of one component along x), 4 for
/// each row, 8 for each component. A CT mask has one run for 50 to 100 voxels; at the worst a mask
/// has one for 2 voxels (6 bytes a voxel) and a label map one for each (12 bytes a voxel).
/// CUDA: the output and `components_scratch_bytes`, on the device.
///
/// @param labels   host memory
/// @param numbers  one for each voxel, host memory; must not alias the labels
/// @return voxels of each component; that of number n is at [n - 1]
/// @throws Error bad_argument (another type, a negative or too large size, another length), device
std::vector<std::int64_t> components(const Device& device, const LabelView& labels,
                                     const ComponentTask& task, std::span<std::uint32_t> numbers);

/// The CPU twin.
std::vector<std::int64_t> components_cpu(const LabelView& labels, const ComponentTask& task,
                                         std::span<std::uint32_t> numbers);

/// Device memory that `components_cuda` works in, for any task: 4 bytes for each voxel and some KB.
/// @throws Error device if this build has no CUDA
std::size_t components_scratch_bytes(const Size3& size);

/// Where `components_cuda` writes; device memory.
struct ComponentsOnDevice {
  std::uint32_t* numbers = nullptr;  ///< one for each voxel
  std::uint32_t* count = nullptr;    ///< one number: how many components
};

/// Queues the work; allocates nothing, does not wait. All pointers are device memory.
/// @param scratch  `components_scratch_bytes` of the size, aligned to 256 bytes
/// @throws Error bad_argument (type or size), device if the launch fails or this build has no CUDA
void components_cuda(const LabelView& labels, const ComponentTask& task,
                     const ComponentsOnDevice& out, void* scratch, const Stream& stream);

/// Queues the counting of the voxels of each component. All pointers are device memory.
/// @param numbers  of `voxels` voxels, as `components_cuda` writes them
/// @param sizes    one for each of `count` components
void component_sizes_cuda(const std::uint32_t* numbers, std::int64_t voxels, std::uint32_t* sizes,
                          std::int64_t count, const Stream& stream);

}  // namespace osler::kernels
