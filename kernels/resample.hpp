#pragma once
// Stored integers on the scanner's grid -> normalised floats on any other grid, in one pass:
// padding mask, rescale, orient, resample, normalise.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "core/affine.hpp"
#include "device/device.hpp"
#include "kernels/source_place.hpp"

namespace osler::kernels {

/// nearest: the voxel whose cell holds the place; of two equally near the one of higher index.
/// linear: of the eight neighbours; beyond the outermost centres the edge value goes on.
/// cubic: uniform B-spline of order 3 through the voxels (kernels/bspline.hpp), mirrored about the
/// outermost centres: SciPy's map_coordinates(order=3, mode="mirror", prefilter=True).
enum class Interpolation { nearest, linear, cubic };

/// IEEE 754 binary32, binary16, and bfloat16; the narrow ones rounded to nearest, ties to even.
enum class OutputType { f32, f16, bf16 };

constexpr std::size_t bytes_of(OutputType type) {
  return type == OutputType::f32 ? 4 : 2;
}

/// out = (clamp(v, low, high) - shift) * scale
struct Normalisation {
  float low = -3.4e38F;
  float high = 3.4e38F;
  float shift = 0;
  float scale = 1;
};

/// Output voxels x0 <= x < x1 and so on.
struct Box {
  Size3 begin{0, 0, 0};
  Size3 end{0, 0, 0};
};

struct ResampleTask {
  Size3 out_size{0, 0, 0};
  Affine out_to_in;  ///< index of an output voxel -> index (not millimetres) in the source
  Interpolation interpolation = Interpolation::linear;
  OutputType out_type = OutputType::f32;
  /// Samples per output voxel and axis, evenly spread over it, whose mean is taken: 1 takes the
  /// value at the centre, more is a box filter against aliasing when the output is coarser.
  std::array<int, 3> samples{1, 1, 1};
  Normalisation normalisation;
  float outside = 0;  ///< written where no sample has a value, and out of `keep`; not normalised
  Box keep;           ///< output voxels that are computed; default (empty) means all
};

/// A sample counts as inside the source up to half a voxel beyond its outermost centres. Of an
/// output voxel's samples those with a value are averaged; none: `outside`.
///
/// Padding that does not count (SourceView::padding_counts) gives no value:
/// - nearest: a sample whose voxel is padding has none;
/// - linear: the weights of the neighbours that are no padding are scaled to a sum of 1; a sample
///   has none if all neighbours of a weight above 0 are padding;
/// - cubic: before the prefilter, padding takes the value of the nearest voxel that is none, in its
///   row (x), else of the nearest row (y), else of the nearest slice (z), of two equally near the
///   one of lower index; a sample whose nearest voxel is padding has none. NaN is padding here, for
///   the prefilter would spread it over whole lines; elsewhere NaN goes where its weight is not 0.
///
/// Terms of the affine that mix axes, but move nothing by over kMixedAxes voxels, count as 0.
///
/// @param source  host memory
/// @param out     out_size.x * y * z values of out_type, host memory, x fastest, aligned to the
///                type; must not alias the source
/// @throws Error bad_argument (sizes, samples < 1), device
void resample(const Device& device, const SourceView& source, const ResampleTask& task,
              std::span<std::byte> out);
inline void resample(const Device& device, const SourceView& source, const ResampleTask& task,
                     std::span<float> out) {
  resample(device, source, task, std::as_writable_bytes(out));
}
inline void resample(const Device& device, const SourceView& source, const ResampleTask& task,
                     std::span<std::uint16_t> out) {
  resample(device, source, task, std::as_writable_bytes(out));
}

/// The same of a volume wherever it is, to host memory; waits. @throws as above
void resample(const SourcePlace& source, const ResampleTask& task, std::span<std::byte> out);
inline void resample(const SourcePlace& source, const ResampleTask& task, std::span<float> out) {
  resample(source, task, std::as_writable_bytes(out));
}

/// The CPU twin. Bit-identical for any number of threads. Beside the output it holds a few rows per
/// thread, and for cubic a float for each voxel of the source.
void resample_cpu(const SourceView& source, const ResampleTask& task, std::span<std::byte> out);
inline void resample_cpu(const SourceView& source, const ResampleTask& task, std::span<float> out) {
  resample_cpu(source, task, std::as_writable_bytes(out));
}

/// Device memory that resample_cuda needs beside source and output: a float per voxel of the source
/// for cubic, else 0.
std::size_t resample_scratch_bytes(const SourceView& source, const ResampleTask& task);

/// Queues the work; allocates nothing, does not wait. All pointers, slope and intercept included,
/// are device memory. @param scratch resample_scratch_bytes, aligned to 4
/// @throws Error device if a launch fails or this build has no CUDA
void resample_cuda(const SourceView& source, const ResampleTask& task, void* out, void* scratch,
                   const Stream& stream);

/// CPU against CUDA, absolute, for values of magnitude 1: the device fuses multiply and add.
inline constexpr float kResampleTolerance = 1e-4F;

/// Rounding of a product of affines: far below the last bit of a fraction of a voxel (6e-8), so
/// that a grid that is axis-aligned but for rounding is resampled axis by axis.
inline constexpr double kMixedAxes = 1e-9;

}  // namespace osler::kernels
