#include "kernels/component_runs.hpp"

#ifdef __SSE2__
#include <emmintrin.h>
#endif
#include <omp.h>

#include <algorithm>
#include <bit>
#include <utility>

#include "kernels/components_math.hpp"

namespace osler::kernels {
namespace {

#ifdef __SSE2__
constexpr std::int64_t kChunkBytes = 16;

template <typename T>
__m128i chunk_at(const T* v) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(v));
}
/// One bit for each voxel of two chunks: they differ.
template <typename T>
std::uint64_t differing(__m128i a, __m128i b) {
  if constexpr (sizeof(T) == 1) {
    return static_cast<std::uint64_t>(_mm_movemask_epi8(_mm_cmpeq_epi8(a, b))) ^ 0xffff;
  } else {
    const __m128i equal = _mm_packs_epi16(_mm_cmpeq_epi16(a, b), _mm_setzero_si128());
    return static_cast<std::uint64_t>(_mm_movemask_epi8(equal)) ^ 0xff;
  }
}
template <typename T>
std::uint64_t chunk_outside_differs(const T* v, T outside) {
  const __m128i all = sizeof(T) == 1 ? _mm_set1_epi8(static_cast<char>(outside))
                                     : _mm_set1_epi16(static_cast<short>(outside));
  return differing<T>(chunk_at(v), all);
}
/// Each voxel against the one before it; the first bit means nothing where there is none.
template <typename T>
std::uint64_t chunk_before_differs(const T* v, bool first) {
  const __m128i here = chunk_at(v);
  const __m128i before = first ? _mm_slli_si128(here, sizeof(T)) : chunk_at(v - 1);
  return differing<T>(here, before);
}
#else
constexpr std::int64_t kChunkBytes = 1 << 20;  // no row of 64 voxels holds one

template <typename T>
std::uint64_t chunk_outside_differs(const T*, T) {
  return 0;
}
template <typename T>
std::uint64_t chunk_before_differs(const T*, bool) {
  return 0;
}
#endif

/// Calls f(x, starts, ends) for each 64 voxels of a row: bit i is of the voxel at x + i, an end is
/// the voxel after a run.
template <typename T, Joins joins, typename F>
void scan_row(const T* row, std::int64_t length, T outside, F&& f) {
  constexpr std::int64_t chunk = kChunkBytes / sizeof(T);
  std::uint64_t inside_before = 0;
  for (std::int64_t x = 0; x < length; x += 64) {
    const std::int64_t n = std::min<std::int64_t>(64, length - x);
    const T* v = row + x;
    std::uint64_t inside = 0, cuts = 0;
    std::int64_t i = 0;
    for (; i + chunk <= n; i += chunk) {
      inside |= chunk_outside_differs(v + i, outside) << i;
      if constexpr (joins == Joins::equal_labels) {
        cuts |= chunk_before_differs(v + i, x + i == 0) << i;
      }
    }
    for (; i < n; ++i) {
      inside |= std::uint64_t{v[i] != outside} << i;
      if constexpr (joins == Joins::equal_labels) {
        cuts |= std::uint64_t{x + i > 0 && v[i] != v[i - 1]} << i;
      }
    }
    const std::uint64_t before = inside << 1 | inside_before;
    f(x, inside & (~before | cuts), before & (~inside | cuts));
    inside_before = inside >> 63;
  }
  if (length % 64 == 0 && inside_before != 0) f(length, 0, 1);
}

/// Trees of one thread; each walk to a root shortens the way.
struct SerialTrees {
  std::uint32_t* parent;

  std::uint32_t root(std::uint32_t i) const {
    while (parent[i] != i) i = parent[i] = parent[parent[i]];
    return i;
  }
  std::uint32_t hang(std::uint32_t i, std::uint32_t lower) const {
    return std::exchange(parent[i], std::min(parent[i], lower));
  }
};

template <typename T, Joins joins>
class RunFinder {
 public:
  RunFinder(const LabelBox& box, const RunRule& rule) : box_(box), rule_(rule) {
    result_.size = box.size;
  }

  Runs find() {
    const std::int64_t voxels = voxel_count(box_.size);
    if (voxels >= kWorthThreads) threads_ = omp_get_max_threads();
    if (voxels == 0) {
      result_.size = {0, 0, 0};
      result_.row_begin.assign(1, 0);
      return std::move(result_);
    }
    fill();
    join();
    number();
    return std::move(result_);
  }

 private:
  const T* row(std::int64_t r) const {
    return static_cast<const T*>(box_.first) + (r % box_.size[1]) * box_.step_y +
           (r / box_.size[1]) * box_.step_z;
  }

  /// Counts first, so that the memory is what the runs need.
  void fill() {
    const std::int64_t rows = result_.rows();
    std::vector<std::uint32_t>& row_begin = result_.row_begin;
    row_begin.resize(static_cast<std::size_t>(rows) + 1);
#pragma omp parallel for schedule(static) num_threads(threads_)
    for (std::int64_t r = 0; r < rows; ++r) {
      std::uint32_t count = 0;
      scan_row<T, joins>(row(r), box_.size[0], static_cast<T>(rule_.outside),
                         [&](auto, std::uint64_t starts, auto) {
                           count += static_cast<std::uint32_t>(std::popcount(starts));
                         });
      row_begin[static_cast<std::size_t>(r) + 1] = count;
    }
    for (std::size_t r = 1; r < row_begin.size(); ++r) row_begin[r] += row_begin[r - 1];
    result_.runs.resize(row_begin.back());
    result_.component.resize(row_begin.back());
#pragma omp parallel for schedule(static) num_threads(threads_)
    for (std::int64_t r = 0; r < rows; ++r) {
      const std::uint32_t first = row_begin[static_cast<std::size_t>(r)];
      Run *begins = result_.runs.data() + first, *ends = begins;
      scan_row<T, joins>(
          row(r), box_.size[0], static_cast<T>(rule_.outside),
          [&](std::int64_t x, std::uint64_t starts, std::uint64_t stops) {
            for (; starts != 0; starts &= starts - 1) {
              (begins++)->begin = static_cast<std::uint32_t>(x + std::countr_zero(starts));
            }
            for (; stops != 0; stops &= stops - 1) {
              (ends++)->end = static_cast<std::uint32_t>(x + std::countr_zero(stops));
            }
          });
    }
  }

