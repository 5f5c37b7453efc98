#include "kernels/cuda_launch.cuh"
#include "kernels/patches_math.hpp"

namespace osler::kernels {
namespace {

/// One thread a value, x fastest: a warp reads and writes neighbours.
template <typename T>
__global__ void gather_kernel(GatherVoxel voxel, std::int64_t values, T* patch) {
  const std::int64_t i = this_item();
  if (i < values) store(voxel(i), patch + i);
}

/// One thread a voxel, all of its classes: no two threads add to one sum.
template <typename Score, typename Sum>
__global__ void blend_kernel(BlendVoxel voxel, std::int64_t voxels, const Score* scores,
                             Sum* sums) {
  const std::int64_t i = this_item();
  if (i < voxels) voxel(i, scores, sums);
}

template <typename T>
void launch_gather(const ImageView& image, const PatchTask& task, void* patch,
                   cudaStream_t stream) {
  const std::int64_t values = image.channels * voxel_count(task.size);
  if (values == 0) return;
  gather_kernel<<<blocks_for(values), kThreads, 0, stream>>>(GatherVoxel(image, task), values,
                                                             static_cast<T*>(patch));
  check_cuda(cudaGetLastError(), "launch of a patch's gathering");
}

template <typename Score, typename Sum>
void launch_blend(const PatchScores& scores, const BlendTask& task, const ScoreSums& sums,
                  cudaStream_t stream) {
  const BlendVoxel voxel(scores, task, sums);
  if (voxel.voxels() == 0) return;
  blend_kernel<<<blocks_for(voxel.voxels()), kThreads, 0, stream>>>(
      voxel, voxel.voxels(), static_cast<const Score*>(scores.scores),
      static_cast<Sum*>(sums.sums));
  check_cuda(cudaGetLastError(), "launch of a patch's blending");
}

template <typename Sum>
void launch_blend_onto(const PatchScores& scores, const BlendTask& task, const ScoreSums& sums,
                       cudaStream_t stream) {
  switch (scores.type) {
    case FloatType::f32:
      return launch_blend<float, Sum>(scores, task, sums, stream);
    case FloatType::f16:
      return launch_blend<Half, Sum>(scores, task, sums, stream);
    case FloatType::bf16:
      return launch_blend<BFloat16, Sum>(scores, task, sums, stream);
  }
}

}  // namespace

void gather_patch_cuda(const ImageView& image, const PatchTask& task, FloatType type, void* patch,
                       const Stream& stream) {
  const std::size_t values = static_cast<std::size_t>(image.channels * voxel_count(task.size));
  check_gather(image, task, type, values * bytes_of(type));
  switch (type) {
    case FloatType::f32:
      return launch_gather<float>(image, task, patch, native(stream));
    case FloatType::f16:
      return launch_gather<Half>(image, task, patch, native(stream));
    case FloatType::bf16:
      return launch_gather<BFloat16>(image, task, patch, native(stream));
  }
}

void blend_patch_cuda(const PatchScores& scores, const BlendTask& task, const ScoreSums& sums,
                      const Stream& stream) {
  check_blend(scores, task, sums);
  sums.type == FloatType::f32 ? launch_blend_onto<float>(scores, task, sums, native(stream))
                              : launch_blend_onto<Half>(scores, task, sums, native(stream));
}

}  // namespace osler::kernels
