#pragma once
// The grid that a network sees an image on: where it lies on the scanner's, step by step.

#include <array>
#include <cstdint>

#include "core/affine.hpp"
#include "registry/image_steps.hpp"
#include "volume/volume.hpp"

namespace osler {

struct NetworkGrid {
  Size3 size{0, 0, 0};
  /// Index on this grid -> index (slice place) on the source's; no term mixes axes but to reorder
  /// them.
  Affine to_source;
  Vec3 spacing_mm{1, 1, 1};  ///< along the grid's own axes
};

/// The source's own grid, its axes reordered and turned. The source's k is the order of slices in
/// its file, where read_exchange has turned them round. @param source  regular
NetworkGrid orient(const Volume& source, const OrientStep& step);

/// The grids behind a step. Each throws Error bad_input if it would have more than `limit` voxels.
NetworkGrid resampled(const NetworkGrid& grid, const ResampleStep& step, std::int64_t limit);
NetworkGrid resized(const NetworkGrid& grid, const Size3& size, std::int64_t limit);

/// Voxels begin <= i < begin + size of a grid; where that reaches beyond it, voxels are added.
NetworkGrid part_of(const NetworkGrid& grid, const Size3& begin, const Size3& size,
                    std::int64_t limit);

/// round(n old / new) voxels for n of old mm each, half-way to even as Python and NumPy round; at
/// least one.
std::int64_t voxels_at(std::int64_t n, double old_mm, double new_mm);

/// nnU-Net's get_do_separate_z and get_lowres_axis: the axis along which slices are so far apart
/// that they are resized one by one. @return -1: there is none
int separate_axis(const Vec3& current_mm, const Vec3& wanted_mm, const NnunetResampleStep& rule);

}  // namespace osler
