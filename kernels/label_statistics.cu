#include <cuda_runtime.h>

#include <limits>
#include <string>

#include "core/error.hpp"
#include "kernels/label_statistics_math.hpp"

namespace osler::kernels {
namespace {

constexpr unsigned kThreads = 128;

/// As SliceSums, in types that atomic operations know.
template <typename T>
struct DeviceSums {
  using Sum = std::conditional_t<std::is_same_v<StoredSum<T>, double>, double, unsigned long long>;
  using Bound = std::conditional_t<std::is_same_v<StoredSum<T>, double>, double, int>;
  static constexpr Bound kHighest = std::numeric_limits<Bound>::max();
  static constexpr Bound kLowest = std::numeric_limits<Bound>::lowest();
  unsigned long long voxels, x, y;
  int x_min, x_max, y_min, y_max;
  unsigned long long valued;
  Sum sum, squares;  ///< negative sums wrap round and back: two's complement
  Bound min, max;
};

void check(cudaError_t result, const char* what) {
  if (result == cudaSuccess) return;
  throw Error(ErrorCode::device,
              std::string("label_statistics ") + what + ": " + cudaGetErrorString(result));
}

__device__ void lower(int* at, int value) {
  atomicMin(at, value);
}
__device__ void raise(int* at, int value) {
  atomicMax(at, value);
}
/// Compare and swap until nobody was faster.
template <typename Better>
__device__ void exchange_if(double* at, double value, Better better) {
  auto* bits = reinterpret_cast<unsigned long long*>(at);
  unsigned long long seen = *bits;
  while (better(value, __longlong_as_double(static_cast<long long>(seen)))) {
    const unsigned long long before = seen;
    seen = atomicCAS(bits, before, static_cast<unsigned long long>(__double_as_longlong(value)));
    if (seen == before) return;
  }
}
__device__ void lower(double* at, double value) {
  exchange_if(at, value, [](double a, double b) { return a < b; });
}
__device__ void raise(double* at, double value) {
  exchange_if(at, value, [](double a, double b) { return a > b; });
}

template <typename T>
__global__ void clear(DeviceSums<T>* sums, std::int64_t count) {
  const std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i >= count) return;
  sums[i] = {0,
             0,
             0,
             INT32_MAX,
             -1,
             INT32_MAX,
             -1,
             0,
             0,
             0,
             DeviceSums<T>::kHighest,
             DeviceSums<T>::kLowest};
}

/// One thread a line, run by run: an atomic operation a run, not a voxel.
template <typename T>
__global__ void take_lines(const std::uint8_t* labels, const T* voxels, PaddingRange<T> padding,
                           std::int64_t nx, std::int64_t ny, std::int64_t lines, int max_label,
                           DeviceSums<T>* sums) {
  const std::int64_t line = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (line >= lines) return;
  const int y = static_cast<int>(line % ny);
  DeviceSums<T>* slice = sums + line / ny * (max_label + 1);
  const std::uint8_t* own = labels + line * nx;
  const T* stored = voxels == nullptr ? nullptr : voxels + line * nx;
  for (std::int64_t x = 0; x < nx;) {
    const std::uint8_t label = own[x];
    std::int64_t end = x + 1;
    while (end < nx && own[end] == label) ++end;
    if (label != 0 && label <= max_label) {
      DeviceSums<T>& s = slice[label];
      atomicAdd(&s.voxels, static_cast<unsigned long long>(end - x));
      atomicAdd(&s.x, static_cast<unsigned long long>((end - x) * (x + end - 1) / 2));
      atomicAdd(&s.y, static_cast<unsigned long long>((end - x) * y));
      atomicMin(&s.x_min, static_cast<int>(x));
      atomicMax(&s.x_max, static_cast<int>(end - 1));
      atomicMin(&s.y_min, y);
      atomicMax(&s.y_max, y);
      if (stored != nullptr) {
        using Sum = typename DeviceSums<T>::Sum;
        using Bound = typename DeviceSums<T>::Bound;
        unsigned long long valued = 0;
        StoredSum<T> sum = 0, squares = 0;
        Bound low = DeviceSums<T>::kHighest, high = DeviceSums<T>::kLowest;
        for (std::int64_t i = x; i < end; ++i) {
          if (padding.holds(stored[i])) continue;
          const auto value = static_cast<StoredSum<T>>(stored[i]);
          const auto bound = static_cast<Bound>(stored[i]);
          ++valued;
          sum += value;
          squares += value * value;
          low = bound < low ? bound : low;
          high = bound > high ? bound : high;
        }
        if (valued > 0) {
          atomicAdd(&s.valued, valued);
          atomicAdd(&s.sum, static_cast<Sum>(sum));
          atomicAdd(&s.squares, static_cast<Sum>(squares));
          lower(&s.min, low);
          raise(&s.max, high);
        }
      }
    }
    x = end;
  }
}

template <typename T>
SliceSums<T> on_host(const DeviceSums<T>& d) {
  SliceSums<T> s;
  s.voxels = static_cast<long long>(d.voxels);
  s.x = static_cast<long long>(d.x);
  s.y = static_cast<long long>(d.y);
  s.x_min = d.x_min;
  s.x_max = d.x_max;
  s.y_min = d.y_min;
  s.y_max = d.y_max;
  s.valued = static_cast<long long>(d.valued);
  s.sum = static_cast<StoredSum<T>>(d.sum);
  s.squares = static_cast<StoredSum<T>>(d.squares);
  if (d.valued > 0) {
    s.min = static_cast<T>(d.min);
    s.max = static_cast<T>(d.max);
  }
  return s;
}

std::span<const std::byte> bytes(const void* data, std::size_t size) {
  return {static_cast<const std::byte*>(data), size};
}

unsigned blocks_for(std::int64_t count) {
  return static_cast<unsigned>((count + kThreads - 1) / kThreads);
}

}  // namespace

