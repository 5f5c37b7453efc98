#pragma once
// A label map -> the frames of a DICOM Segmentation, BINARY: one packed bit plane for each label
// and slice that has any voxel.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/affine.hpp"
#include "device/device.hpp"

namespace osler::kernels {

/// What one slice of a label map holds.
struct LabelSlice {
  std::uint8_t holds[256] = {};  ///< [label]: 1 if a voxel has that label, else 0
  std::int64_t runs = 0;         ///< stretches of one label along x, row by row, background too
  /// What RLE (PS3.5 annex G) makes of the slice at 8 bits a pixel, each row for itself: a run of
  /// two voxels or more is 2 bytes for every 128 begun, neighbouring single voxels are their bytes
  /// and 1 for every 128 begun. With a header of 64 bytes, and one more if odd, it is the frame of
  /// a Label Map Segmentation: whether that would be smaller than bit planes is known unwritten.
  std::int64_t rle_bytes = 0;

  bool operator==(const LabelSlice&) const = default;
};

/// Each voxel is read once.
/// @param labels  size.x * y * z of them, x fastest, host memory
/// @return one per slice
/// @throws Error bad_argument (a negative size, labels of another size), device
std::vector<LabelSlice> label_slices(const Device& device, std::span<const std::uint8_t> labels,
                                     const Size3& size);

/// The CPU twin.
std::vector<LabelSlice> label_slices_cpu(std::span<const std::uint8_t> labels, const Size3& size);

/// Queues the work; allocates nothing, wants no scratch, does not wait. All memory is the device's.
/// @param slices  receives one per slice
/// @throws Error device if the launch fails or this build has no CUDA
void label_slices_cuda(const std::uint8_t* labels, const Size3& size, LabelSlice* slices,
                       const Stream& stream);

/// One frame: the voxels of a slice that have this label.
struct BitPlane {
  std::int64_t slice = 0;
  std::uint8_t label = 0;

  bool operator==(const BitPlane&) const = default;
};

/// The planes that are not empty, segment after segment.
/// @param segments     labels
/// @param slice_order  slices as they follow each other inside a segment; those that it does not
///                     name are left out. Empty: all, ascending
/// @throws Error bad_argument if it names a slice that is not there
std::vector<BitPlane> filled_planes(std::span<const LabelSlice> slices,
                                    std::span<const std::uint8_t> segments,
                                    std::span<const std::int64_t> slice_order = {});

/// Bytes that so many planes take: their bits follow each other without padding, the end is padded
/// to an even length.
std::size_t bit_plane_bytes(const Size3& size, std::size_t planes);

/// Packs planes in the order given, whether they are empty or not. Pixel i of the concatenated
/// planes is bit i % 8, least significant first, of byte i / 8: where a plane's pixels are no
/// multiple of 8, planes share a byte (PS3.5 8.1.1).
///
/// The CPU twin reads a slice once for all of its planes and writes its runs; memory beside the
/// output: 8 bytes for each plane.
///
/// @param labels  size.x * y * z of them, x fastest, host memory
/// @param planes  no two alike
/// @param packed  `bit_plane_bytes` of them, host memory; all are written
/// @throws Error bad_argument (sizes, a slice that is not there, a plane that comes twice), device
void pack_bit_planes(const Device& device, std::span<const std::uint8_t> labels, const Size3& size,
                     std::span<const BitPlane> planes, std::span<std::uint8_t> packed);

/// The CPU twin. Bit-identical for any number of threads.
void pack_bit_planes_cpu(std::span<const std::uint8_t> labels, const Size3& size,
                         std::span<const BitPlane> planes, std::span<std::uint8_t> packed);

/// Planes in device memory.
struct PlanesOnDevice {
  const BitPlane* planes = nullptr;
  std::size_t count = 0;
};

/// Queues the work; allocates nothing, wants no scratch, does not wait. All memory is the device's.
/// @param packed  `bit_plane_bytes` of them, aligned to 2 bytes
/// @throws Error device if the launch fails or this build has no CUDA
void pack_bit_planes_cuda(const std::uint8_t* labels, const Size3& size,
                          const PlanesOnDevice& planes, std::uint8_t* packed, const Stream& stream);

}  // namespace osler::kernels
