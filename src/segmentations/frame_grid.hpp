#pragma once
// Where the frames of a segmentation lie: the grid that they span, or their slices on a given one.
// Inside the room only.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dicom/study.hpp"
#include "volume/volume.hpp"

namespace osler::segmentations {

/// Frames further than this from a slice are not in it; as much as a slice of a series may be off
/// its grid.
inline constexpr double kOffSliceMm = 0.1;

struct FrameGrid {
  Grid grid;
  std::vector<std::int64_t> slice_of_frame;
};

/// @param spacing_between_slices_mm  as the object says, if it does: its multiples are taken for
/// the distances of the frames where they can be, else the least of these is the step. A single
/// slice is as thick as the object says, or 1 mm.
/// @throws Error bad_input: frames without a place in a patient or in planes that differ, on no
/// regular grid, or of more than 2^20 slices
FrameGrid grid_of_frames(const dicom::Instance& instance,
                         std::optional<double> spacing_between_slices_mm);

/// Whether every frame is a slice of the grid, and which. @return the slices, or why not
struct Coincidence {
  std::vector<std::int64_t> slice_of_frame;
  std::string difference;  ///< empty if they coincide
};
Coincidence slices_on(const dicom::Instance& instance, const Grid& grid);

/// The slice of a grid whose plane a point is nearest to, and how far from it, mm, along the
/// normal.
struct NearestSlice {
  std::int64_t slice = 0;
  double distance_mm = 0;
};
NearestSlice nearest_slice(const Grid& grid, const Vec3& point_mm);

}  // namespace osler::segmentations