template <typename T>
std::vector<SliceSums<T>> label_sums_on_device(const Device& device,
                                               std::span<const std::uint8_t> labels,
                                               const LabelStatisticsTask& task) {
  const std::int64_t count = task.size[2] * (task.max_label + 1);
  const std::int64_t lines = task.size[1] * task.size[2];
  std::vector<SliceSums<T>> out(static_cast<std::size_t>(count));
  if (labels.empty()) return out;
  const Stream stream(device);
  const auto native = static_cast<cudaStream_t>(stream.native());
  const std::size_t value_bytes = task.intensities == nullptr ? 0 : labels.size() * sizeof(T);
  const DeviceBuffer held(labels.size(), stream), values(value_bytes, stream);
  const DeviceBuffer sums(static_cast<std::size_t>(count) * sizeof(DeviceSums<T>), stream);
  copy_to_device(std::as_bytes(labels), held, stream);
  SourceView view;
  if (task.intensities != nullptr) {
    view = *task.intensities;
    copy_to_device(bytes(view.voxels, value_bytes), values, stream);
  }
  auto* on_device = static_cast<DeviceSums<T>*>(sums.data());
  clear<T><<<blocks_for(count), kThreads, 0, native>>>(on_device, count);
  check(cudaGetLastError(), "launch of clear");
  take_lines<T><<<blocks_for(lines), kThreads, 0, native>>>(
      static_cast<const std::uint8_t*>(held.data()), static_cast<const T*>(values.data()),
      padding_range<T>(view), task.size[0], task.size[1], lines, task.max_label, on_device);
  check(cudaGetLastError(), "launch of take_lines");
  std::vector<DeviceSums<T>> back(out.size());
  copy_to_host(sums, std::as_writable_bytes(std::span(back)), stream);
  stream.synchronize();
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = on_host<T>(back[i]);
  return out;
}

template std::vector<SliceSums<std::uint8_t>> label_sums_on_device(const Device&,
                                                                   std::span<const std::uint8_t>,
                                                                   const LabelStatisticsTask&);
template std::vector<SliceSums<std::int8_t>> label_sums_on_device(const Device&,
                                                                  std::span<const std::uint8_t>,
                                                                  const LabelStatisticsTask&);
template std::vector<SliceSums<std::uint16_t>> label_sums_on_device(const Device&,
                                                                    std::span<const std::uint8_t>,
                                                                    const LabelStatisticsTask&);
template std::vector<SliceSums<std::int16_t>> label_sums_on_device(const Device&,
                                                                   std::span<const std::uint8_t>,
                                                                   const LabelStatisticsTask&);
template std::vector<SliceSums<std::uint32_t>> label_sums_on_device(const Device&,
                                                                    std::span<const std::uint8_t>,
                                                                    const LabelStatisticsTask&);
template std::vector<SliceSums<std::int32_t>> label_sums_on_device(const Device&,
                                                                   std::span<const std::uint8_t>,
                                                                   const LabelStatisticsTask&);
template std::vector<SliceSums<float>> label_sums_on_device(const Device&,
                                                            std::span<const std::uint8_t>,
                                                            const LabelStatisticsTask&);

}  // namespace osler::kernels
