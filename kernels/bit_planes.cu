#include <cuda/std/bit>

#include "kernels/bit_planes.hpp"
#include "kernels/bit_planes_math.hpp"
#include "kernels/queue.cuh"

namespace osler::kernels {
namespace {

/// One warp a row: each lane tells whether a run begins at its voxel, all follow the runs.
struct TakeRow {
  const std::uint8_t* labels;
  std::int64_t nx, ny;
  LabelSlice* slices;

  OSLER_DEVICE void operator()(const Group<32>& warp, std::int64_t row) const {
    const std::uint8_t* own = labels + row * nx;
    LabelSlice& slice = slices[row / ny];
    RowRuns found;
    std::int64_t begin = 0;
    for (std::int64_t x = 0; x < nx; x += 32) {
      unsigned begins = warp.vote([&](int lane) {
        const std::int64_t i = x + lane;
        if (i >= nx || (i > 0 && own[i] == own[i - 1])) return false;
        slice.holds[own[i]] = 1;  // several threads may write the same 1
        return true;
      });
      for (; begins != 0; begins &= begins - 1) {
        const std::int64_t next = x + cuda::std::countr_zero(begins);
        if (next > begin) found.take(next - begin);
        begin = next;
      }
    }
    found.take(nx - begin);
    found.end_singles();
    warp.each([&](int lane) {
      if (lane != 0) return;
      add(&slice.runs, std::int64_t{found.runs});
      add(&slice.rle_bytes, std::int64_t{found.rle_bytes});
    });
  }
};

/// One thread a bit: the bits of a warp are 4 bytes, their order that of the lanes.
struct Pack {
  PlaneBits bits;
  std::uint16_t* packed;

  OSLER_DEVICE bool vote(std::int64_t i) const { return bits.at(i); }
  OSLER_DEVICE void operator()(std::int64_t i, int lane, unsigned set) const {
    if (lane % 16 == 0) packed[i / 16] = static_cast<std::uint16_t>(set >> lane);
  }
};

}  // namespace

void label_slices_cuda(const std::uint8_t* labels, const Size3& size, LabelSlice* slices,
                       const Stream& stream) {
  const Queue queue("label slices", stream);
  queue.clear(slices, static_cast<std::size_t>(size[2]) * sizeof(LabelSlice));
  if (voxel_count(size) == 0) return;
  queue.warps("rows", size[1] * size[2], TakeRow{labels, size[0], size[1], slices});
}

void pack_bit_planes_cuda(const std::uint8_t* labels, const Size3& size,
                          const PlanesOnDevice& planes, std::uint8_t* packed,
                          const Stream& stream) {
  const auto words = static_cast<std::int64_t>(bit_plane_bytes(size, planes.count) / 2);
  const PlaneBits bits{labels, size[0] * size[1], planes.planes,
                       static_cast<std::int64_t>(planes.count)};
  Queue("bit planes", stream)
      .each_voting("pack", words * 16, Pack{bits, reinterpret_cast<std::uint16_t*>(packed)});
}

}  // namespace osler::kernels
