#pragma once
// What all forms of a segmentation say of their segments, frames and places.

#include <string>
#include <vector>

#include "findings/findings.hpp"
#include "objects/multi_frame_file.hpp"
#include "volume/volume.hpp"

class DcmItem;

namespace osler::objects {

/// Segment Sequence, in order of number.
void put_segments(DcmItem& object, DcmItem& source, const Findings& findings);

/// Multi-frame Dimension: Segment Number where frames are of segments, then Image Position.
void put_dimensions(DcmItem& object, const Findings& findings, bool by_segment);

/// A frame: the voxels of one slice, of one segment or, as 0, of all.
struct SegmentFrame {
  std::int64_t slice = 0;
  std::uint16_t segment = 0;
};

/// Per-Frame Functional Groups, encoded: dimension index, position, measures if slices are uneven,
/// derivation, and the segment if frames are of segments.
std::vector<std::string> encode_frame_groups(const Findings& findings, const Grid& grid,
                                             const std::vector<SegmentFrame>& frames);

}  // namespace osler::objects
