#pragma once
// The prefilter of cubic interpolation: real values -> coefficients of the uniform cubic B-spline
// that goes through them.

#include <span>

#include "device/device.hpp"
#include "kernels/source_view.hpp"

namespace osler::kernels {

/// Per axis, with the pole z = sqrt(3) - 2 and values s mirrored about the first and last voxel:
/// c+[k] = 6 s[k] + z c+[k-1], c[k] = z (c[k+1] - c+[k]) (Unser 1999, "Splines: a perfect fit for
/// signal and image processing", box 2). SciPy's spline_filter(order=3, mode="mirror"); an axis of
/// one voxel is left as it is. Padding that counts as nothing, and NaN, are filled before as
/// kernels/resample.hpp says; coefficients of a volume of nothing else are NaN.
///
/// @param source  host memory
/// @param out     one per voxel of the source, x fastest; must not alias the source
/// Bit-identical for any number of threads.
void bspline_coefficients_cpu(const SourceView& source, std::span<float> out);

/// Queues the work; allocates nothing, does not wait. All pointers are device memory.
/// @param out  one per voxel of the source
/// @throws Error device if a launch fails or this build has no CUDA
void bspline_coefficients_cuda(const SourceView& source, float* out, const Stream& stream);

/// Coefficients against double precision, relative to the largest value: rounding of 32-bit floats
/// through three recursions of gain 6.
inline constexpr float kBsplineTolerance = 1e-5F;

}  // namespace osler::kernels
