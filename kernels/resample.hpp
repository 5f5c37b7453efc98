#pragma once
// Stored integers on the scanner's grid -> normalised floats on any other grid, in one pass:
// padding mask, rescale, orient, resample, normalise.

#include <array>
#include <cstdint>
#include <span>

#include "core/affine.hpp"
#include "core/scalar.hpp"
#include "device/device.hpp"

namespace osler::kernels {

/// Stored voxels and how they become real values. Host or device memory, as the function says.
struct SourceView {
  const void* voxels = nullptr;  ///< size.x * size.y * size.z scalars, x fastest
  ScalarType type = ScalarType::i16;
  Size3 size{0, 0, 0};
  const float* slope = nullptr;      ///< one per z
  const float* intercept = nullptr;  ///< one per z
  bool has_padding = false;
  std::int64_t padding_low = 0;  ///< stored values low..high are padding
  std::int64_t padding_high = 0;
  float padding_value = 0;  ///< the real value that padding counts as
};

enum class Interpolation { nearest, linear };

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
  /// Samples per output voxel and axis, evenly spread over it, whose mean is taken: 1 takes the
  /// value at the centre, more is a box filter against aliasing when the output is coarser.
  std::array<int, 3> samples{1, 1, 1};
  Normalisation normalisation;
  float outside = 0;  ///< written where the source has no voxel, and out of `keep`
  Box keep;           ///< output voxels that are computed; default (empty) means all
};

/// A sample counts as inside the source up to half a voxel beyond its outermost centres, where the
/// edge value goes on. Of an output voxel's samples those inside are averaged; none inside:
/// `outside`.
///
/// @param source  host memory
/// @param out     out_size.x * y * z floats, host memory, x fastest; must not alias the source
/// @throws Error bad_argument (sizes, samples < 1), device
void resample(const Device& device, const SourceView& source, const ResampleTask& task,
              std::span<float> out);

/// The CPU twin. Bit-identical for any number of threads.
void resample_cpu(const SourceView& source, const ResampleTask& task, std::span<float> out);

/// Queues the work; allocates nothing, does not wait. All pointers, slope and intercept included,
/// are device memory. @throws Error device if the launch fails or this build has no CUDA
void resample_cuda(const SourceView& source, const ResampleTask& task, float* out,
                   const Stream& stream);

/// CPU against CUDA, absolute, for values of magnitude 1: the device fuses multiply and add.
inline constexpr float kResampleTolerance = 1e-4F;

}  // namespace osler::kernels
