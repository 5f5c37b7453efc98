#include <cuda_runtime.h>

#include <algorithm>
#include <cub/device/device_radix_sort.cuh>
#include <cub/device/device_reduce.cuh>
#include <string>

#include "core/error.hpp"
#include "core/scalar.hpp"
#include "kernels/resample_math.hpp"
#include "kernels/statistics.hpp"
#include "kernels/statistics_math.hpp"

// Keys of all voxels are sorted; what does not count sorts last. Percentiles are then read off, and
// sums run over the sorted keys.

namespace osler::kernels {
namespace {

constexpr unsigned kThreads = 256;
constexpr std::size_t kAlign = 256;
constexpr std::uint32_t kNotCounted = 0xFFFFFFFFU;  // no number's key: a NaN would have it

void check(cudaError_t status, const char* what) {
  if (status != cudaSuccess) {
    throw Error(ErrorCode::device,
                std::string("statistics ") + what + ": " + cudaGetErrorString(status));
  }
}

std::size_t aligned(std::size_t bytes) {
  return (bytes + kAlign - 1) / kAlign * kAlign;
}

struct Sum {
  __device__ double operator()(double a, double b) const { return a + b; }
};

struct Value {
  __device__ double operator()(std::uint32_t key) const {
    return key == kNotCounted ? 0 : static_cast<double>(value_of(key));
  }
};

struct SquaredDeviation {
  const Statistics* of;
  __device__ double operator()(std::uint32_t key) const {
    if (key == kNotCounted) return 0;
    const double d = value_of(key) - of->mean;
    return d * d;
  }
};

struct Percents {
  double percent[kMostPercentiles];
  int number;
};

template <typename T>
__global__ void make_keys(Voxels<T> s, const std::uint8_t* mask, Accepted accept,
                          std::int64_t in_slice, std::int64_t count, std::uint32_t* keys) {
  const std::int64_t n = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (n >= count) return;
  const std::int64_t z = n / in_slice;
  const T stored = s.stored[n];
  const bool padding = s.padding.holds(stored);
  const float v = padding ? s.padding_value : rescaled(stored, s.slope[z], s.intercept[z]);
  const bool counts =
      !(padding && s.masked) && (mask == nullptr || mask[n] != 0) && accept.holds(v);
  keys[n] = counts ? key_of(v) : kNotCounted;
}

/// One thread. Counts the keys that count, and takes the extremes.
__global__ void count_keys(const std::uint32_t* sorted, std::int64_t all, Statistics* out) {
  std::int64_t low = 0, high = all;  // the first kNotCounted lies in low..high
  while (low < high) {
    const std::int64_t middle = low + (high - low) / 2;
    if (sorted[middle] == kNotCounted) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  const double none = nan("");
  out->count = low;
  out->mean = out->sd = none;
  out->min = low > 0 ? static_cast<double>(value_of(sorted[0])) : none;
  out->max = low > 0 ? static_cast<double>(value_of(sorted[low - 1])) : none;
}

/// One thread.
__global__ void divide_sum(const double* sum, Statistics* out) {
  if (out->count > 0) out->mean = *sum / static_cast<double>(out->count);
}

/// One thread.
__global__ void finish(const std::uint32_t* sorted, const double* squares, Percents percents,
                       Statistics* out) {
  const std::int64_t count = out->count;
  if (count > 0) out->sd = sqrt(*squares / static_cast<double>(count));
  double* to = reinterpret_cast<double*>(&out->percentiles);
  for (int i = 0; i < static_cast<int>(kMostPercentiles); ++i) {
    to[i] = nan("");
    if (i >= percents.number || count == 0) continue;
    const Position at = position_of(percents.percent[i], count);
    to[i] = between(value_of(sorted[at.below]), value_of(sorted[at.above]), at.fraction);
  }
}

/// Where things lie in the scratch memory.
struct Layout {
  std::uint32_t* keys;
  std::uint32_t* sorted;
  double* sum;
  double* squares;
  void* cub;
  std::size_t cub_bytes;
  std::size_t bytes;
};

Layout layout(std::int64_t count, void* scratch) {
  std::size_t sort_bytes = 0, sum_bytes = 0;
  const std::uint32_t* in = nullptr;
  std::uint32_t* out = nullptr;
  double* total = nullptr;
  check(cub::DeviceRadixSort::SortKeys(nullptr, sort_bytes, in, out, count), "size of the sort");
  std::size_t squares_bytes = 0;
  check(
      cub::DeviceReduce::TransformReduce(nullptr, sum_bytes, in, total, count, Sum{}, Value{}, 0.0),
      "size of the sum");
  check(cub::DeviceReduce::TransformReduce(nullptr, squares_bytes, in, total, count, Sum{},
                                           SquaredDeviation{nullptr}, 0.0),
        "size of the sum of squares");
  const std::size_t keys = aligned(static_cast<std::size_t>(count) * sizeof(std::uint32_t));
  auto* at = static_cast<std::byte*>(scratch);
  Layout l{};
  l.cub_bytes = std::max({sort_bytes, sum_bytes, squares_bytes});
  l.bytes = 2 * keys + kAlign + aligned(l.cub_bytes);
  if (scratch == nullptr) return l;
  l.keys = reinterpret_cast<std::uint32_t*>(at);
  l.sorted = reinterpret_cast<std::uint32_t*>(at + keys);
  l.sum = reinterpret_cast<double*>(at + 2 * keys);
  l.squares = l.sum + 1;
  l.cub = at + 2 * keys + kAlign;
  return l;
}

}  // namespace

std::size_t statistics_scratch_bytes(const SourceView& source, const StatisticsTask&) {
  return layout(voxel_count(source.size), nullptr).bytes;
}

void statistics_cuda(const SourceView& source, const StatisticsTask& task, Statistics* out,
                     void* scratch, const Stream& stream) {
  const std::int64_t count = voxel_count(source.size);
  Layout l = layout(count, scratch);
  const auto queue = static_cast<cudaStream_t>(stream.native());
  if (count > 0) {
    const auto blocks = static_cast<unsigned>((count + kThreads - 1) / kThreads);
    with_scalar(source.type, [&](auto scalar) {
      make_keys<<<blocks, kThreads, 0, queue>>>(voxels_of<decltype(scalar)>(source), task.mask,
                                                accepted(task), source.size[0] * source.size[1],
                                                count, l.keys);
    });
    check(cudaGetLastError(), "keys launch");
  }
  check(cub::DeviceRadixSort::SortKeys(l.cub, l.cub_bytes, l.keys, l.sorted, count, 0, 32, queue),
        "sort");
  count_keys<<<1, 1, 0, queue>>>(l.sorted, count, out);
  check(cudaGetLastError(), "count launch");
  check(cub::DeviceReduce::TransformReduce(l.cub, l.cub_bytes, l.sorted, l.sum, count, Sum{},
                                           Value{}, 0.0, queue),
        "sum");
  divide_sum<<<1, 1, 0, queue>>>(l.sum, out);
  check(cudaGetLastError(), "mean launch");
  check(cub::DeviceReduce::TransformReduce(l.cub, l.cub_bytes, l.sorted, l.squares, count, Sum{},
                                           SquaredDeviation{out}, 0.0, queue),
        "sum of squares");
  Percents percents{};
  percents.number = static_cast<int>(task.percentiles.size());
  std::copy(task.percentiles.begin(), task.percentiles.end(), percents.percent);
  finish<<<1, 1, 0, queue>>>(l.sorted, l.squares, percents, out);
  check(cudaGetLastError(), "percentiles launch");
}

}  // namespace osler::kernels
