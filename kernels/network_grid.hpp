#pragma once
// The network's own grid, each voxel decided for itself: what labels_back_cpu starts from.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <type_traits>
#include <vector>

#include "kernels/labels_back_math.hpp"

namespace osler::kernels {

/// Takes the scores of one more class: per voxel the best and the second best so far, and whose the
/// best is. 16 bits: best and second are keys, which are ordered as sign and magnitude of half and
/// bfloat16 are; NaN (magnitude above `infinity`) lies below all.
void take_higher_16(const std::uint16_t* __restrict scores, std::int64_t n, std::int16_t infinity,
                    std::int16_t own, std::int16_t* __restrict best,
                    std::int16_t* __restrict second, std::int16_t* __restrict top);
void take_higher_32(const float* __restrict scores, std::int64_t n, std::int32_t own,
                    float* __restrict best, float* __restrict second, std::int32_t* __restrict top);

constexpr std::int64_t kBlock = 4096;  // voxels that are decided together: fits the first cache

/// The score whose key this is; below all: minus infinity.
template <typename T>
T score_of(std::int16_t key, std::int16_t infinity) {
  const std::int16_t held = std::max(key, static_cast<std::int16_t>(-infinity));
  return {static_cast<std::uint16_t>(held < 0 ? 0x8000 | -held : held)};
}

/// Voxels of the network's grid, each decided for itself: of `highest` the class that wins and the
/// highest score of any other, of `regions` the label. If the task rounds to halves also where
/// those two are close.
template <typename T>
class NetworkGrid {
 public:
  NetworkGrid(const ScoresView& scores, const LabelsBackTask& task)
      : scores_(scores),
        task_(task),
        planes_(planes_of(scores, task)),
        plane_(scores.size[0] * scores.size[1]),
        top_(static_cast<std::size_t>(plane_ * (planes_.end - planes_.begin))) {
    if (task.decision == Decision::highest) {
      second_ = std::make_unique_for_overwrite<T[]>(top_.size());
      if (task.rounded_to_halves) close_.resize(top_.size());
    }
    const auto n = static_cast<std::int64_t>(top_.size());
#pragma omp parallel for schedule(static)
    for (std::int64_t begin = 0; begin < n; begin += kBlock) {
      const std::int64_t count = std::min(kBlock, n - begin);
      task.decision == Decision::highest ? decide_highest(begin, count)
                                         : decide_regions(begin, count);
    }
  }

  /// Of a line along x, which begins at this place of `top` and `second`.
  std::int64_t line(std::int64_t y, std::int64_t z) const {
    return (z - planes_.begin) * plane_ + y * scores_.size[0];
  }
  const std::uint8_t* top() const {
    return top_.data();
  }
  const T* second() const {
    return second_.get();
  }
  /// Not 0 where rounding may decide; nothing if the task does not round.
  const std::uint8_t* close() const {
    return close_.empty() ? nullptr : close_.data();
  }
  /// The scores of a class; indexed as `top` is.
  const T* of_class(int c) const {
    return static_cast<const T*>(scores_.scores) +
           (c * scores_.planes + planes_.begin - scores_.first_plane) * plane_;
  }

 private:
  void decide_regions(std::int64_t from, std::int64_t n) {
    for (std::int64_t i = from; i < from + n; ++i) {
      Decider decider(task_.decision, task_.threshold, 0);
      for (int c = 0; c < scores_.classes; ++c) {
        decider.take(to_float(of_class(c)[i]), task_.label_of[static_cast<std::size_t>(c)]);
      }
      top_[static_cast<std::size_t>(i)] = decider.label;
    }
  }

  void decide_highest(std::int64_t from, std::int64_t n) {
    using Key = std::conditional_t<sizeof(T) == 2, std::int16_t, float>;
    using Class = std::conditional_t<sizeof(T) == 2, std::int16_t, std::int32_t>;
    constexpr std::int16_t kInfinity = std::is_same_v<T, Half> ? 0x7C00 : 0x7F80;
    Key best[kBlock], second[kBlock];
    Class top[kBlock];
    const Key lowest = sizeof(T) == 2 ? static_cast<Key>(-32768) : static_cast<Key>(-INFINITY);
    std::fill_n(best, n, lowest);
    std::fill_n(second, n, lowest);
    std::fill_n(top, n, Class{0});
    for (int c = 0; c < scores_.classes; ++c) {
      if constexpr (sizeof(T) == 2) {
        take_higher_16(reinterpret_cast<const std::uint16_t*>(of_class(c) + from), n, kInfinity,
                       static_cast<Class>(c), best, second, top);
      } else {
        take_higher_32(of_class(c) + from, n, c, best, second, top);
      }
    }
    const auto score = [](Key key) {
      if constexpr (sizeof(T) == 2) {
        return score_of<T>(key, kInfinity);
      } else {
        return key;
      }
    };
    for (std::int64_t i = 0; i < n; ++i) {
      const auto at = static_cast<std::size_t>(from + i);
      top_[at] = static_cast<std::uint8_t>(top[i]);
      second_[at] = score(second[i]);
    }
    if (close_.empty()) return;
    for (std::int64_t i = 0; i < n; ++i) {
      close_[static_cast<std::size_t>(from + i)] = static_cast<std::uint8_t>(
          close_as_halves(to_float(score(best[i])), to_float(score(second[i]))));
    }
  }

  const ScoresView& scores_;
  const LabelsBackTask& task_;
  PlaneRange planes_;
  std::int64_t plane_;
  std::vector<std::uint8_t> top_, close_;
  std::unique_ptr<T[]> second_;
};

}  // namespace osler::kernels
