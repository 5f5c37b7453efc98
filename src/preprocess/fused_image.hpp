#pragma once
// Image steps that are one pass from the scanner's integers to the network's image.

#include <cstdint>
#include <optional>

#include "device/device.hpp"
#include "kernels/resample.hpp"
#include "preprocess/network_grid.hpp"
#include "registry/image_steps.hpp"
#include "volume/volume.hpp"

namespace osler {

struct FusedImage {
  NetworkGrid grid;
  kernels::ResampleTask resample;
};

/// One channel; at most one resampling of edges or first voxels and one normalisation: behind it
/// with given numbers, or before it without a clip (both are linear then, and change places).
/// @param source  the image's, host memory
/// @return nothing if the steps are others
/// @throws Error bad_input: no contrast, a grid that is too large
std::optional<FusedImage> fuse_image_steps(const Device& device, const ImageSteps& steps,
                                           const Volume& image, const kernels::SourceView& source,
                                           std::int64_t most_voxels);

}  // namespace osler
