#pragma once
// What is done with the components of each class of a label map: the largest kept, small ones
// removed, holes filled. All of it in place.

#include <cstdint>
#include <span>

#include "kernels/components.hpp"

namespace osler::kernels {

/// A label map that is written. A class is a label that is not 0; a component is of one class.
struct LabelMap {
  void* voxels = nullptr;  ///< size.x * y * z of them, x fastest; host memory, unless said
  ScalarType type = ScalarType::u8;
  Size3 size{0, 0, 0};

  LabelView view() const { return {voxels, type, size}; }
};

/// Each of the three throws Error bad_argument as `components` does, or device. Memory beside the
/// map, CPU: that of the runs (see `components`), no volume. CUDA: the map, 8 bytes for each voxel,
/// and for the first two 4 for each component.

/// Of each class only the largest component stays; of two of one size the one whose first voxel
/// comes first in memory.
void keep_largest_components(const Device& device, const LabelMap& map, Connectivity connectivity);

/// Components of fewer than `least` voxels become 0.
void remove_small_components(const Device& device, const LabelMap& map, Connectivity connectivity,
                             std::int64_t least);

/// A hole of a class is a component of the voxels that are not of it which does not touch the
/// border of the volume (scipy.ndimage.binary_fill_holes; its default is `faces`). Those voxels of
/// holes that are 0 get the class; other classes inside stay what they are. The classes are taken
/// in the order given and the first has the voxel: of nested classes name the inner one first.
void fill_holes(const Device& device, const LabelMap& map, std::span<const std::uint16_t> classes,
                Connectivity of_holes = Connectivity::faces);

/// The same of a map in device memory, on a stream: they wait for the number of components (a few
/// bytes), not for the end.
void keep_largest_components(const LabelMap& map, Connectivity connectivity, const Stream& stream);
void remove_small_components(const LabelMap& map, Connectivity connectivity, std::int64_t least,
                             const Stream& stream);
void fill_holes(const LabelMap& map, std::span<const std::uint16_t> classes, Connectivity of_holes,
                const Stream& stream);

/// Components on the device, and how many they are.
struct ComponentsFound {
  const std::uint32_t* numbers = nullptr;
  std::int64_t count = 0;
};

/// The filters' device parts. All pointers are device memory; they queue, allocate nothing, and do
/// not wait; they throw Error device if a launch fails or this build has no CUDA.

/// @param sizes  voxels of each component that `numbers` tell of
/// @param best   65536 numbers, scratch
void keep_largest_cuda(const LabelMap& map, const std::uint32_t* numbers,
                       const std::uint32_t* sizes, std::uint64_t* best, const Stream& stream);
void remove_small_cuda(const LabelMap& map, const std::uint32_t* numbers,
                       const std::uint32_t* sizes, std::int64_t least, const Stream& stream);
/// @param others  one byte for each voxel: receives 1 where the label is not `label`
void mark_others_cuda(const LabelMap& map, std::uint16_t label, std::uint8_t* others,
                      const Stream& stream);
/// @param found      components of what `mark_others_cuda` marked
/// @param at_border  one byte for each component, scratch
void fill_holes_cuda(const LabelMap& map, std::uint16_t label, const ComponentsFound& found,
                     std::uint8_t* at_border, const Stream& stream);

}  // namespace osler::kernels
