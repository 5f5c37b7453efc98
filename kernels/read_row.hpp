#pragma once
// Stored voxels of one row as real values, for the CPU.

#include "kernels/resample_math.hpp"

namespace osler::kernels {

/// Real values of voxels first..last of a row.
/// @param missing  stands for padding that counts as nothing
/// @param weights  0 for such padding, else 1; null if nobody asks
template <typename T>
void read_row(const Voxels<T>& s, std::int64_t first, std::int64_t last, std::int64_t y,
              std::int64_t z, float missing, float* __restrict values, float* __restrict weights) {
  const T* row = s.stored + (z * s.ny + y) * s.nx;
  const float slope = s.slope[z], intercept = s.intercept[z];
  if (s.padding.low > s.padding.high) {
    for (std::int64_t x = first; x < last; ++x) values[x] = rescaled(row[x], slope, intercept);
    if (weights != nullptr) {
      for (std::int64_t x = first; x < last; ++x) weights[x] = 1;
    }
    return;
  }
  const PaddingRange<T> padding = s.padding;
  const float absent = s.masked ? missing : s.padding_value;
  for (std::int64_t x = first; x < last; ++x) {
    const float value = rescaled(row[x], slope, intercept);
    values[x] = padding.holds(row[x]) ? absent : value;
  }
  if (weights == nullptr) return;
  for (std::int64_t x = first; x < last; ++x) {
    weights[x] = s.masked && padding.holds(row[x]) ? 0.0F : 1.0F;
  }
}

}  // namespace osler::kernels
