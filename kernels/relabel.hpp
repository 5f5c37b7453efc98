#pragma once
// Labels of a label map changed by tables, and a box of labels put where it belongs.

#include <array>
#include <cstdint>
#include <span>

#include "core/affine.hpp"
#include "device/device.hpp"

namespace osler::kernels {

/// A label for each label.
using LabelTable = std::array<std::uint8_t, 256>;

/// All of the CUDA functions queue the work, allocate nothing, and do not wait; all memory is the
/// device's. They throw Error device if a launch fails or this build has no CUDA.

/// to[i] = table[from[i]]. Both may be the same memory.
void relabel_cpu(std::span<const std::uint8_t> from, const LabelTable& table,
                 std::span<std::uint8_t> to);
void relabel_cuda(const std::uint8_t* from, std::int64_t voxels, const LabelTable& table,
                  std::uint8_t* to, const Stream& stream);

/// Where labels[i] is 0 it becomes table[found[i]].
void fill_background_cpu(std::span<const std::uint8_t> found, const LabelTable& table,
                         std::span<std::uint8_t> labels);
void fill_background_cuda(const std::uint8_t* found, std::int64_t voxels, const LabelTable& table,
                          std::uint8_t* labels, const Stream& stream);

/// Where found[i] is 0 labels[i] becomes table[labels[i]].
void relabel_lost_cpu(std::span<const std::uint8_t> found, const LabelTable& table,
                      std::span<std::uint8_t> labels);
void relabel_lost_cuda(const std::uint8_t* found, std::int64_t voxels, const LabelTable& table,
                       std::uint8_t* labels, const Stream& stream);

/// Where the voxels of a box lie in memory of another order: voxel {x, y, z} at
/// first + x step[0] + y step[1] + z step[2]. No two at one place.
struct BoxPlace {
  Size3 size{0, 0, 0};
  std::int64_t first = 0;
  Size3 step{0, 0, 0};
};

/// @param box  place.size.x * y * z of them, x fastest
void place_box_cpu(std::span<const std::uint8_t> box, const BoxPlace& place,
                   std::span<std::uint8_t> labels);
void place_box_cuda(const std::uint8_t* box, const BoxPlace& place, std::uint8_t* labels,
                    const Stream& stream);

}  // namespace osler::kernels
