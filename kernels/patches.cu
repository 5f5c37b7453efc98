#include "kernels/patches_math.hpp"
#include "kernels/queue.cuh"

namespace osler::kernels {
namespace {

/// One thread a value, x fastest: a warp reads and writes neighbours.
template <typename T>
struct Gather {
  GatherVoxel voxel;
  T* patch;

  OSLER_DEVICE void operator()(std::int64_t i) const { store(voxel(i), patch + i); }
};

/// One thread a voxel, all of its classes: no two threads add to one sum.
template <typename Score, typename Sum>
struct Blend {
  BlendVoxel voxel;
  const Score* scores;
  Sum* sums;

  OSLER_DEVICE void operator()(std::int64_t i) const { voxel(i, scores, sums); }
};

template <typename T>
void gather(const ImageView& image, const PatchTask& task, void* patch, const Queue& queue) {
  const std::int64_t values = image.channels * voxel_count(task.size);
  if (values == 0) return;
  queue.each("values", values, Gather<T>{GatherVoxel(image, task), static_cast<T*>(patch)});
}

template <typename Score, typename Sum>
void blend(const PatchScores& scores, const BlendTask& task, const ScoreSums& sums,
           const Queue& queue) {
  const BlendVoxel voxel(scores, task, sums);
  queue.each("voxels", voxel.voxels(),
             Blend<Score, Sum>{voxel, static_cast<const Score*>(scores.scores),
                               static_cast<Sum*>(sums.sums)});
}

template <typename Sum>
void blend_onto(const PatchScores& scores, const BlendTask& task, const ScoreSums& sums,
                const Queue& queue) {
  switch (scores.type) {
    case FloatType::f32:
      return blend<float, Sum>(scores, task, sums, queue);
    case FloatType::f16:
      return blend<Half, Sum>(scores, task, sums, queue);
    case FloatType::bf16:
      return blend<BFloat16, Sum>(scores, task, sums, queue);
  }
}

}  // namespace

void gather_patch_cuda(const ImageView& image, const PatchTask& task, FloatType type, void* patch,
                       const Stream& stream) {
  const std::size_t values = static_cast<std::size_t>(image.channels * voxel_count(task.size));
  check_gather(image, task, type, values * bytes_of(type));
  const Queue queue("gather patch", stream);
  switch (type) {
    case FloatType::f32:
      return gather<float>(image, task, patch, queue);
    case FloatType::f16:
      return gather<Half>(image, task, patch, queue);
    case FloatType::bf16:
      return gather<BFloat16>(image, task, patch, queue);
  }
}

void blend_patch_cuda(const PatchScores& scores, const BlendTask& task, const ScoreSums& sums,
                      const Stream& stream) {
  check_blend(scores, task, sums);
  const Queue queue("blend patch", stream);
  sums.type == FloatType::f32 ? blend_onto<float>(scores, task, sums, queue)
                              : blend_onto<Half>(scores, task, sums, queue);
}

}  // namespace osler::kernels
