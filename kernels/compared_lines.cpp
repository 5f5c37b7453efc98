#include "kernels/compared_lines.hpp"

#include "kernels/clones.hpp"

namespace osler::kernels {
namespace {

/// Four lines.
template <typename V>
struct Lines {
  const V *a, *b, *c, *d;

  Lines(const V* from, const std::int64_t (&line)[4])
      : a(from + line[0]), b(from + line[1]), c(from + line[2]), d(from + line[3]) {}
};

OSLER_CLONES
void disagreeing(const Lines<std::uint8_t>& top, std::int64_t n, std::uint8_t* __restrict open) {
  const std::uint8_t *a = top.a, *b = top.b, *c = top.c, *d = top.d;
  for (std::int64_t j = 0; j < n; ++j) {
    open[j] = static_cast<std::uint8_t>((a[j] ^ b[j]) | (a[j] ^ c[j]) | (a[j] ^ d[j]));
  }
}

OSLER_CLONES
void any(const Lines<std::uint8_t>& close, std::int64_t n, std::uint8_t* __restrict open) {
  const std::uint8_t *a = close.a, *b = close.b, *c = close.c, *d = close.d;
  for (std::int64_t j = 0; j < n; ++j) {
    open[j] = static_cast<std::uint8_t>(open[j] | a[j] | b[j] | c[j] | d[j]);
  }
}

/// Of columns that lie beside each other.
OSLER_CLONES
void disagreeing_on(const std::uint8_t* top, std::int64_t n, std::uint8_t* __restrict open) {
  for (std::int64_t j = 0; j + 1 < n; ++j) {
    open[j] = static_cast<std::uint8_t>(open[j] | open[j + 1] | (top[j] ^ top[j + 1]));
  }
}

template <typename Key>
[[gnu::always_inline]] inline void highest(const Lines<Key>& second, std::int64_t n, bool linear,
                                           Key* __restrict others) {
  const Key *a = second.a, *b = second.b, *c = second.c, *d = second.d;
  for (std::int64_t j = 0; j < n; ++j) {
    const Key low = a[j] > b[j] ? a[j] : b[j], high = c[j] > d[j] ? c[j] : d[j];
    others[j] = low > high ? low : high;
  }
  if (!linear) return;
  for (std::int64_t j = 0; j + 1 < n; ++j) {
    others[j] = others[j] > others[j + 1] ? others[j] : others[j + 1];
  }
}

OSLER_CLONES
void highest_16(const Lines<std::int16_t>& second, std::int64_t n, bool linear,
                std::int16_t* others) {
  highest(second, n, linear, others);
}
OSLER_CLONES
void highest_32(const Lines<float>& second, std::int64_t n, bool linear, float* others) {
  highest(second, n, linear, others);
}

void compare_tops(const std::uint8_t* top, const std::uint8_t* close, const std::int64_t (&line)[4],
                  std::int64_t n, bool linear, std::uint8_t* open) {
  disagreeing({top, line}, n, open);
  if (close != nullptr) any({close, line}, n, open);
  if (linear) disagreeing_on(top + line[0], n, open);
}

}  // namespace

void compare_lines(const Decided<Half>& decided, const std::int64_t (&line)[4], std::int64_t n,
                   bool linear, std::uint8_t* open, std::int16_t* others) {
  compare_tops(decided.top, decided.close, line, n, linear, open);
  if (decided.second != nullptr) highest_16({decided.second, line}, n, linear, others);
}
void compare_lines(const Decided<BFloat16>& decided, const std::int64_t (&line)[4], std::int64_t n,
                   bool linear, std::uint8_t* open, std::int16_t* others) {
  compare_tops(decided.top, decided.close, line, n, linear, open);
  if (decided.second != nullptr) highest_16({decided.second, line}, n, linear, others);
}
void compare_lines(const Decided<float>& decided, const std::int64_t (&line)[4], std::int64_t n,
                   bool linear, std::uint8_t* open, float* others) {
  compare_tops(decided.top, decided.close, line, n, linear, open);
  if (decided.second != nullptr) highest_32({decided.second, line}, n, linear, others);
}

}  // namespace osler::kernels
