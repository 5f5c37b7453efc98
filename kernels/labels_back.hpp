#pragma once
// Scores on the network's grid -> labels on any other grid, interpolation and decision in one pass:
// scores are never expanded to classes x output resolution.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/affine.hpp"
#include "device/device.hpp"
#include "kernels/float_type.hpp"
#include "kernels/label_statistics.hpp"
#include "kernels/resample.hpp"

namespace osler::kernels {

/// Logits or probabilities: one volume per class, x fastest, class after class. Host or device
/// memory, as the function says. A view may hold some planes of the grid only (a slab).
struct ScoresView {
  const void* scores = nullptr;
  FloatType type = FloatType::f32;
  int classes = 0;
  Size3 size{0, 0, 0};           ///< of the whole network grid
  std::int64_t first_plane = 0;  ///< z of the first plane held
  std::int64_t planes = 0;       ///< planes held, of each class
};

/// How scores become a label.
enum class Decision {
  /// The class with the highest interpolated score, the lower class if equal (softmax; interpolated
  /// logits and their softmax have the same maximum).
  highest,
  /// Each class for itself, in order: where its interpolated score is above `threshold`, the label
  /// becomes its own (regions that contain each other; a sigmoid's 1/2 is the logit 0).
  regions,
};

struct LabelsBackTask {
  Size3 out_size{0, 0, 0};
  Affine out_to_in;  ///< index of an output voxel -> index on the network's grid
  /// Where output slice k lies, in place of k, before out_to_in; empty: at k (see Grid::slice_at).
  std::vector<double> slice_at;
  /// Along the network's axes. `nearest` takes the closer plane, the higher one half-way.
  std::array<Interpolation, 3> interpolation{Interpolation::linear, Interpolation::linear,
                                             Interpolation::linear};
  Decision decision = Decision::highest;
  /// Of `highest`: interpolated scores are rounded to binary16 before they are compared, so that
  /// those that are then equal go to the lower class. nnU-Net stores them so. The scores themselves
  /// must be halves, whatever their type.
  bool rounded_to_halves = false;
  float threshold = 0;                 ///< of `regions`
  std::vector<std::uint8_t> label_of;  ///< one per class; `regions` starts from label 0
  std::uint8_t outside = 0;            ///< the label where the network's grid has no voxel
  /// Output voxels whose lower neighbour along the network's z lies in [begin, end) are decided,
  /// others left as they are (voxels outside of the grid belong to the nearest plane). The planes
  /// begin ... min(end, size.z - 1) must be held. Default: all.
  std::int64_t cell_begin = 0;
  std::int64_t cell_end = INT64_MAX;
  /// What each label holds is added here for each voxel that is decided, or nothing.
  const LabelSums* sums = nullptr;
};

/// A voxel counts as inside up to half a voxel of the network's grid beyond its outermost centres,
/// where the edge value goes on (edges aligned, as torch's align_corners=False and scikit-image's
/// resize have it).
///
/// The decision is exact, though most voxels need little. The weights of linear interpolation are
/// not negative: where all neighbours of a voxel decide alike alone, so does their mean. Elsewhere
/// the classes that win at a neighbour are interpolated, and with them the highest score that any
/// other class has at each: what is below that mean cannot win. Only where it is reached all
/// classes are interpolated (in single precision). NaN never wins; an infinite score next to a
/// voxel that lies on one of the network's may or may not count there.
///
/// @param scores  host memory
/// @param labels  out_size.x * y * z, host memory, as is all that task.sums points to; beside it
///                the CPU twin allocates, where the grids are turned against each other, a byte and
///                a score per voxel of the network's grid that it reads
/// @throws Error bad_argument (sizes, label_of, planes that are not held, sums of another size or
/// of stored values of over 16 bits), device
void labels_back(const Device& device, const ScoresView& scores, const LabelsBackTask& task,
                 std::span<std::uint8_t> labels);

/// The CPU twin. Bit-identical for any number of threads, and for any division into slabs.
void labels_back_cpu(const ScoresView& scores, const LabelsBackTask& task,
                     std::span<std::uint8_t> labels);

/// Bytes of scratch that `labels_back_cuda` wants.
std::size_t labels_back_scratch_bytes(const ScoresView& scores, const LabelsBackTask& task);

/// Queues the work; allocates nothing, does not wait. All memory is the device's, but for what
/// LabelStatisticsTask says. The scratch is written by a copy from `task`, which must stay as it is
/// until the stream is synchronised.
/// @throws Error bad_argument (task.sums), device if a launch fails or this build has no CUDA
void labels_back_cuda(const ScoresView& scores, const LabelsBackTask& task, std::uint8_t* labels,
                      void* scratch, const Stream& stream);

/// CPU against CUDA: labels are equal where the two best interpolated scores differ by more than
/// this share of the larger: the device fuses multiply and add.
inline constexpr float kLabelsBackTie = 1e-5F;

}  // namespace osler::kernels
