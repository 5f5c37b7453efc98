#pragma once
// What a package does with labels after they were decided.

#include <cstdint>
#include <functional>
#include <span>

#include "core/affine.hpp"
#include "device/device.hpp"
#include "registry/steps.hpp"

namespace osler {

/// Applies one filter in place, in host memory. Labels are numbers of segments, the filter's values
/// are the model's.
/// - keep_largest: of each value, or of all together, the largest component stays; of two of one
///   size the one whose first voxel comes first.
/// - remove_small: components of fewer than min_voxels go.
/// - fill_holes: what a component of a value encloses becomes that value where it is background.
/// - keep_values: the others go.
/// @param labels   size.x * y * z, x fastest
/// @param label_of the label of a value; 0: it has none
void filter_labels(const Device& device, const LabelFilter& filter,
                   const std::function<std::uint8_t(int)>& label_of, const Size3& size,
                   std::span<std::uint8_t> labels);

/// The same on a stream. @param labels  device memory
/// @throws Error device
void filter_labels(const LabelFilter& filter, const std::function<std::uint8_t(int)>& label_of,
                   const Size3& size, std::uint8_t* labels, const Stream& stream);

}  // namespace osler
