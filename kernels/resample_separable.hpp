#pragma once
// The CPU twin of kernels/resample.hpp where output axes run along source axes: axis by axis, in
// rows. The same bits as voxel by voxel, for each value is made by the same operations.

#include <cstddef>
#include <span>

#include "kernels/resample_math.hpp"

namespace osler::kernels {

/// @return false if the task is not of this kind; then nothing was written
bool resample_separable(const SourceView& source, const ResampleConstants& constants,
                        std::span<std::byte> out);

}  // namespace osler::kernels
