#include "kernels/cuda_launch.cuh"
#include "kernels/distance.hpp"
#include "kernels/distance_math.hpp"

namespace osler::kernels {
namespace {

/// One thread a voxel, x fastest, in all three: a warp reads neighbours.
__global__ void along_x_kernel(const std::uint8_t* mask, std::int64_t nx, std::int64_t voxels,
                               float* steps) {
  const std::int64_t i = this_item();
  if (i >= voxels) return;
  const std::int64_t x = i % nx;
  float found = INFINITY;
  for (std::int64_t k = 0; k <= x || k < nx - x; ++k) {
    if ((k <= x && mask[i - k] != 0) || (k < nx - x && mask[i + k] != 0)) {
      found = static_cast<float>(k);
      break;
    }
  }
  steps[i] = found;
}

struct Axis {
  std::int64_t length;  ///< voxels along it
  std::int64_t step;    ///< from one to the next
  double spacing_mm;
};

/// Looks outwards until nothing farther along the axis can be nearer.
template <typename Value>
__device__ double nearest_mm2(std::int64_t i, const Axis& axis, Value value_mm2) {
  const std::int64_t at = i / axis.step % axis.length;
  double best = value_mm2(i);
  for (std::int64_t k = 1; k <= at || k < axis.length - at; ++k) {
    const auto steps = static_cast<double>(k);
    if (squared_mm2(0, steps, axis.spacing_mm) >= best) break;
    if (k <= at) {
      best = fmin(best, squared_mm2(value_mm2(i - k * axis.step), steps, axis.spacing_mm));
    }
    if (k < axis.length - at) {
      best = fmin(best, squared_mm2(value_mm2(i + k * axis.step), steps, axis.spacing_mm));
    }
  }
  return best;
}

__global__ void along_y_kernel(const float* steps, double spacing_x_mm, Axis axis,
                               std::int64_t voxels, float* mm2) {
  const std::int64_t i = this_item();
  if (i >= voxels) return;
  mm2[i] = static_cast<float>(
      nearest_mm2(i, axis, [=](std::int64_t j) { return squared_mm2(0, steps[j], spacing_x_mm); }));
}

__global__ void along_z_kernel(const float* mm2, Axis axis, std::int64_t voxels, float* mm) {
  const std::int64_t i = this_item();
  if (i >= voxels) return;
  mm[i] = static_cast<float>(
      sqrt(nearest_mm2(i, axis, [=](std::int64_t j) { return static_cast<double>(mm2[j]); })));
}

}  // namespace

void distance_transform_cuda(const std::uint8_t* mask, const Size3& size, const Vec3& spacing_mm,
                             float* out_mm, void* scratch, const Stream& stream) {
  const std::int64_t voxels = voxel_count(size);
  if (voxels == 0) return;
  if (voxels > std::int64_t{0x7fffffff} * kThreads) {
    throw Error(ErrorCode::bad_argument, "distance transform: more voxels than a grid has threads");
  }
  const unsigned blocks = blocks_for(voxels);
  auto* const mm2 = static_cast<float*>(scratch);
  along_x_kernel<<<blocks, kThreads, 0, native(stream)>>>(mask, size[0], voxels, out_mm);
  check_cuda(cudaGetLastError(), "distance launch: x");
  along_y_kernel<<<blocks, kThreads, 0, native(stream)>>>(
      out_mm, spacing_mm[0], {size[1], size[0], spacing_mm[1]}, voxels, mm2);
  check_cuda(cudaGetLastError(), "distance launch: y");
  along_z_kernel<<<blocks, kThreads, 0, native(stream)>>>(
      mm2, {size[2], size[0] * size[1], spacing_mm[2]}, voxels, out_mm);
  check_cuda(cudaGetLastError(), "distance launch: z");
}

}  // namespace osler::kernels
