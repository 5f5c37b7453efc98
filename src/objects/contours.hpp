#pragma once
// Outlines of the segments in one slice of a label map, for RT Structure Sets and Presentation
// States.
//
// A vertex lies half-way between the centre of a voxel of the segment and that of a neighbour
// (along a row or a column) outside of it; an edge cuts the corner between two such points
// (marching squares). What follows:
// - No edge comes near to a centre, so that the even-odd rule (and the non-zero rule: holes run the
//   other way) gives back the very voxels.
// - Straight and diagonal borders are single edges: collinear points are left out.
// - The enclosed area, in voxels, is their number less half a voxel for each outer outline, and
//   half a voxel more for each hole, whatever the size. One voxel alone is a diamond of area 1/2.
// - No outline touches itself or another one of the same segment.

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "findings/findings.hpp"

namespace osler::objects {

/// A closed polygon of three points or more, the last not repeated. Voxels of a segment that share
/// a side or a corner are in one outline (8 neighbours); a hole's voxels share sides (4).
struct Outline {
  int segment = 0;
  std::int64_t slice = 0;
  bool hole = false;  ///< its inside is not the segment's, but for outlines in it
  /// Index coordinates (column, row), a voxel's centre at whole numbers, each a multiple of 1/2.
  /// From -1/2 to the side's length - 1/2. Area (shoelace) is positive, of a hole negative.
  std::vector<std::array<double, 2>> points;
};

/// Of one segment, in no order that means anything (an island may come before the hole that it lies
/// in). Linear in the voxels.
/// @param labels_of_slice  columns x rows, columns fastest; 0 is the background
/// @param segment          1 to 255
/// @param slice            is written into the outlines
/// @throws Error bad_argument if there are not columns x rows labels, or no such segment can be
std::vector<Outline> outlines_of_slice(std::span<const std::uint8_t> labels_of_slice,
                                       std::int64_t columns, std::int64_t rows, int segment,
                                       std::int64_t slice = 0);

/// Of all segments at once, those of a segment together, segments ascending; each voxel is looked
/// at once whatever their number.
/// @throws Error bad_argument if there is no such slice or the labels do not fill their grid
std::vector<Outline> outlines_of_slice(const LabelMap& labels, std::int64_t slice);

}  // namespace osler::objects
