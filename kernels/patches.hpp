#pragma once
// A sliding window's two ends: patches out of an image, and their scores, weighted, onto a grid.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "core/affine.hpp"
#include "device/device.hpp"
#include "kernels/labels_back.hpp"

namespace osler::kernels {

/// Normalised values, channel after channel, x fastest. Host or device memory, as the function
/// says.
struct ImageView {
  const float* values = nullptr;
  int channels = 0;
  Size3 size{0, 0, 0};
};

/// What a patch holds beyond the image: one value; the outermost voxel; the image mirrored about
/// its outermost voxels' centres, as often as it takes (NumPy's "reflect").
enum class Beyond { value, outermost, mirrored };

struct PatchTask {
  Size3 begin{0, 0, 0};  ///< image index of the patch's first corner; may lie outside of the image
  Size3 size{0, 0, 0};   ///< of the patch
  /// Along a flipped axis the patch's voxel i is the image's begin + size - 1 - i.
  std::array<bool, 3> flipped{};
  Beyond beyond = Beyond::value;
  float value = 0;
};

/// patch[c][z][y][x] = image[c] at the voxel's place, in the patch's type, rounded to nearest.
/// @param image  host memory, at least one voxel; must not alias the patch
/// @param patch  channels x size.z x y x `type`, host memory
/// @throws Error bad_argument (sizes)
void gather_patch_cpu(const ImageView& image, const PatchTask& task, FloatType type,
                      std::span<std::byte> patch);

/// Queues the work; allocates nothing, does not wait. All memory is the device's.
/// @throws Error device if a launch fails or this build has no CUDA
void gather_patch_cuda(const ImageView& image, const PatchTask& task, FloatType type, void* patch,
                       const Stream& stream);

/// How a network lays out its scores: NCDHW, or channels last (NDHWC).
enum class ScoreLayout { classes_first, classes_last };

/// A network's scores for one patch; dense.
struct PatchScores {
  const void* scores = nullptr;
  FloatType type = FloatType::f32;
  ScoreLayout layout = ScoreLayout::classes_first;
  int classes = 0;
};

/// Sums of weighted scores; laid out as ScoresView, which they become. f32 or f16.
struct ScoreSums {
  void* sums = nullptr;
  FloatType type = FloatType::f32;
  int classes = 0;
  Size3 size{0, 0, 0};           ///< of the whole grid
  std::int64_t first_plane = 0;  ///< z of the first plane held
  std::int64_t planes = 0;

  ScoresView view() const { return {sums, type, classes, size, first_plane, planes}; }
};

/// Where a patch's scores go and what each of its voxels weighs.
struct BlendTask {
  PatchTask patch;                 ///< where it was cut out; scores are flipped back
  const float* weights = nullptr;  ///< one per voxel of the patch as it lies in the image
  /// One per voxel that the sums hold: 1 / (sum of the weights of all patches there), so that the
  /// sums are means as soon as the last patch is in.
  const float* share = nullptr;
  float factor = 1;  ///< 1 / (times that this patch is shown, flipped)
};

/// sums[c] += scores[c] * (weights * share * factor), in single precision, in the order of the
/// calls. Voxels of the patch outside of the planes held, or of the grid, go nowhere.
/// @param scores, task.weights, task.share, sums.sums  host memory
/// @throws Error bad_argument (sizes, another number of classes, sums in bf16)
void blend_patch_cpu(const PatchScores& scores, const BlendTask& task, const ScoreSums& sums);

/// Queues the work; allocates nothing, does not wait. All memory is the device's.
/// @throws Error device if a launch fails or this build has no CUDA
void blend_patch_cuda(const PatchScores& scores, const BlendTask& task, const ScoreSums& sums,
                      const Stream& stream);

/// CPU against CUDA, relative to the largest score: the device fuses multiply and add.
inline constexpr float kBlendTolerance = 1e-6F;

}  // namespace osler::kernels
