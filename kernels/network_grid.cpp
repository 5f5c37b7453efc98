#include "kernels/network_grid.hpp"

#include <algorithm>

#include "kernels/clones.hpp"

namespace osler::kernels {
namespace {

/// Classes that are taken in one go: what is known of a voxel stays in registers meanwhile, and
/// their scores come from memory side by side.
constexpr int kTogether = 4;
/// Voxels of them, before which those of the next classes are asked for: processors foresee streams
/// that go on, not 25 of them that begin anew every few thousand voxels.
constexpr std::int64_t kAhead = 512;

[[gnu::always_inline]] inline void take(std::uint16_t score, std::int16_t infinity,
                                        std::int16_t own, std::int16_t& best, std::int16_t& second,
                                        std::int16_t& top) {
  const auto bits = static_cast<std::int16_t>(score);
  const auto magnitude = static_cast<std::int16_t>(bits & 0x7FFF);
  const auto sign = static_cast<std::int16_t>(bits >> 15);
  // Masks, not branches, or the loop is not made one of vectors.
  const auto nan = static_cast<std::int16_t>(-(magnitude > infinity));
  const auto number = static_cast<std::int16_t>((magnitude ^ sign) - sign);
  const auto key = static_cast<std::int16_t>((number & ~nan) | (nan & -32768));
  const auto higher = static_cast<std::int16_t>(-(key > best));
  second = std::max(second, std::min(key, best));
  top = static_cast<std::int16_t>((own & higher) | (top & ~higher));
  best = std::max(key, best);
}

[[gnu::always_inline]] inline void take(float score, std::int16_t, std::int32_t own, float& best,
                                        float& second, std::int32_t& top) {
  const float lower = score > best ? best : score;
  second = lower > second ? lower : second;
  top = score > best ? own : top;
  best = score > best ? score : best;
}

template <int classes, typename Score, typename Key, typename Class>
[[gnu::always_inline]] inline void take_some(const Score* __restrict scores, std::int64_t apart,
                                             std::int64_t n, std::int16_t infinity, Class first,
                                             Key* __restrict best, Key* __restrict second,
                                             Class* __restrict top) {
  for (std::int64_t i = 0; i < n; ++i) {
    Key b = best[i], s = second[i];
    Class t = top[i];
#pragma GCC unroll 4
    for (int c = 0; c < classes; ++c) {
      take(scores[c * apart + i], infinity, static_cast<Class>(first + c), b, s, t);
    }
    best[i] = b;
    second[i] = s;
    top[i] = t;
  }
}

template <typename Score>
[[gnu::always_inline]] inline void ask_for(const Score* scores, std::int64_t n) {
  constexpr std::int64_t kLine = 64 / sizeof(Score);
  for (std::int64_t i = 0; i < n; i += kLine) __builtin_prefetch(scores + i);
}

template <typename Score, typename Key, typename Class>
[[gnu::always_inline]] inline void take_all(const Score* scores, std::int64_t apart, int classes,
                                            std::int64_t n, std::int16_t infinity, Key lowest,
                                            Key* best, Key* second, Class* top) {
  std::fill_n(best, n, lowest);
  std::fill_n(second, n, lowest);
  std::fill_n(top, n, Class{0});
  int c = 0;
  for (; c + kTogether <= classes; c += kTogether) {
    const int next = std::min(kTogether, classes - c - kTogether);
    for (std::int64_t i = 0; i < n; i += kAhead) {
      const std::int64_t count = std::min(kAhead, n - i);
      const Score* here = scores + c * apart + i;
      for (int k = 0; k < next; ++k) ask_for(here + (kTogether + k) * apart, count);
      take_some<kTogether>(here, apart, count, infinity, static_cast<Class>(c), best + i,
                           second + i, top + i);
    }
  }
  for (; c < classes; ++c) {
    take_some<1>(scores + c * apart, apart, n, infinity, static_cast<Class>(c), best, second, top);
  }
}

}  // namespace

OSLER_CLONES
void take_higher_16(const std::uint16_t* scores, std::int64_t apart, int classes, std::int64_t n,
                    std::int16_t infinity, std::int16_t* best, std::int16_t* second,
                    std::int16_t* top) {
  take_all(scores, apart, classes, n, infinity, static_cast<std::int16_t>(-32768), best, second,
           top);
}

OSLER_CLONES
void take_higher_32(const float* scores, std::int64_t apart, int classes, std::int64_t n,
                    float* best, float* second, std::int32_t* top) {
  take_all(scores, apart, classes, n, 0, -INFINITY, best, second, top);
}

}  // namespace osler::kernels
