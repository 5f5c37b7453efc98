#pragma once
// Reads a written segmentation back and measures it, from nothing but the file.

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "core/affine.hpp"
#include "findings/findings.hpp"

namespace osler::report {

struct MeasuredSegment {
  int number = 0;
  std::string label;
  std::int64_t voxels = 0;
  double volume_mm3 = 0;
  Vec3 sum_mm{};       ///< of the voxel centres, LPS
  Vec3 centroid_mm{};  ///< {0,0,0} if the segment is empty
};

struct MeasuredSegmentation {
  std::vector<MeasuredSegment> segments;  ///< in order of number
  double voxel_mm3 = 0;
  double smallest_side_mm = 0;  ///< of a voxel
};

/// Positions are those of the frames themselves, so that a tilted gantry is measured as it lies.
/// @throws Error internal if the file is not a BINARY segmentation that makes sense
MeasuredSegmentation measure_segmentation(const std::filesystem::path& file);

/// Holds every finding against the segments that it names, as they were measured in a file.
/// @throws Error internal if a voxel count differs, a volume differs by more than one voxel and
///         0.1 %, or a centroid by more than half a voxel
void verify_against(const Findings& findings, const MeasuredSegmentation& measured);

/// The same with what measure_segmentation finds.
void verify_against_segmentation(const Findings& findings, const std::filesystem::path& file);

}  // namespace osler::report
