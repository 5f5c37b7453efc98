#pragma once
// Probabilities on the network's grid -> labels on the source grid, where the numbers are taken.

#include <cstdint>
#include <span>
#include <vector>

#include "core/affine.hpp"
#include "device/device.hpp"
#include "kernels/source_view.hpp"
#include "postprocess/probabilities.hpp"
#include "volume/volume.hpp"

namespace osler {

/// Evidence beyond which a voxel of the network's grid counts as certain, in nats of log odds.
///
/// Interpolating probabilities and then applying a threshold above one half eats into the
/// structure: between a certain inside (1) and a certain outside (0), 0.75 is reached a quarter of
/// a voxel from the inside centre and not half-way, which took 12 % off a hippocampus. Log odds
/// against the threshold, held to plus and minus the same bound, put a sharp edge half-way between
/// two centres, as counting voxels on the network's grid does, and keep what a soft edge says below
/// a voxel.
inline constexpr float kEvidenceBound = 2.0F;

/// Writes into `labels` (as many as the grid has voxels, c fastest), for every source voxel whose
/// centre lies on the network's grid: the log odds of the foreground against `threshold`, held to
/// kEvidenceBound, are interpolated linearly; where they are above 0 the voxel takes `label_of[c]`
/// of the class with the highest interpolated probability (the lower class if equal). Only the
/// largest component (26 neighbours) of what would be written is written. Voxels that have a label
/// already keep it.
/// @param label_of  one per class; label_of[0] is not used
/// @return voxels written
std::int64_t paint(const Probabilities& p, double threshold, std::span<const std::uint8_t> label_of,
                   const Grid& grid, std::span<std::uint8_t> labels);

/// Count, volume and centre of the voxels of one label. Where slices are unevenly spaced, each
/// voxel weighs what it holds (Grid::voxel_mm3).
struct LabelStatistics {
  std::int64_t voxels = 0;
  double volume_mm3 = 0;
  Vec3 centroid_mm{};       ///< LPS
  std::int64_t valued = 0;  ///< voxels whose intensities were given and are no padding
  double mean = 0;          ///< of their real values, each counted once
  double sd = 0;            ///< divided by n
  double min = 0;
  double max = 0;
};

/// @param intensities  of the same grid, or nothing
/// @return one per label 0..max_label (entry 0 is background, not computed)
std::vector<LabelStatistics> label_statistics(const Device& device,
                                              std::span<const std::uint8_t> labels,
                                              const Grid& grid, int max_label,
                                              const kernels::SourceView* intensities = nullptr);

}  // namespace osler
