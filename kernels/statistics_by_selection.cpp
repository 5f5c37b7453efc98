#include <algorithm>
#include <array>
#include <cmath>
#include <functional>

#include "core/scalar.hpp"
#include "kernels/read_row.hpp"
#include "kernels/statistics_cpu.hpp"
#include "kernels/statistics_math.hpp"

namespace osler::kernels {
namespace {

constexpr std::int64_t kBlock = 4096;   // voxels of a block: 32 KiB of values and weights
constexpr std::size_t kHalf = 1 << 16;  // values of one half of a key
constexpr std::uint8_t kNoSlot = 255;

using Counts = std::vector<std::int64_t>;

/// Real values that count in one block, in order. @return how many
template <typename T>
std::int64_t read_block(const Voxels<T>& s, const StatisticsTask& task, std::int64_t row,
                        std::int64_t x0, std::array<float, kBlock>& out) {
  std::array<float, kBlock> values, weights;
  const std::int64_t x1 = std::min(x0 + kBlock, s.nx);
  Voxels<T> here = s;
  here.stored += x0;
  read_row(here, 0, x1 - x0, row % s.ny, row / s.ny, 0, values.data(),
           s.masked ? weights.data() : nullptr);
  const std::uint8_t* mask = task.mask == nullptr ? nullptr : task.mask + row * s.nx + x0;
  const Accepted accept = accepted(task);
  std::size_t n = 0;
  for (std::size_t i = 0; i < static_cast<std::size_t>(x1 - x0); ++i) {
    out[n] = values[i];
    n += (!s.masked || weights[i] > 0) && (mask == nullptr || mask[i] != 0) &&
         accept.holds(values[i]);
  }
  return static_cast<std::int64_t>(n);
}

/// Reads block n of the volume, whatever the type of its voxels. @return how many values
using ReadBlock = std::function<std::int64_t(std::int64_t n, std::array<float, kBlock>&)>;

/// Eight sums side by side, added up in one order.
template <typename Term>
double block_sum(const std::array<float, kBlock>& values, std::int64_t n, Term&& term) {
  std::array<double, 8> lanes{};
  std::size_t i = 0;
  const auto count = static_cast<std::size_t>(n);
  for (; i + 8 <= count; i += 8) {
    for (std::size_t l = 0; l < 8; ++l) lanes[l] += term(values[i + l]);
  }
  for (; i < count; ++i) lanes[i % 8] += term(values[i]);
  double sum = 0;
  for (const double lane : lanes) sum += lane;
  return sum;
}

double in_order(const std::vector<double>& sums) {
  double total = 0;
  for (const double sum : sums) total += sum;
  return total;
}

/// One pass over the volume: the sum of `term`, block sums added in the blocks' order, and counts
/// of what `bin` says of a key (-1: not counted).
template <typename Term, typename Bin>
double pass(const ReadBlock& read, std::int64_t blocks, Counts& counts, Term&& term, Bin&& bin) {
  std::vector<double> sums(static_cast<std::size_t>(blocks));
#pragma omp parallel
  {
    Counts mine(counts.size());
    std::array<float, kBlock> values;
#pragma omp for schedule(dynamic, 16) nowait
    for (std::int64_t b = 0; b < blocks; ++b) {
      const std::int64_t n = read(b, values);
      sums[static_cast<std::size_t>(b)] = block_sum(values, n, term);
      for (std::size_t i = 0; i < static_cast<std::size_t>(n); ++i) {
        const std::int64_t at = bin(key_of(values[i]));
        if (at >= 0) ++mine[static_cast<std::size_t>(at)];
      }
    }
#pragma omp critical(osler_statistics)
    for (std::size_t i = 0; i < mine.size(); ++i) counts[i] += mine[i];
  }
  return in_order(sums);
}

/// The bin that holds a rank; the rank becomes that within the bin.
std::uint32_t bin_of(const std::int64_t* counts, std::int64_t& rank) {
  std::uint32_t bin = 0;
  while (bin + 1 < kHalf && rank >= counts[bin]) rank -= counts[bin++];
  return bin;
}

/// Upper halves of the keys whose lower halves are looked into, and where their counts lie.
struct Slots {
  std::array<std::uint8_t, kHalf> of{};
  std::size_t number = 0;

  Slots() { of.fill(kNoSlot); }
  void add(std::uint32_t upper) {
    if (of[upper] == kNoSlot) of[upper] = static_cast<std::uint8_t>(number++);
  }
};

Statistics select(const ReadBlock& read, std::int64_t blocks, const StatisticsTask& task) {
  Counts upper(kHalf);
  const double sum = pass(
      read, blocks, upper, [](float v) { return static_cast<double>(v); },
      [](std::uint32_t key) { return static_cast<std::int64_t>(key >> 16); });
  Statistics s;
  for (const std::int64_t n : upper) s.count += n;
  if (s.count == 0) return s;
  s.mean = sum / static_cast<double>(s.count);

  std::vector<std::int64_t> ranks{0, s.count - 1};
  for (const double percent : task.percentiles) {
    const Position at = position_of(percent, s.count);
    ranks.push_back(at.below);
    ranks.push_back(at.above);
  }
  Slots slots;
  for (std::int64_t rank : ranks) slots.add(bin_of(upper.data(), rank));
  Counts lower(slots.number * kHalf);
  const double squares = pass(
      read, blocks, lower, [&](float v) { return (v - s.mean) * (v - s.mean); },
      [&](std::uint32_t key) {
        const std::uint8_t slot = slots.of[key >> 16];
        return slot == kNoSlot ? -1 : static_cast<std::int64_t>(slot * kHalf + (key & 0xFFFFU));
      });
  s.sd = std::sqrt(squares / static_cast<double>(s.count));
  const auto ranked = [&](std::int64_t rank) -> double {
    const std::uint32_t high = bin_of(upper.data(), rank);
    return value_of(high << 16 | bin_of(lower.data() + slots.of[high] * kHalf, rank));
  };
  s.min = ranked(0);
  s.max = ranked(s.count - 1);
  for (std::size_t i = 0; i < task.percentiles.size(); ++i) {
    const Position at = position_of(task.percentiles[i], s.count);
    s.percentiles[i] = between(ranked(at.below), ranked(at.above), at.fraction);
  }
  return s;
}

}  // namespace

Statistics statistics_by_selection(const SourceView& source, const StatisticsTask& task) {
  const std::int64_t in_row = (source.size[0] + kBlock - 1) / kBlock;
  Statistics found;
  with_scalar(source.type, [&](auto scalar) {
    const auto voxels = voxels_of<decltype(scalar)>(source);
    const ReadBlock read = [&](std::int64_t n, std::array<float, kBlock>& out) {
      return read_block(voxels, task, n / in_row, n % in_row * kBlock, out);
    };
    found = select(read, in_row * source.size[1] * source.size[2], task);
  });
  return found;
}

}  // namespace osler::kernels
