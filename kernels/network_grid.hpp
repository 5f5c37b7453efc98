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

/// Of all classes, per voxel: the best score, the second best, and whose the best is. 16 bits: best
/// and second are keys, which are ordered as sign and magnitude of half and bfloat16 are; NaN
/// (magnitude above `infinity`) lies below all.
/// @param apart  from class to class
void take_higher_16(const std::uint16_t* scores, std::int64_t apart, int classes, std::int64_t n,
                    std::int16_t infinity, std::int16_t* best, std::int16_t* second,
                    std::int16_t* top);
void take_higher_32(const float* scores, std::int64_t apart, int classes, std::int64_t n,
                    float* best, float* second, std::int32_t* top);

constexpr std::int64_t kBlock = 4096;  // voxels that are decided together: fits the first cache

/// What scores are ordered by.
template <typename T>
using ScoreKey = std::conditional_t<sizeof(T) == 2, std::int16_t, float>;

template <typename T>
inline constexpr std::int16_t kInfinityKey = std::is_same_v<T, Half> ? 0x7C00 : 0x7F80;

/// The score whose key this is; below all: minus infinity.
template <typename T>
float score_of(std::int16_t key) {
  const std::int16_t held = std::max(key, static_cast<std::int16_t>(-kInfinityKey<T>));
  return to_float(T{static_cast<std::uint16_t>(held < 0 ? 0x8000 | -held : held)});
}
template <typename T>
float score_of(float key) {
  return key;
}

/// Of `highest` the class that wins and the highest score of any other, of `regions` the label. If
/// the task rounds to halves also where those two are close. One per voxel.
template <typename T>
struct Decided {
  std::uint8_t* top = nullptr;
  ScoreKey<T>* second = nullptr;  ///< nothing of `regions`
  std::uint8_t* close = nullptr;  ///< not 0 where rounding may decide; nothing: it does not

  Decided from(std::int64_t voxel) const {
    return {top + voxel, second == nullptr ? nullptr : second + voxel,
            close == nullptr ? nullptr : close + voxel};
  }
};

/// Memory for that.
template <typename T>
class DecidedVoxels {
 public:
  DecidedVoxels(std::int64_t voxels, const LabelsBackTask& task) {
    const auto n = static_cast<std::size_t>(voxels);
    top_ = std::make_unique_for_overwrite<std::uint8_t[]>(n);
    if (task.decision != Decision::highest) return;
    second_ = std::make_unique_for_overwrite<ScoreKey<T>[]>(n);
    if (task.rounded_to_halves) close_ = std::make_unique_for_overwrite<std::uint8_t[]>(n);
  }
  Decided<T> view() const { return {top_.get(), second_.get(), close_.get()}; }

 private:
  std::unique_ptr<std::uint8_t[]> top_, close_;
  std::unique_ptr<ScoreKey<T>[]> second_;
};

/// Scores on the network's grid, and how a voxel of it is decided.
template <typename T>
class NetworkGrid {
 public:
  NetworkGrid(const ScoresView& scores, const LabelsBackTask& task)
      : scores_(scores), task_(task), per_class_(scores.planes * scores.size[0] * scores.size[1]) {}

  const LabelsBackTask& task() const { return task_; }
  const Size3& size() const { return scores_.size; }
  /// Place of a line along x among the scores of each class.
  std::int64_t line(std::int64_t y, std::int64_t z) const {
    return ((z - scores_.first_plane) * scores_.size[1] + y) * scores_.size[0];
  }
  const T* of_class(int c) const { return static_cast<const T*>(scores_.scores) + c * per_class_; }

  /// Decides `n` voxels that follow each other.
  void decide(std::int64_t from, std::int64_t n, const Decided<T>& out) const {
    for (std::int64_t begin = 0; begin < n; begin += kBlock) {
      const std::int64_t count = std::min(kBlock, n - begin);
      task_.decision == Decision::highest ? highest(from + begin, count, out.from(begin))
                                          : regions(from + begin, count, out.from(begin));
    }
  }

 private:
  void regions(std::int64_t from, std::int64_t n, const Decided<T>& out) const {
    std::fill_n(out.top, n, std::uint8_t{0});
    for (int c = 0; c < scores_.classes; ++c) {
      const T* scores = of_class(c) + from;
      const std::uint8_t own = task_.label_of[static_cast<std::size_t>(c)];
      for (std::int64_t i = 0; i < n; ++i) {
        out.top[i] = to_float(scores[i]) > task_.threshold ? own : out.top[i];
      }
    }
  }

  void highest(std::int64_t from, std::int64_t n, const Decided<T>& out) const {
    using Key = ScoreKey<T>;
    using Class = std::conditional_t<sizeof(T) == 2, std::int16_t, std::int32_t>;
    Key best[kBlock];
    Class top[kBlock];
    if constexpr (sizeof(T) == 2) {
      take_higher_16(reinterpret_cast<const std::uint16_t*>(of_class(0) + from), per_class_,
                     scores_.classes, n, kInfinityKey<T>, best, out.second, top);
    } else {
      take_higher_32(of_class(0) + from, per_class_, scores_.classes, n, best, out.second, top);
    }
    for (std::int64_t i = 0; i < n; ++i) out.top[i] = static_cast<std::uint8_t>(top[i]);
    if (out.close == nullptr) return;
    for (std::int64_t i = 0; i < n; ++i) {
      out.close[i] = static_cast<std::uint8_t>(
          close_as_halves(score_of<T>(best[i]), score_of<T>(out.second[i])));
    }
  }

  const ScoresView& scores_;
  const LabelsBackTask& task_;
  std::int64_t per_class_;  ///< scores
};

}  // namespace osler::kernels
