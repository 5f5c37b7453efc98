#include "kernels/bit_planes.hpp"
#include "kernels/bit_planes_math.hpp"
#include "kernels/cuda_launch.cuh"

namespace osler::kernels {
namespace {

constexpr unsigned kAllLanes = 0xffffffff;
constexpr unsigned kLanes = 32;

__device__ void add(std::int64_t* sum, std::int64_t value) {
  atomicAdd(reinterpret_cast<unsigned long long*>(sum), static_cast<unsigned long long>(value));
}

/// One warp a row: each lane tells whether a run begins at its voxel, all follow the runs.
__global__ void slices_kernel(const std::uint8_t* labels, std::int64_t nx, std::int64_t ny,
                              std::int64_t rows, LabelSlice* slices) {
  const std::int64_t row = this_item() / kLanes;
  if (row >= rows) return;
  const unsigned lane = threadIdx.x % kLanes;
  const std::uint8_t* own = labels + row * nx;
  LabelSlice& slice = slices[row / ny];
  RowRuns found;
  std::int64_t begin = 0;
  for (std::int64_t x = 0; x < nx; x += kLanes) {
    const std::int64_t i = x + lane;
    const bool begins = i < nx && (i == 0 || own[i] != own[i - 1]);
    if (begins) slice.holds[own[i]] = 1;  // several threads may write the same 1
    for (unsigned mask = __ballot_sync(kAllLanes, begins); mask != 0; mask &= mask - 1) {
      const std::int64_t next = x + __ffs(static_cast<int>(mask)) - 1;
      if (next > begin) found.take(next - begin);
      begin = next;
    }
  }
  found.take(nx - begin);
  found.end_singles();
  if (lane != 0) return;
  add(&slice.runs, found.runs);
  add(&slice.rle_bytes, found.rle_bytes);
}

/// One thread a bit: the bits of a warp are 4 bytes, their order that of the lanes.
__global__ void pack_kernel(PlaneBits bits, std::uint16_t* packed, std::int64_t words) {
  const std::int64_t i = this_item();
  const unsigned lane = threadIdx.x % kLanes;
  const unsigned mask = __ballot_sync(kAllLanes, bits.at(i));
  if (lane % 16 == 0 && i / 16 < words) packed[i / 16] = static_cast<std::uint16_t>(mask >> lane);
}

}  // namespace

void label_slices_cuda(const std::uint8_t* labels, const Size3& size, LabelSlice* slices,
                       const Stream& stream) {
  check_cuda(cudaMemsetAsync(slices, 0, static_cast<std::size_t>(size[2]) * sizeof(LabelSlice),
                             native(stream)),
             "clear label slices");
  const std::int64_t rows = size[1] * size[2];
  if (rows * size[0] == 0) return;
  slices_kernel<<<blocks_for(rows * kLanes), kThreads, 0, native(stream)>>>(labels, size[0],
                                                                            size[1], rows, slices);
  check_cuda(cudaGetLastError(), "label slices launch");
}

void pack_bit_planes_cuda(const std::uint8_t* labels, const Size3& size,
                          const PlanesOnDevice& planes, std::uint8_t* packed,
                          const Stream& stream) {
  const auto words = static_cast<std::int64_t>(bit_plane_bytes(size, planes.count) / 2);
  if (words == 0) return;
  const PlaneBits bits{labels, size[0] * size[1], planes.planes,
                       static_cast<std::int64_t>(planes.count)};
  pack_kernel<<<blocks_for(words * 16), kThreads, 0, native(stream)>>>(
      bits, reinterpret_cast<std::uint16_t*>(packed), words);
  check_cuda(cudaGetLastError(), "pack bit planes launch");
}

}  // namespace osler::kernels
