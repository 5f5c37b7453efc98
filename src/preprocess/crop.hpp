#pragma once
// The part of a head that a network sees: 1 mm voxels, axes R, A, S of the template turned with the
// head, mirrored for a side that the network knows only as the other one.

#include <vector>

#include "kernels/resample.hpp"
#include "registry/package.hpp"

namespace osler {

/// The infinite 1 mm grid around one place. Index (0, 0, 0) is the place itself; +x runs to the
/// patient's right (to the left if mirrored), +y to the front, +z to the head.
/// @param template_to_lps  affine, template LPS mm -> patient LPS mm
/// @return index -> LPS mm; a rotation (and reflection), so one voxel is 1 mm3
Affine crop_axes(const Affine& template_to_lps, const Side& side);

/// Values of an image and how they are made comparable: clipped to two percentiles, then z-scored.
/// Percentiles interpolate linearly between order statistics; the SD divides by n.
/// @throws Error bad_input if the values have no spread
kernels::Normalisation z_score(const std::vector<float>& values,
                               const std::array<double, 2>& percentiles);

/// A box of a crop grid, in its (possibly negative) indices.
struct CropBox {
  Size3 begin{};
  Size3 size{};
};

/// Where voxel (0, 0, 0) of a frame lies in crop indices if the box stands in its middle.
Size3 frame_origin(const CropBox& box, const Size3& frame);

/// What the network is shown.
struct NetworkInput {
  Affine index_to_lps;  ///< of the frame's voxels
  Size3 origin{};       ///< crop index of the frame's voxel (0, 0, 0)
  Size3 size{};
  std::vector<float> values;  ///< normalised
};

/// How a network input is cut: `frame` voxels with the box `visible` in its middle; intensities are
/// normalised by those in the box `statistics`; outside of `visible` the input is 0 (the mean).
struct CropTask {
  Affine crop_to_lps;
  Size3 frame{};
  CropBox visible;
  CropBox statistics;
  std::array<double, 2> clip_percentiles{0, 100};
};

/// @param lps_to_index  of the source volume
/// @throws Error bad_input if the box holds no image
NetworkInput cut_out(const kernels::SourcePlace& source, const Affine& lps_to_index,
                     const CropTask& task);

}  // namespace osler
