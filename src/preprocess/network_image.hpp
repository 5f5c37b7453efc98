#pragma once
// What a network is shown: a package's image steps, carried out on the CPU.

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "device/device.hpp"
#include "kernels/patches.hpp"
#include "preprocess/network_grid.hpp"
#include "registry/image_steps.hpp"
#include "volume/volume.hpp"

namespace osler {

/// Labels that an earlier stage of a package gave, on the source's grid.
struct StageLabels {
  std::span<const std::uint8_t> labels;    ///< as many as the source has voxels; 0 background
  std::map<std::string, int> of_segments;  ///< the label of each segment, by its name
  std::map<int, int> of_values;            ///< and by its value (SegmentRule::value)
};

struct ImageTask {
  std::vector<const Volume*> channels;  ///< all on the grid of the first, which is regular
  const ImageSteps& steps;
  std::map<std::string, StageLabels> stages{};
  std::int64_t most_voxels = 0;  ///< of one channel
};

/// Channel after channel on one grid, x fastest.
struct NetworkImage {
  int channels = 0;
  NetworkGrid grid;
  std::vector<float> values;
  /// Source voxels begin <= i < end that the steps looked at; beyond them nothing is found.
  Size3 seen_begin{0, 0, 0};
  Size3 seen_end{0, 0, 0};

  kernels::ImageView view() const { return {values.data(), channels, grid.size}; }
};

/// Beside the image it holds another one of at most the source's size, as floats.
/// @throws Error bad_input: nothing to crop to, no contrast, a grid that is too large
NetworkImage make_network_image(const Device& device, const ImageTask& task);

}  // namespace osler
