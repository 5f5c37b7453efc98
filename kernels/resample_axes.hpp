#pragma once
// Grids whose axes run along the source's: one table per axis says what each output place needs.

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "kernels/resample_math.hpp"

namespace osler::kernels {

/// For each source axis the output axis that runs along it; nothing if the affine mixes axes.
std::optional<std::array<int, 3>> aligned_axes(const ResampleConstants& constants);

/// Sample positions along one source axis, in output order: samples of output voxel 0, of 1, ...
struct AxisTable {
  std::int64_t positions = 0;
  std::int64_t begin = 0, end = 0;    ///< those that are inside the source, and kept
  int taps = 1;                       ///< neighbours that make a value: 1, 2 or 4
  std::vector<std::int32_t> index;    ///< taps x positions, in the source; 0 where not inside
  std::vector<float> weight;          ///< linear: of the second tap; cubic: taps x positions
  std::vector<std::int32_t> nearest;  ///< cubic only: the voxel that holds the position
  std::vector<float> count;           ///< per output voxel: samples inside
  std::int64_t first = 0, last = 0;   ///< source voxels that are used: first <= index < last
};

/// @pre source axes are shorter than 2^31 voxels
AxisTable axis_table(const ResampleConstants& constants, int source_axis, int output_axis);

}  // namespace osler::kernels
