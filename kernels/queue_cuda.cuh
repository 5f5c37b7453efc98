#pragma once
// The queue of kernels/queue.cuh on a CUDA stream.

#include <cuda_runtime.h>

#include <cstdint>
#include <cub/device/device_radix_sort.cuh>
#include <cub/device/device_reduce.cuh>
#include <cub/device/device_scan.cuh>
#include <cuda/std/functional>
#include <string>

#include "core/error.hpp"
#include "device/device.hpp"

namespace osler::kernels {

inline constexpr unsigned kThreads = 256;
inline constexpr unsigned kAllLanes = 0xffffffff;

/// The index of this thread's item.
__device__ inline std::int64_t this_item() {
  return static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
}

template <typename F>
__global__ void each_kernel(std::int64_t count, const __grid_constant__ F f) {
  const std::int64_t i = this_item();
  if (i < count) f(i);
}

template <typename F>
__global__ void voting_kernel(std::int64_t count, const __grid_constant__ F f) {
  const std::int64_t i = this_item();
  const unsigned votes = __ballot_sync(kAllLanes, i < count && f.vote(i));
  if (i < count) f(i, static_cast<int>(threadIdx.x % 32), votes);
}

template <typename F>
__global__ void alike_kernel(std::int64_t count, const __grid_constant__ F f) {
  const std::int64_t i = this_item();
  const std::uint32_t key = i < count ? f.key(i) : 0;
  const unsigned alike = __match_any_sync(kAllLanes, key);
  const bool first = threadIdx.x % 32 == static_cast<unsigned>(__ffs(static_cast<int>(alike)) - 1);
  if (key != 0 && first) f(key, static_cast<std::uint32_t>(__popc(alike)));
}

/// The part of the lane whose number differs by these bits.
template <typename Part>
__device__ Part part_across(const Part& own, int bits) {
  static_assert(sizeof(Part) % sizeof(unsigned) == 0);
  unsigned words[sizeof(Part) / sizeof(unsigned)];
  memcpy(words, &own, sizeof own);
  for (unsigned& word : words) word = __shfl_xor_sync(kAllLanes, word, bits);
  Part other;
  memcpy(&other, words, sizeof other);
  return other;
}

/// Each key that the warp holds is handed over once. All lanes come here together.
template <typename F>
__device__ void hand_over(const F& f, std::int64_t line, std::uint32_t key,
                          const typename F::Part& part) {
  const int lane = static_cast<int>(threadIdx.x % 32);
  unsigned left = __ballot_sync(kAllLanes, key != 0);
  while (left != 0) {
    const int first = __ffs(static_cast<int>(left)) - 1;
    const std::uint32_t one = __shfl_sync(kAllLanes, key, first);
    typename F::Part all{};
    if (key == one) all = part;
    for (int bits = 16; bits > 0; bits /= 2) all.join(part_across(all, bits));
    if (lane == first) f(line, one, all);
    left &= ~__ballot_sync(kAllLanes, key == one);
  }
}

inline constexpr std::int64_t kJoinedWidth = 256;  // of a line, that one warp takes

template <typename F>
__global__ void joined_kernel(std::int64_t lines, std::int64_t width, const __grid_constant__ F f) {
  const std::int64_t per_line = (width + kJoinedWidth - 1) / kJoinedWidth, warp = this_item() / 32;
  const std::int64_t line = warp / per_line;
  if (line >= lines) return;  // all of the warp
  const std::int64_t begin = warp % per_line * kJoinedWidth;
  const std::int64_t end = begin + kJoinedWidth < width ? begin + kJoinedWidth : width;
  std::uint32_t held = 0;
  typename F::Part part{};
  for (std::int64_t first = begin; first < end; first += 32) {
    const std::int64_t x = first + threadIdx.x % 32;
    typename F::Part next{};
    const std::uint32_t key = x < end ? f.take(line, x, next) : 0;
    if (__any_sync(kAllLanes, key != 0 && held != 0 && key != held)) {
      hand_over(f, line, held, part);
      held = 0;
      part = {};
    }
    if (key == 0) continue;
    held = key;
    part.join(next);
  }
  hand_over(f, line, held, part);
}

/// `threads` threads of one block, which work in steps: none begins a step before all have ended
/// the one before. What stands between steps all threads do alike.
template <int threads>
struct Group {
  /// What each thread has of its own from step to step.
  template <typename T>
  class Own {
   public:
    __device__ T& of(int) { return value_; }

   private:
    T value_{};
  };

  template <typename F>
  __device__ void each(const F& f) const {
    f(static_cast<int>(threadIdx.x % threads));
    if constexpr (threads == 32) {
      __syncwarp();
    } else {
      __syncthreads();
    }
  }

  /// @return bit n is what f(n) gave
  template <typename F>
  __device__ unsigned vote(const F& f) const {
    static_assert(threads == 32);
    return __ballot_sync(kAllLanes, f(static_cast<int>(threadIdx.x % threads)));
  }
};

template <typename F>
__global__ void __launch_bounds__(F::kThreads) group_kernel(const __grid_constant__ F f) {
  __shared__ typename F::Shared shared;
  f(Group<F::kThreads>{}, static_cast<std::int64_t>(blockIdx.x), shared);
}

template <typename F>
__global__ void warp_kernel(std::int64_t count, const __grid_constant__ F f) {
  const std::int64_t n = this_item() / 32;
  if (n < count) f(Group<32>{}, n);
}

struct Scratch {
  void* at = nullptr;
  std::size_t bytes = 0;
};

class Queue {
 public:
  Queue(const char* operation, const Stream& stream)
      : operation_(operation), stream_(static_cast<cudaStream_t>(stream.native())) {
    check(cudaSetDevice(stream.device_index()), operation, "select device");  // this thread's
  }

