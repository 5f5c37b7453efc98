#pragma once
// Reads a written segmentation back and measures it, from nothing but the file.

#include <cstdint>
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include "core/affine.hpp"
#include "findings/findings.hpp"

namespace osler::objects {

struct MeasuredSegment {
  int number = 0;
  std::string label;
  std::int64_t voxels = 0;
  double volume_mm3 = 0;
  Vec3 moment{};       ///< sum of the voxel centres, LPS mm, each times its volume in mm3
  Vec3 centroid_mm{};  ///< moment / volume; {0,0,0} if the segment is empty
};

struct MeasuredSegmentation {
  std::vector<MeasuredSegment> segments;  ///< in order of number
  double voxel_mm3 = 0;                   ///< of the largest voxel, if frames differ in thickness
  double smallest_side_mm = std::numeric_limits<double>::infinity();  ///< of a voxel
};

/// Positions are those of the frames themselves, so that a tilted gantry is measured as it lies.
/// Frames are as thick as Spacing Between Slices says, or each as its own Slice Thickness, where
/// Pixel Measures belong to the frame.
/// @throws Error internal if the file is not a BINARY or LABELMAP segmentation that makes sense
MeasuredSegmentation measure_segmentation(const std::filesystem::path& file);

/// Holds every finding against the segments that it names, as they were measured in a file.
/// @throws Error internal if a voxel count differs, a volume differs by more than one voxel and
///         0.1 %, or a centroid by more than half a voxel
void verify_against(const Findings& findings, const MeasuredSegmentation& measured);

/// The same with what measure_segmentation finds.
void verify_against_segmentation(const Findings& findings, const std::filesystem::path& file);

}  // namespace osler::objects
