#pragma once
// The grid that a network which sees the whole image wants, and how intensities are normalised.

#include "core/affine.hpp"
#include "kernels/resample.hpp"
#include "registry/steps.hpp"
#include "volume/volume.hpp"

namespace osler {

struct NetworkGrid {
  Size3 size{0, 0, 0};
  /// Index on this grid -> index (slice place) on the source's; no term mixes axes but to reorder
  /// them.
  Affine to_source;
};

/// @param source  regular
/// @throws Error bad_input if the grid would have more than `limit` voxels
NetworkGrid place_network_grid(const Grid& source, const ResampleStep& step, std::int64_t limit);

/// What `resample` needs to make the network's image.
kernels::ResampleTask resample_task(const NetworkGrid& grid, const ResampleStep& step,
                                    const kernels::Normalisation& normalisation);

/// @param source  host memory; padding counts as its value there
/// @throws Error bad_input if statistics are wanted of an image without spread
kernels::Normalisation normalisation_of(const Device& device, const kernels::SourceView& source,
                                        const NormaliseStep& step);

}  // namespace osler
