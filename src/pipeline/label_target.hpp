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
#include "postprocess/label_measure.hpp"
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
  /// On a GPU the labels stay there, on the task's lane, until they are finished.
  LabelTarget(const WindowedTask& task, const ShownGrid& shown);

  /// Decides the cells of a slab. @throws Error model: another number of classes than stated
  void take(const ScoreSlab& slab);

  /// After the last slab: labels on the source's grid, filtered.
  std::vector<std::uint8_t> finish(const Device& device);

  /// Then, if they were asked for, what the labels hold.
  std::vector<LabelStatistics> take_statistics() { return std::move(statistics_); }

  KeptScores take_scores() { return std::move(*scores_); }

 private:
  void reserve_scores(std::int64_t voxels);
  void decide(const ScoreSlab& slab);
  void keep(const ScoreSlab& slab);
  void filter(const Device& device, bool on_network, const Size3& size,
              std::span<std::uint8_t> labels) const;
  void filter_there(bool on_network, const Size3& size, std::uint8_t* labels) const;
  std::vector<std::uint8_t> to_source();
  std::vector<std::uint8_t> finish_here(const Device& device);
  std::vector<std::uint8_t> finish_there(const Device& device);
  void prepare_measure();
  bool is_whole_source() const;
  std::size_t voxels_decided() const;

  const WindowedTask& task_;
  ShownGrid shown_;
  GridPlace place_;
  Affine to_source_;  ///< index in `decided_` -> index in the source, if that is of source voxels
  kernels::LabelsBackTask back_;
  /// Of the network's grid, or of the source voxels seen. With a GPU those that it could not decide
  /// for lack of memory; empty if there are none.
  std::vector<std::uint8_t> decided_;
  std::optional<DeviceBuffer> decided_there_;  ///< each voxel is decided once, here or there
  std::optional<KeptScores> scores_;
  kernels::SourceView values_;  ///< under the labels, where those are
  std::optional<LabelMeasure> measure_;
  std::vector<LabelStatistics> statistics_;
};

}  // namespace osler
