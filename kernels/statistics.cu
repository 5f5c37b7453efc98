#include <thrust/iterator/transform_iterator.h>

#include <algorithm>
#include <cmath>

#include "core/scalar.hpp"
#include "kernels/queue.cuh"
#include "kernels/resample_math.hpp"
#include "kernels/statistics.hpp"
#include "kernels/statistics_math.hpp"

// Keys of all voxels are sorted; what does not count sorts last. Percentiles are then read off, and
// sums run over the sorted keys.

namespace osler::kernels {
namespace {

constexpr std::uint32_t kNotCounted = 0xFFFFFFFFU;  // no number's key: a NaN would have it

struct Value {
  OSLER_HOST_DEVICE double operator()(std::uint32_t key) const {
    return key == kNotCounted ? 0 : static_cast<double>(value_of(key));
  }
};

struct SquaredDeviation {
  const Statistics* of;
  OSLER_HOST_DEVICE double operator()(std::uint32_t key) const {
    if (key == kNotCounted) return 0;
    const double d = value_of(key) - of->mean;
    return d * d;
  }
};

template <typename F>
auto of_keys(const std::uint32_t* keys, const F& f) {
  return thrust::make_transform_iterator(keys, f);
}

struct Percents {
  double percent[kMostPercentiles];
  int number;
};

template <typename T>
struct MakeKeys {
  Voxels<T> s;
  const std::uint8_t* mask;
  Accepted accept;
  std::uint32_t* keys;

  OSLER_DEVICE void operator()(std::int64_t n) const {
    const std::int64_t z = n / (s.nx * s.ny);
    const T stored = s.stored[n];
    const bool padding = s.padding.holds(stored);
    const float v = padding ? s.padding_value : rescaled(stored, s.slope[z], s.intercept[z]);
    const bool counts =
        !(padding && s.masked) && (mask == nullptr || mask[n] != 0) && accept.holds(v);
    keys[n] = counts ? key_of(v) : kNotCounted;
  }
};

/// Counts the keys that count, and takes the extremes.
struct CountKeys {
  const std::uint32_t* sorted;
  std::int64_t all;
  Statistics* out;

  OSLER_DEVICE void operator()(std::int64_t) const {
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
};

struct DivideSum {
  const double* sum;
  Statistics* out;

  OSLER_DEVICE void operator()(std::int64_t) const {
    if (out->count > 0) out->mean = *sum / static_cast<double>(out->count);
  }
};

struct Finish {
  const std::uint32_t* sorted;
  const double* squares;
  Percents percents;
  Statistics* out;

  OSLER_DEVICE void operator()(std::int64_t) const {
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
};

/// Where things lie in the scratch memory.
struct Layout {
  std::uint32_t* keys;
  std::uint32_t* sorted;
  double* sum;
  double* squares;
  Scratch of_cccl;
  std::size_t bytes;
};

Layout layout(std::int64_t count, void* scratch) {
  const std::uint32_t* in = nullptr;
  double* total = nullptr;
  Layout l{};
  l.of_cccl.bytes = std::max({
      Queue::sort_bytes(in, static_cast<std::uint32_t*>(nullptr), count),
      Queue::sum_bytes(of_keys(in, Value{}), total, count),
      Queue::sum_bytes(of_keys(in, SquaredDeviation{nullptr}), total, count),
  });
  const std::size_t keys = aligned(static_cast<std::size_t>(count) * sizeof(std::uint32_t));
  auto* at = static_cast<std::byte*>(scratch);
  l.bytes = 2 * keys + kScratchAlignment + aligned(l.of_cccl.bytes);
  if (scratch == nullptr) return l;
  l.keys = reinterpret_cast<std::uint32_t*>(at);
  l.sorted = reinterpret_cast<std::uint32_t*>(at + keys);
  l.sum = reinterpret_cast<double*>(at + 2 * keys);
  l.squares = l.sum + 1;
  l.of_cccl.at = at + 2 * keys + kScratchAlignment;
  return l;
}

}  // namespace

std::size_t statistics_scratch_bytes(const SourceView& source, const StatisticsTask&) {
  return layout(voxel_count(source.size), nullptr).bytes;
}

void statistics_cuda(const SourceView& source, const StatisticsTask& task, Statistics* out,
                     void* scratch, const Stream& stream) {
  const std::int64_t count = voxel_count(source.size);
  const Layout l = layout(count, scratch);
  const Queue queue("statistics", stream);
  with_scalar(source.type, [&](auto scalar) {
    using T = decltype(scalar);
    queue.each("keys", count, MakeKeys<T>{voxels_of<T>(source), task.mask, accepted(task), l.keys});
  });
  queue.sort(l.keys, l.sorted, count, l.of_cccl);
  queue.each<1>("count", 1, CountKeys{l.sorted, count, out});
  queue.sum(of_keys(l.sorted, Value{}), l.sum, count, l.of_cccl);
  queue.each<1>("mean", 1, DivideSum{l.sum, out});
  queue.sum(of_keys(l.sorted, SquaredDeviation{out}), l.squares, count, l.of_cccl);
  Percents percents{};
  percents.number = static_cast<int>(task.percentiles.size());
  std::copy(task.percentiles.begin(), task.percentiles.end(), percents.percent);
  queue.each<1>("percentiles", 1, Finish{l.sorted, l.squares, percents, out});
}

}  // namespace osler::kernels