  /// Rows in slabs, one for each thread; then the seams between the slabs, on one.
  void join() {
    std::vector<std::uint32_t>& parent = result_.component;
    for (std::size_t i = 0; i < parent.size(); ++i) parent[i] = static_cast<std::uint32_t>(i);
    const std::vector<std::int64_t> slab = slabs();
    const auto last = static_cast<std::int64_t>(slab.size()) - 1;
#pragma omp parallel for schedule(static, 1) num_threads(threads_)
    for (std::int64_t s = 0; s < last; ++s) {
      const auto at = static_cast<std::size_t>(s);
      for (std::int64_t r = slab[at]; r < slab[at + 1]; ++r) {
        join_row(r, [&](std::int64_t other) { return other >= slab[at]; });
      }
    }
    for (std::size_t s = 1; s + 1 < slab.size(); ++s) {
      const std::int64_t end = std::min(slab[s + 1], slab[s] + box_.size[1] + 1);
      for (std::int64_t r = slab[s]; r < end; ++r) {
        join_row(r, [&](std::int64_t other) { return other < slab[s]; });
      }
    }
  }

  /// First rows of slabs of about as many runs each, and the number of rows.
  std::vector<std::int64_t> slabs() const {
    const auto threads = static_cast<std::uint64_t>(threads_);
    const std::vector<std::uint32_t>& begin = result_.row_begin;
    std::vector<std::int64_t> slab{0};
    for (std::uint64_t s = 1; s < threads; ++s) {
      const auto share = static_cast<std::uint32_t>(begin.back() * s / threads);
      slab.push_back(std::lower_bound(begin.begin(), begin.end() - 1, share) - begin.begin());
    }
    slab.push_back(result_.rows());
    return slab;
  }

  template <typename Wanted>
  void join_row(std::int64_t r, Wanted wanted) {
    const std::int64_t y = r % box_.size[1], z = r / box_.size[1];
    for (const RowStep& step : kStepsBack) {
      const int reach = reach_in_x(rule_.connectivity, step.dy, step.dz);
      const std::int64_t other = r + step.dy + step.dz * box_.size[1];
      const bool there = y + step.dy >= 0 && y + step.dy < box_.size[1] && z + step.dz >= 0;
      if (reach >= 0 && there && wanted(other)) {
        join_rows(r, other, static_cast<std::uint32_t>(reach));
      }
    }
  }

  void join_rows(std::int64_t r, std::int64_t other, std::uint32_t reach) {
    const auto* begin = result_.row_begin.data();
    std::uint32_t a = begin[r], b = begin[other];
    const std::uint32_t a_end = begin[r + 1], b_end = begin[other + 1];
    const Run* run = result_.runs.data();
    const T *labels = row(r), *other_labels = row(other);
    const SerialTrees trees{result_.component.data()};
    const auto join_if_near = [&](std::uint32_t i, std::uint32_t j) {
      if (run[i].begin >= run[j].end + reach || run[j].begin >= run[i].end + reach) return;
      if constexpr (joins == Joins::equal_labels) {
        if (labels[run[i].begin] != other_labels[run[j].begin]) return;
      }
      unite(trees, i, j);
    };
    while (a < a_end && b < b_end) {
      join_if_near(a, b);
      if (run[a].end > run[b].end) {
        ++b;
      } else {
        // Runs of two labels may follow each other without a gap: then both meet at the corner.
        if (run[a].end == run[b].end && b + 1 < b_end) join_if_near(a, b + 1);
        ++a;
      }
    }
  }

  /// Roots become numbers; a parent comes before its children, so its number is there already.
  void number() {
    std::vector<std::uint32_t>& component = result_.component;
    for (std::size_t i = 0; i < component.size(); ++i) {
      const std::uint32_t parent = component[i];
      component[i] = parent == i ? ++result_.count : component[parent];
    }
  }

  LabelBox box_;
  RunRule rule_;
  int threads_ = 1;
  Runs result_;
};

}  // namespace

LabelBox whole(const LabelView& labels) {
  return {labels.voxels, labels.type, labels.size, labels.size[0], labels.size[0] * labels.size[1]};
}

Runs find_runs(const LabelBox& box, const RunRule& rule) {
  if (rule.joins == Joins::foreground) {
    if (box.type == ScalarType::u8)
      return RunFinder<std::uint8_t, Joins::foreground>(box, rule).find();
    return RunFinder<std::uint16_t, Joins::foreground>(box, rule).find();
  }
  if (box.type == ScalarType::u8)
    return RunFinder<std::uint8_t, Joins::equal_labels>(box, rule).find();
  return RunFinder<std::uint16_t, Joins::equal_labels>(box, rule).find();
}

std::vector<std::int64_t> component_sizes(const Runs& runs) {
  std::vector<std::int64_t> sizes(runs.count, 0);
  for (std::size_t i = 0; i < runs.runs.size(); ++i) {
    sizes[runs.component[i] - 1] += runs.runs[i].end - runs.runs[i].begin;
  }
  return sizes;
}

}  // namespace osler::kernels
