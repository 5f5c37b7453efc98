#include "kernels/component_filters.hpp"
#include "kernels/cuda_launch.cuh"

namespace osler::kernels {
namespace {

/// Size above, and below it what is the larger the earlier the component comes.
__device__ unsigned long long rank_of(std::uint32_t size, std::uint32_t number) {
  return static_cast<unsigned long long>(size) << 32 | (0xffffffffU - number);
}

template <typename T>
__global__ void best_kernel(const T* labels, const std::uint32_t* numbers,
                            const std::uint32_t* sizes, unsigned long long* best,
                            std::int64_t count) {
  const std::int64_t i = this_item();
  if (i >= count || numbers[i] == 0) return;
  // What is no longer lower needs no atomic: most voxels of a component end here.
  const unsigned long long mine = rank_of(sizes[numbers[i] - 1], numbers[i]);
  const volatile unsigned long long* now = best + labels[i];
  if (*now < mine) atomicMax(best + labels[i], mine);
}

template <typename T>
__global__ void keep_best_kernel(T* labels, const std::uint32_t* numbers,
                                 const std::uint32_t* sizes, const unsigned long long* best,
                                 std::int64_t count) {
  const std::int64_t i = this_item();
  if (i >= count || numbers[i] == 0) return;
  if (best[labels[i]] != rank_of(sizes[numbers[i] - 1], numbers[i])) labels[i] = 0;
}

template <typename T>
__global__ void remove_small_kernel(T* labels, const std::uint32_t* numbers,
                                    const std::uint32_t* sizes, std::int64_t least,
                                    std::int64_t count) {
  const std::int64_t i = this_item();
  if (i < count && numbers[i] != 0 && sizes[numbers[i] - 1] < least) labels[i] = 0;
}

template <typename T>
__global__ void mark_kernel(const T* labels, std::uint16_t label, std::uint8_t* others,
                            std::int64_t count) {
  const std::int64_t i = this_item();
  if (i < count) others[i] = labels[i] != label ? 1 : 0;
}

/// Several threads may write the same 1.
__global__ void border_kernel(const std::uint32_t* numbers, std::int64_t nx, std::int64_t ny,
                              std::int64_t nz, std::uint8_t* at_border) {
  const std::int64_t i = this_item();
  if (i >= nx * ny * nz || numbers[i] == 0) return;
  const std::int64_t x = i % nx, y = (i / nx) % ny, z = i / (nx * ny);
  if (x == 0 || y == 0 || z == 0 || x == nx - 1 || y == ny - 1 || z == nz - 1) {
    at_border[numbers[i] - 1] = 1;
  }
}

template <typename T>
__global__ void fill_kernel(T* labels, std::uint16_t label, const std::uint32_t* numbers,
                            const std::uint8_t* at_border, std::int64_t count) {
  const std::int64_t i = this_item();
  if (i >= count || numbers[i] == 0 || labels[i] != 0) return;
  if (at_border[numbers[i] - 1] == 0) labels[i] = static_cast<T>(label);
}

template <typename F>
void with_labels(const LabelMap& map, F&& f) {
  if (map.type == ScalarType::u8) return f(static_cast<std::uint8_t*>(map.voxels));
  f(static_cast<std::uint16_t*>(map.voxels));
}

}  // namespace

void keep_largest_cuda(const LabelMap& map, const std::uint32_t* numbers,
                       const std::uint32_t* sizes, std::uint64_t* best, const Stream& stream) {
  const std::int64_t count = voxel_count(map.size);
  if (count == 0) return;
  auto* const ranks = reinterpret_cast<unsigned long long*>(best);
  check_cuda(cudaMemsetAsync(best, 0, 65536 * sizeof(std::uint64_t), native(stream)),
             "clear ranks");
  with_labels(map, [&](auto* labels) {
    best_kernel<<<blocks_for(count), kThreads, 0, native(stream)>>>(labels, numbers, sizes, ranks,
                                                                    count);
    check_cuda(cudaGetLastError(), "keep largest launch: rank");
    keep_best_kernel<<<blocks_for(count), kThreads, 0, native(stream)>>>(labels, numbers, sizes,
                                                                         ranks, count);
    check_cuda(cudaGetLastError(), "keep largest launch");
  });
}

void remove_small_cuda(const LabelMap& map, const std::uint32_t* numbers,
                       const std::uint32_t* sizes, std::int64_t least, const Stream& stream) {
  const std::int64_t count = voxel_count(map.size);
  if (count == 0) return;
  with_labels(map, [&](auto* labels) {
    remove_small_kernel<<<blocks_for(count), kThreads, 0, native(stream)>>>(labels, numbers, sizes,
                                                                            least, count);
  });
  check_cuda(cudaGetLastError(), "remove small launch");
}

void mark_others_cuda(const LabelMap& map, std::uint16_t label, std::uint8_t* others,
                      const Stream& stream) {
  const std::int64_t count = voxel_count(map.size);
  if (count == 0) return;
  with_labels(map, [&](auto* labels) {
    mark_kernel<<<blocks_for(count), kThreads, 0, native(stream)>>>(labels, label, others, count);
  });
  check_cuda(cudaGetLastError(), "mark others launch");
}

void fill_holes_cuda(const LabelMap& map, std::uint16_t label, const ComponentsFound& found,
                     std::uint8_t* at_border, const Stream& stream) {
  const std::int64_t count = voxel_count(map.size);
  if (count == 0 || found.count == 0) return;
  check_cuda(cudaMemsetAsync(at_border, 0, static_cast<std::size_t>(found.count), native(stream)),
             "clear border marks");
  border_kernel<<<blocks_for(count), kThreads, 0, native(stream)>>>(
      found.numbers, map.size[0], map.size[1], map.size[2], at_border);
  check_cuda(cudaGetLastError(), "fill holes launch: border");
  with_labels(map, [&](auto* labels) {
    fill_kernel<<<blocks_for(count), kThreads, 0, native(stream)>>>(labels, label, found.numbers,
                                                                    at_border, count);
  });
  check_cuda(cudaGetLastError(), "fill holes launch");
}

}  // namespace osler::kernels
