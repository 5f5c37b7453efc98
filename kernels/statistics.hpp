#pragma once
// Mean, standard deviation, extremes and exact percentiles of the real values of a volume.

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "device/device.hpp"
#include "kernels/source_place.hpp"

namespace osler::kernels {

inline constexpr std::size_t kMostPercentiles = 16;

/// Which voxels count: those for which all of this holds. Padding that counts as nothing, and NaN,
/// never do.
struct StatisticsTask {
  const std::uint8_t* mask = nullptr;  ///< one per voxel, not 0 where it counts; null: everywhere
  bool nonzero = false;                ///< the real value is not 0
  float low = -std::numeric_limits<float>::infinity();  ///< the real value is in low..high
  float high = std::numeric_limits<float>::infinity();
  std::vector<double> percentiles;  ///< 0..100, at most kMostPercentiles, in any order
};

inline constexpr std::array<double, kMostPercentiles> kNoPercentiles = [] {
  std::array<double, kMostPercentiles> none{};
  none.fill(std::numeric_limits<double>::quiet_NaN());
  return none;
}();

/// Of no voxels: count 0, all else NaN.
struct Statistics {
  std::int64_t count = 0;
  double mean = std::numeric_limits<double>::quiet_NaN();
  double sd = std::numeric_limits<double>::quiet_NaN();  ///< of the population: divides by count
  double min = std::numeric_limits<double>::quiet_NaN();
  double max = std::numeric_limits<double>::quiet_NaN();
  /// In the task's order. With the values sorted as v[0]..v[n-1] and p = percent / 100 (n - 1):
  /// v[floor p] + (p - floor p) (v[floor p + 1] - v[floor p]), as numpy.percentile does by default
  /// (Hyndman and Fan 1996, definition 7).
  std::array<double, kMostPercentiles> percentiles = kNoPercentiles;
};

/// Real values are 32-bit floats; sums are made in double.
/// @param source, task.mask  host memory; a source of no voxels is allowed
/// @throws Error bad_argument (negative size, a percentile out of 0..100, too many), device
Statistics statistics(const Device& device, const SourceView& source, const StatisticsTask& task);

/// The same of a volume wherever it is; the mask is in the same memory. @throws as above
Statistics statistics(const SourcePlace& source, const StatisticsTask& task);

/// The CPU twin. Bit-identical for any number of threads: 8 and 16-bit voxels of one rescale are
/// counted by value, others are summed in blocks of fixed order. It holds, per thread, 512 KiB of
/// counts for each order statistic that is asked for, and a double for each row or 4096 voxels.
Statistics statistics_cpu(const SourceView& source, const StatisticsTask& task);

/// Device memory that statistics_cuda needs beside the source: two 32-bit keys per voxel, and what
/// CUB asks for. @throws Error device if this build has no CUDA
std::size_t statistics_scratch_bytes(const SourceView& source, const StatisticsTask& task);

/// Queues the work; allocates nothing, does not wait. All pointers, the mask's included, are device
/// memory. @param scratch statistics_scratch_bytes, aligned to 256
/// @throws Error device if a launch fails or this build has no CUDA
void statistics_cuda(const SourceView& source, const StatisticsTask& task, Statistics* out,
                     void* scratch, const Stream& stream);

/// CPU against CUDA, relative: mean and SD, whose sums have another order. All else is equal.
inline constexpr double kStatisticsTolerance = 1e-9;

}  // namespace osler::kernels
