#include <algorithm>
#include <cmath>
#include <span>

#include "core/scalar.hpp"
#include "kernels/statistics_cpu.hpp"
#include "kernels/statistics_math.hpp"

namespace osler::kernels {
namespace {

constexpr std::int64_t kBlock = 1 << 16;  // voxels per piece of work; counts in it fit 32 bits

struct ValueCount {
  float value;
  std::int64_t count;
};

/// Counts of each stored value, from the type's lowest on. Neighbours go to different tables, so
/// that equal ones do not wait for each other.
template <typename T>
void count_block(const T* stored, const std::uint8_t* mask, std::int64_t n,
                 std::vector<std::uint32_t>& even, std::vector<std::uint32_t>& odd) {
  constexpr auto lowest = static_cast<std::int32_t>(kLowestStored<T>);
  const auto bin = [&](std::int64_t i) { return static_cast<std::size_t>(stored[i] - lowest); };
  std::int64_t i = 0;
  if (mask == nullptr) {
    for (; i + 1 < n; i += 2) {
      ++even[bin(i)];
      ++odd[bin(i + 1)];
    }
    if (i < n) ++even[bin(i)];
    return;
  }
  for (; i + 1 < n; i += 2) {
    even[bin(i)] += mask[i] != 0;
    odd[bin(i + 1)] += mask[i + 1] != 0;
  }
  if (i < n) even[bin(i)] += mask[i] != 0;
}

template <typename T>
std::vector<std::int64_t> count_values(const SourceView& source, const std::uint8_t* mask) {
  constexpr std::size_t bins = std::size_t{1} << (8 * sizeof(T));
  const std::int64_t count = voxel_count(source.size);
  const std::int64_t blocks = (count + kBlock - 1) / kBlock;
  const auto* stored = static_cast<const T*>(source.voxels);
  std::vector<std::int64_t> total(bins);
#pragma omp parallel
  {
    std::vector<std::uint32_t> even(bins), odd(bins);
    std::int64_t held = 0;
    const auto empty = [&] {
#pragma omp critical(osler_statistics)
      for (std::size_t b = 0; b < bins; ++b) total[b] += std::int64_t{even[b]} + odd[b];
      std::fill(even.begin(), even.end(), 0U);
      std::fill(odd.begin(), odd.end(), 0U);
      held = 0;
    };
#pragma omp for schedule(dynamic, 8) nowait
    for (std::int64_t b = 0; b < blocks; ++b) {
      const std::int64_t first = b * kBlock, n = std::min(kBlock, count - first);
      if (held + n > 0x7FFFFFFF) empty();
      count_block(stored + first, mask == nullptr ? nullptr : mask + first, n, even, odd);
      held += n;
    }
    if (held > 0) empty();
  }
  return total;
}

/// The real values that count, ascending.
template <typename T>
std::vector<ValueCount> real_values(const SourceView& source, const StatisticsTask& task) {
  const std::vector<std::int64_t> counts = count_values<T>(source, task.mask);
  const PaddingRange<T> padding = padding_range<T>(source);
  const Accepted accept = accepted(task);
  std::vector<ValueCount> values;
  for (std::size_t b = 0; b < counts.size(); ++b) {
    if (counts[b] == 0) continue;
    const auto stored = static_cast<T>(static_cast<std::int64_t>(b) + kLowestStored<T>);
    float value = rescaled(stored, source.slope[0], source.intercept[0]);
    if (padding.holds(stored)) {
      if (!source.padding_counts) continue;
      value = source.padding_value;
    }
    if (accept.holds(value)) values.push_back({value, counts[b]});
  }
  std::stable_sort(values.begin(), values.end(),
                   [](const auto& a, const auto& b) { return a.value < b.value; });
  return values;
}

/// The value of a rank, from 0, among the sorted.
double ranked(std::span<const ValueCount> values, std::int64_t rank) {
  std::int64_t before = 0;
  for (const ValueCount& v : values) {
    before += v.count;
    if (rank < before) return v.value;
  }
  return values.back().value;
}

Statistics summed_up(std::span<const ValueCount> values, const std::vector<double>& percentiles) {
  Statistics s;
  double sum = 0, squares = 0;
  for (const ValueCount& v : values) {
    s.count += v.count;
    sum += static_cast<double>(v.count) * v.value;
  }
  if (s.count == 0) return s;
  s.mean = sum / static_cast<double>(s.count);
  for (const ValueCount& v : values) {
    squares += static_cast<double>(v.count) * (v.value - s.mean) * (v.value - s.mean);
  }
  s.sd = std::sqrt(squares / static_cast<double>(s.count));
  s.min = values.front().value;
  s.max = values.back().value;
  for (std::size_t i = 0; i < percentiles.size(); ++i) {
    const Position at = position_of(percentiles[i], s.count);
    s.percentiles[i] = between(ranked(values, at.below), ranked(values, at.above), at.fraction);
  }
  return s;
}

}  // namespace

Statistics statistics_by_value(const SourceView& source, const StatisticsTask& task) {
  Statistics found;
  with_scalar(source.type, [&](auto scalar) {
    using T = decltype(scalar);
    if constexpr (sizeof(T) <= 2) found = summed_up(real_values<T>(source, task), task.percentiles);
  });
  return found;
}

}  // namespace osler::kernels
