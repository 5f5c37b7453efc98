#pragma once
// A network over a whole image, window after window, its scores given on as soon as they are final.

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "core/progress.hpp"
#include "device/device.hpp"
#include "infer/session.hpp"
#include "infer/windows.hpp"
#include "kernels/labels_back.hpp"
#include "kernels/patches.hpp"

namespace osler {

/// It goes by sizes, not by the machine, so that one study gives the same labels everywhere.
inline constexpr std::int64_t kMostBytesOfSums = std::int64_t{1} << 30;

/// What becomes of scores, voxel by voxel, on the network's grid.
enum class ScoreActivation { none, softmax, sigmoid };

struct SlidingWindowOptions {
  WindowSettings windows;
  ScoreActivation activation = ScoreActivation::none;  ///< of the mean scores
  std::vector<int> order;  ///< in which the network's classes are given; empty: as they are
  /// Of the sums: f32, or f16, which halves the memory and rounds each addition. Unless it is
  /// given, f32 if the sums take no more than kMostBytesOfSums.
  std::optional<kernels::FloatType> sums;
  /// Sums, their weights and the means of several networks are rounded to binary16 behind each
  /// step, as nnU-Net does: near the edges of an image, where weights are 1e-7, its scores are
  /// whole numbers for that. Who wants its answer there must do the same.
  bool in_halves = false;
  int batch = 0;  ///< windows that the network sees at once; 0: one on the CPU, what fits on a GPU
  /// Windows are planes (patch z is 1), which the network takes as N x C x H x W.
  bool planar = false;
};

/// Scores that no later window changes: planes z of the network's grid, for the cells between them.
/// Slabs come in order; each begins at the last plane of the one before it, so that every cell
/// between two planes is in exactly one (see LabelsBackTask::cell_begin).
struct ScoreSlab {
  kernels::ScoresView scores;
  Backend memory = Backend::cpu;  ///< of `scores`; the GPU's may have been too small
  std::int64_t cell_begin = 0;
  std::int64_t cell_end = 0;  ///< of the last slab: INT64_MAX
};

/// Called in order; the scores are valid until it returns. On a GPU it queues work on the stream.
using TakeSlab = std::function<void(const ScoreSlab&)>;

/// Mean scores (logits, whatever the network gives) of all windows, weighted. Windows run in the
/// order of their z: memory is classes x (patch.z + 1) planes of the grid, however long it is, and
/// scores that are not yet final are kept in no other place.
///
/// Where a network on the CPU ends in a convolution of 1x1x1 of fewer channels than it gives
/// classes, its input is what is summed: weights add up to 1, so the mean of the scores is the
/// layer's value for the mean of what it takes (to rounding), which is made for a few final planes
/// at a time.
///
/// What a GPU cannot hold is tried with fewer windows at once, then with the sums in host memory.
///
/// @param sessions  at least one, all on one device; the mean of their scores is given
/// @param image   that device's memory
/// @param stream  on which a GPU works, also the network; nothing on the CPU
/// @throws Error model: the network fails, or gives another size than its input has;
///   Error bad_argument (place_windows); Error device: one window alone does not fit
void run_sliding_window(std::span<Session> sessions, const kernels::ImageView& image,
                        const SlidingWindowOptions& options, const Stream* stream,
                        const Progress& progress, const TakeSlab& take);

}  // namespace osler
