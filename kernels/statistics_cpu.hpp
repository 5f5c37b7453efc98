#pragma once
// The two ways of the CPU twin of kernels/statistics.hpp.

#include "kernels/statistics.hpp"

namespace osler::kernels {

/// 8 and 16-bit voxels, one slope and one intercept: voxels are counted by their stored value.
Statistics statistics_by_value(const SourceView& source, const StatisticsTask& task);

/// Any voxels: sums in blocks, percentiles by radix selection over two halves of the float's bits.
Statistics statistics_by_selection(const SourceView& source, const StatisticsTask& task);

}  // namespace osler::kernels
