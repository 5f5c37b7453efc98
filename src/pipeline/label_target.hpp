#pragma once
// Where scores become labels: on the source's grid as they come, or on the network's grid first.
// Inside the room only.

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "infer/sliding_window.hpp"
#include "kernels/labels_back.hpp"
#include "pipeline/windowed.hpp"
#include "preprocess/network_image.hpp"

namespace osler {

/// The network's grid, and the part of the source that was shown.
struct ShownGrid {
  NetworkGrid network;
  Size3 seen_begin{0, 0, 0};
  Size3 seen_end{0, 0, 0};
};

/// Where the source's voxels lie on the network's grid, by the package's rule of interpolation.
GridPlace place_on_network(const WindowedTask& task, const ShownGrid& shown);

/// The label of each class: the number of its segment, or 0.
std::vector<std::uint8_t> labels_of_classes(const ModelPackage& package);

/// The label of a model's own value (SegmentRule::value): the number of its segment, or 0.
std::uint8_t label_of_value(const ModelPackage& package, int value);

class LabelTarget {
 public:
  /// @param stream  of the GPU whose memory slabs lie in; nothing on the CPU
  LabelTarget(const WindowedTask& task, const ShownGrid& shown, const Stream* stream);

  /// Decides the cells of a slab. @throws Error model: another number of classes than stated
  void take(const ScoreSlab& slab);

  /// After the last slab: labels on the source's grid, filtered.
  std::vector<std::uint8_t> finish(const Device& device);

  KeptScores take_scores() { return std::move(*scores_); }

 private:
  void reserve_scores(std::int64_t voxels);
  void decide(const ScoreSlab& slab);
  void keep(const ScoreSlab& slab);
  void filter(const Device& device, bool on_network, const Size3& size,
              std::span<std::uint8_t> labels) const;

  const WindowedTask& task_;
  ShownGrid shown_;
  GridPlace place_;
  Affine to_source_;  ///< index in `decided_` -> index in the source, if that is of source voxels
  const Stream* stream_;
  kernels::LabelsBackTask back_;
  std::vector<std::uint8_t> decided_;  ///< of the network's grid, or of the source voxels seen
  std::optional<DeviceBuffer> decided_there_;
  std::optional<KeptScores> scores_;
};

}  // namespace osler
