#pragma once
// Series -> where its voxels lie in patient space, with a typed verdict, before any pixel is
// decoded (but for slices that share a position). Rules and tolerances: docs/geometry.md.

#include <cstddef>
#include <string>
#include <vector>

#include "dicom/scan.hpp"
#include "volume/verdict.hpp"

namespace osler {

/// One frame of one instance: a slice. The series must outlive it.
struct SliceRef {
  const dicom::Instance* instance = nullptr;
  int index = 0;  ///< of the frame, from 0

  const dicom::Frame& frame() const { return instance->frames[static_cast<std::size_t>(index)]; }
};

/// One volume that a series can give.
struct VolumePlan {
  Grid grid;
  ScalarType type = ScalarType::i16;
  std::vector<SliceRef> slices;  ///< in slice order
  std::string told_apart;        ///< "echo time 4.92 ms", empty if the series is one volume
};

/// Reasons that refuse the whole series, or warn of a part of it; volumes that can be used, largest
/// first. A refused series whose geometry is known keeps it here for whoever lists it.
struct SeriesPlan : VolumeVerdict {
  std::vector<VolumePlan> volumes;
};

/// Spacing that differs by less is rounding of decimal strings (3D Slicer's tolerance).
inline constexpr double kSpacingToleranceMm = 0.01;
/// Direction cosines written with six digits differ by about this much between slices.
inline constexpr double kOrientationTolerance = 1e-4;
/// Row and column cosines: |length - 1| and |row . column| above this are no directions.
inline constexpr double kOrthonormalTolerance = 1e-3;
/// A step that leans less off the normal than this is rounding of positions, not a tilted gantry.
inline constexpr double kTiltToleranceDeg = 0.05;
/// A slice that lies further than this from where the grid puts it does not belong to that grid:
/// sideways it is on no straight line with the others; along the normal the spacing is uneven.
inline constexpr double kPositionToleranceMm = 0.1;
/// Between slices that lie further apart than this many times the median distance nothing is
/// interpolated: what lies there was not imaged.
inline constexpr double kWidestGap = 3.0;

/// Further from the origin nothing was imaged, and the difference of two such positions means
/// little.
inline constexpr double kFurthestPositionMm = 1e6;

struct PlanPolicy {
  /// Where slices are missing the volume is used all the same, with a warning: what lies between is
  /// interpolated for a model, and voxels count half-way into the gap.
  bool interpolate_missing_slices = false;
};

/// Sorts by position along row x column, never by Instance Number; spacing is
/// (last - first) / (n - 1), never Slice Thickness. Lists every problem.
SeriesPlan plan_series(const dicom::Series& series, const dicom::Limits& limits = {},
                       const PlanPolicy& policy = {});

/// Decodes the slices, in parallel, straight into the volume's buffer.
/// @throws Error bad_input if a slice cannot be decoded
Volume load_volume(const VolumePlan& plan, const dicom::Limits& limits = {});

}  // namespace osler
