#pragma once
// Images that a network sees side by side, as its channels.

#include <memory>
#include <string>
#include <vector>

#include "volume/volume.hpp"

namespace osler {

using SharedVolume = std::shared_ptr<const Volume>;
using ChannelVolumes = std::vector<SharedVolume>;  ///< in the order of ModelPackage::channels

/// Grids that lie no further apart than this at any corner are one: exporters round positions.
inline constexpr double kSameGridMm = 0.01;

/// The channels on the first one's grid. Those of the same frame of reference that lie on another
/// grid are resampled linearly onto it; voxels that they do not cover are 0.
/// @param names  for messages
/// @throws Error bad_input: a channel of another frame of reference, or a file on another grid:
/// nothing says where it lies against the first
ChannelVolumes on_one_grid(ChannelVolumes channels, const std::vector<std::string>& names);

/// Series Instance UID, or the name of the file.
std::string name_of(const Volume& volume);

}  // namespace osler
