#pragma once
// The frame in which a head is looked for: axes along the volume's own axes, each named after the
// patient axis that it is nearest to, origin at the middle of the volume, millimetres. How the
// scanner's header tilts the volume in the room does not matter there, so neither does it to the
// search; storage order and flips do not either.

#include <vector>

#include "kernels/resample.hpp"
#include "volume/volume.hpp"

namespace osler {

struct HeadFrame {
  Affine head_to_lps;    ///< a rotation and a translation
  Affine index_to_head;  ///< of the volume's grid; holds scaling, axis order, flips and shear only
};

/// @throws Error bad_argument if the grid is degenerate
HeadFrame head_frame(const Grid& grid);

/// The rotation that is nearest to a linear map (its polar factor); determinant must be positive.
Affine nearest_rotation(const Affine& map);

/// Block means of a volume at about `spacing_mm`, axes +x +y +z of the head frame. The map is
/// rounded so that the last digits of a header do not reach the search.
struct CoarseHead {
  Size3 size{};
  Affine index_to_head;
  std::vector<float> voxels;
};
CoarseHead coarse_head(const kernels::SourcePlace& source, const Grid& grid, const HeadFrame& frame,
                       double spacing_mm);

}  // namespace osler
