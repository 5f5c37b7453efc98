#pragma once
// Several models' scores to the labels of a package that is an ensemble. Inside the room only.

#include <vector>

#include "device/device.hpp"
#include "pipeline/windowed.hpp"
#include "registry/package.hpp"

namespace osler {

/// Labels from the mean of the members' probabilities, decided slice by slice on the source's grid
/// as nnU-Net's convert_probabilities_to_segmentation does: the highest, the lowest class of equal
/// ones; of regions each that is above the threshold, the last in the order. Then filtered.
/// @param package  an ensemble
/// @param members  in its order; they go with the result
/// @param grid     the source's, on which their places are
WindowedResult decide_by_mean(const ModelPackage& package, std::vector<KeptScores> members,
                              const Grid& grid, const Device& device);

}  // namespace osler
