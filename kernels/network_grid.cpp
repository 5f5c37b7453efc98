#include "kernels/network_grid.hpp"

// One formula for all processors: each function is compiled for several instruction sets and the
// program takes the best that the machine has. Contraction to fused multiply-add is off for the
// whole room (CMakeLists.txt), so that they give the same bits.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__SANITIZE_ADDRESS__)
#define OSLER_CLONES __attribute__((target_clones("avx2", "default")))
#else
#define OSLER_CLONES
#endif

namespace osler::kernels {

OSLER_CLONES
void take_higher_16(const std::uint16_t* __restrict scores, std::int64_t n, std::int16_t infinity,
                    std::int16_t own, std::int16_t* __restrict best,
                    std::int16_t* __restrict second, std::int16_t* __restrict top) {
  for (std::int64_t i = 0; i < n; ++i) {
    const auto bits = static_cast<std::int16_t>(scores[i]);
    const auto magnitude = static_cast<std::int16_t>(bits & 0x7FFF);
    const auto sign = static_cast<std::int16_t>(bits >> 15);
    // Masks, not branches, or the loop is not made one of vectors.
    const auto nan = static_cast<std::int16_t>(-(magnitude > infinity));
    const auto number = static_cast<std::int16_t>((magnitude ^ sign) - sign);
    const auto key = static_cast<std::int16_t>((number & ~nan) | (nan & -32768));
    const std::int16_t before = best[i];
    const auto higher = static_cast<std::int16_t>(-(key > before));
    second[i] = std::max(second[i], std::min(key, before));
    top[i] = static_cast<std::int16_t>((own & higher) | (top[i] & ~higher));
    best[i] = std::max(key, before);
  }
}

OSLER_CLONES
void take_higher_32(const float* __restrict scores, std::int64_t n, std::int32_t own,
                    float* __restrict best, float* __restrict second,
                    std::int32_t* __restrict top) {
  for (std::int64_t i = 0; i < n; ++i) {
    const float score = scores[i], before = best[i], second_before = second[i];
    const std::int32_t top_before = top[i];
    const float lower = score > before ? before : score;
    second[i] = lower > second_before ? lower : second_before;
    top[i] = score > before ? own : top_before;
    best[i] = score > before ? score : before;
  }
}

}  // namespace osler::kernels
