#include <limits>

#include "kernels/label_statistics_math.hpp"
#include "kernels/queue.cuh"

namespace osler::kernels {
namespace {

constexpr unsigned kThreadsOfLines = 128;

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

template <typename T>
struct Clear {
  DeviceSums<T>* sums;

  OSLER_DEVICE void operator()(std::int64_t i) const {
    DeviceSums<T> none{};
    none.x_min = none.y_min = INT32_MAX;
    none.x_max = none.y_max = -1;
    none.min = DeviceSums<T>::kHighest;
    none.max = DeviceSums<T>::kLowest;
    sums[i] = none;
  }
};

/// Takes a line, run by run: an atomic operation a run, not a voxel.
template <typename T>
struct TakeLine {
  const std::uint8_t* labels;
  const T* voxels;
  PaddingRange<T> padding;
  std::int64_t nx, ny;
  int max_label;
  DeviceSums<T>* sums;

  OSLER_DEVICE void operator()(std::int64_t line) const {
    DeviceSums<T>* slice = sums + line / ny * (max_label + 1);
    const std::uint8_t* own = labels + line * nx;
    for (std::int64_t x = 0; x < nx;) {
      const std::uint8_t label = own[x];
      std::int64_t end = x + 1;
      while (end < nx && own[end] == label) ++end;
      if (label != 0 && label <= max_label) {
        take_run(x, end, static_cast<int>(line % ny), slice[label]);
        if (voxels != nullptr) take_values(voxels + line * nx, x, end, slice[label]);
      }
      x = end;
    }
  }

  OSLER_DEVICE static void take_run(std::int64_t x, std::int64_t end, int y, DeviceSums<T>& s) {
    add(&s.voxels, static_cast<unsigned long long>(end - x));
    add(&s.x, static_cast<unsigned long long>((end - x) * (x + end - 1) / 2));
    add(&s.y, static_cast<unsigned long long>((end - x) * y));
    lower(&s.x_min, static_cast<int>(x));
    raise(&s.x_max, static_cast<int>(end - 1));
    lower(&s.y_min, y);
    raise(&s.y_max, y);
  }

  OSLER_DEVICE void take_values(const T* stored, std::int64_t x, std::int64_t end,
                                DeviceSums<T>& s) const {
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
    if (valued == 0) return;
    add(&s.valued, valued);
    add(&s.sum, static_cast<Sum>(sum));
    add(&s.squares, static_cast<Sum>(squares));
    lower(&s.min, low);
    raise(&s.max, high);
  }
};

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
  const Queue queue("label statistics", stream);
  queue.each("clear", count, Clear<T>{on_device});
  queue.each<kThreadsOfLines>(
      "lines", lines,
      TakeLine<T>{static_cast<const std::uint8_t*>(held.data()),
                  task.intensities == nullptr ? nullptr : static_cast<const T*>(values.data()),
                  padding_range<T>(view), task.size[0], task.size[1], task.max_label, on_device});
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
