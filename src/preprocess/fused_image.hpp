#pragma once
// Image steps that are one pass from the scanner's integers to the network's image.

#include <cstdint>

#include "kernels/resample.hpp"
#include "preprocess/network_grid.hpp"
#include "registry/image_steps.hpp"
#include "volume/volume.hpp"

namespace osler {

struct FusedImage {
  NetworkGrid grid;
  kernels::ResampleTask resample;
};

/// Whether the steps are such: at most one resampling of edges or first voxels and one
/// normalisation: behind it with given numbers, or before it without a clip (both are linear then,
/// and change places).
bool can_fuse(const ImageSteps& steps);

/// Of the one channel of such steps. @param source  the image's
/// @throws Error bad_input: no contrast, a grid that is too large; bad_argument: steps are others
FusedImage fuse_image_steps(const ImageSteps& steps, const Volume& image,
                            const kernels::SourcePlace& source, std::int64_t most_voxels);

}  // namespace osler