  template <unsigned threads = kThreads, typename F>
  void each(const char* what, std::int64_t count, const F& f) const {
    if (count == 0) return;
    each_kernel<<<blocks(what, count, threads), threads, 0, stream_>>>(count, f);
    check(cudaGetLastError(), operation_, what);
  }
  template <typename F>
  void each_voting(const char* what, std::int64_t count, const F& f) const {
    if (count == 0) return;
    voting_kernel<<<blocks(what, count, kThreads), kThreads, 0, stream_>>>(count, f);
    check(cudaGetLastError(), operation_, what);
  }
  template <typename F>
  void each_alike(const char* what, std::int64_t count, const F& f) const {
    if (count == 0) return;
    alike_kernel<<<blocks(what, count, kThreads), kThreads, 0, stream_>>>(count, f);
    check(cudaGetLastError(), operation_, what);
  }
  template <typename F>
  void each_joined(const char* what, std::int64_t lines, std::int64_t width, const F& f) const {
    if (lines == 0 || width == 0) return;
    const std::int64_t warps = lines * ((width + kJoinedWidth - 1) / kJoinedWidth);
    joined_kernel<<<blocks(what, warps * 32, kThreads), kThreads, 0, stream_>>>(lines, width, f);
    check(cudaGetLastError(), operation_, what);
  }
  template <typename F>
  void groups(const char* what, std::int64_t count, const F& f) const {
    if (count == 0) return;
    group_kernel<<<blocks(what, count, 1), F::kThreads, 0, stream_>>>(f);
    check(cudaGetLastError(), operation_, what);
  }

  template <typename F>
  void warps(const char* what, std::int64_t count, const F& f) const {
    if (count == 0) return;
    warp_kernel<<<blocks(what, count * 32, kThreads), kThreads, 0, stream_>>>(count, f);
    check(cudaGetLastError(), operation_, what);
  }

  template <typename In, typename T>
  static std::size_t inclusive_sum_bytes(In in, T* out, std::int64_t count) {
    std::size_t bytes = 0;
    check(cub::DeviceScan::InclusiveSum(nullptr, bytes, in, out, count), "CCCL",
          "size of the scan");
    return bytes;
  }
  template <typename In, typename T>
  void inclusive_sum(In in, T* out, std::int64_t count, Scratch scratch) const {
    check(cub::DeviceScan::InclusiveSum(scratch.at, scratch.bytes, in, out, count, stream_),
          operation_, "scan");
  }

  template <typename T>
  static std::size_t sort_bytes(const T* in, T* out, std::int64_t count) {
    std::size_t bytes = 0;
    check(cub::DeviceRadixSort::SortKeys(nullptr, bytes, in, out, count), "CCCL",
          "size of the sort");
    return bytes;
  }
  template <typename T>
  void sort(const T* in, T* out, std::int64_t count, Scratch scratch) const {
    check(cub::DeviceRadixSort::SortKeys(scratch.at, scratch.bytes, in, out, count, 0,
                                         static_cast<int>(8 * sizeof(T)), stream_),
          operation_, "sort");
  }

  template <typename In, typename T>
  static std::size_t sum_bytes(In in, T* out, std::int64_t count) {
    std::size_t bytes = 0;
    check(cub::DeviceReduce::Reduce(nullptr, bytes, in, out, count, cuda::std::plus<T>{}, T{}),
          "CCCL", "size of the sum");
    return bytes;
  }
  template <typename In, typename T>
  void sum(In in, T* out, std::int64_t count, Scratch scratch) const {
    check(cub::DeviceReduce::Reduce(scratch.at, scratch.bytes, in, out, count, cuda::std::plus<T>{},
                                    T{}, stream_),
          operation_, "sum");
  }

  void clear(void* at, std::size_t bytes) const {
    check(cudaMemsetAsync(at, 0, bytes, stream_), operation_, "clearing of memory");
  }
  /// Between places on the device.
  void copy(void* to, const void* from, std::size_t bytes) const {
    check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToDevice, stream_), operation_, "copy");
  }
  /// From the host, which must leave `from` as it is until the stream is synchronised.
  void copy_in(void* to, const void* from, std::size_t bytes) const {
    check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyHostToDevice, stream_), operation_,
          "copy from the host");
  }

 private:
  static void check(cudaError_t result, const char* operation, const char* what) {
    if (result == cudaSuccess) return;
    cudaGetLastError();  // LibTorch would take it for one of its own
    throw Error(ErrorCode::device,
                std::string(operation) + ", " + what + ": " + cudaGetErrorString(result));
  }

  unsigned blocks(const char* what, std::int64_t count, unsigned threads) const {
    const std::int64_t wanted = (count + threads - 1) / threads;
    if (wanted <= 0x7fffffff) return static_cast<unsigned>(wanted);
    throw Error(ErrorCode::bad_argument,
                std::string(operation_) + ", " + what + ": more work than a grid has blocks");
  }

  const char* operation_;
  cudaStream_t stream_;
};

}  // namespace osler::kernels
