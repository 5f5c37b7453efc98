#pragma once
// A cell of the network's grid whose corners disagree: which class each place in it gets, by as few
// classes as decide it. For labels_back_cpu.

#include <bit>
#include <cmath>
#include <cstdint>

#include "kernels/labels_back_math.hpp"
#include "kernels/network_grid.hpp"

namespace osler::kernels {

// Weights are products of rounded numbers and may add up to a little more than 1: each of the nine
// operations is off by at most 2^-24.
inline constexpr float kMeanRounding = 1e-6F;

/// The four lines along x that a row of cells lies between, in the order of LineWeights.
struct CellLines {
  std::int64_t decided[4];  ///< where each begins among the voxels that are decided
  std::int64_t scores[4];   ///< and among the scores of a class
};

struct Ends {
  float low, high;
};

/// Scores of one class at the corners of a cell.
struct Corners {
  float low[4], high[4];  ///< of either column, in the order of LineWeights

  Ends blended(const LineWeights& w) const {
    return {across_lines(w, low[0], low[1], low[2], low[3]),
            across_lines(w, high[0], high[1], high[2], high[3])};
  }
};

/// Decides places of one cell by the classes that win at its corners; what no other class can
/// reach needs no more.
template <typename T>
class CellDecider {
 public:
  /// @param low, high  columns
  /// @param others     highest score at any corner of a class that does not win there (`highest`)
  CellDecider(const NetworkGrid<T>& network, const Decided<T>& decided, const CellLines& lines,
              std::int64_t low, std::int64_t high, ScoreKey<T> others)
      : network_(network),
        task_(network.task()),
        decided_(decided),
        lines_(lines),
        low_(low),
        high_(high),
        halves_(task_.rounded_to_halves) {
    if (task_.decision == Decision::regions) return;
    task_.label_of.size() <= 64 ? find_candidates<1>() : find_candidates<4>();
    // What no mean of eight scores is above, rounding included.
    const float highest = score_of<T>(others);
    above_others_ = as_compared(highest + std::abs(highest) * kMeanRounding, halves_);
  }

  /// Places beside each other.
  /// @param weights  of the lines
  /// @param x        weight of the higher column, for each of `n` places
  void decide(const LineWeights& weights, const float* x, std::int64_t n, std::uint8_t* out) const {
    if (task_.decision == Decision::regions) {
      for (std::int64_t i = 0; i < n; ++i) out[i] = by_all_classes(weights, x[i]);
      return;
    }
    // Copies, which no label that is written can be taken to change.
    const int candidates = candidates_;
    const bool halves = halves_;
    const float above = above_others_;
    const std::uint8_t* label_of = task_.label_of.data();
    Ends ends[8];
    for (int i = 0; i < candidates; ++i) ends[i] = corners_[i].blended(weights);
    for (std::int64_t i = 0; i < n; ++i) {
      float best = -INFINITY;
      int top = 0;
      for (int c = 0; c < candidates; ++c) {
        const float score = as_compared(along_line(x[i], ends[c].low, ends[c].high), halves);
        top = score > best ? c : top;
        best = score > best ? score : best;
      }
      // No class that wins at no corner is above the second best anywhere.
      const bool clear = best > above || best > as_compared(others_at(weights, x[i]), halves);
      out[i] = clear ? label_of[classes_[top]] : by_all_classes(weights, x[i]);
    }
  }

 private:
  [[gnu::noinline]] std::uint8_t by_all_classes(const LineWeights& weights, float x) const {
    Decider decider(task_.decision, task_.threshold, task_.label_of[0]);
    for (int c = 0; c < static_cast<int>(task_.label_of.size()); ++c) {
      const Ends ends = corners_of(c).blended(weights);
      const float score = along_line(x, ends.low, ends.high);
      decider.take(task_.decision == Decision::highest ? as_compared(score, halves_) : score,
                   task_.label_of[static_cast<std::size_t>(c)]);
    }
    return decider.label;
  }

  Corners corners_of(int class_index) const {
    const T* low = network_.of_class(class_index) + low_;
    const T* high = network_.of_class(class_index) + high_;
    Corners c;
    for (int l = 0; l < 4; ++l) {
      c.low[l] = to_float(low[lines_.scores[l]]);
      c.high[l] = to_float(high[lines_.scores[l]]);
    }
    return c;
  }

  /// The mean of the second best: it grows with each of its terms, rounding included, so that what
  /// beats it beats every class that wins at no corner.
  [[gnu::noinline]] float others_at(const LineWeights& weights, float x) const {
    Corners c;
    for (int l = 0; l < 4; ++l) {
      c.low[l] = score_of<T>(decided_.second[lines_.decided[l] + low_]);
      c.high[l] = score_of<T>(decided_.second[lines_.decided[l] + high_]);
    }
    const Ends ends = c.blended(weights);
    return along_line(x, ends.low, ends.high);
  }

  /// In order: of equal scores the lower class wins.
  /// @tparam words  of 64 classes
  template <int words>
  void find_candidates() {
    std::uint64_t winning[words]{};
    for (const std::int64_t line : lines_.decided) {
      for (const std::int64_t at : {line + low_, line + high_}) {
        const unsigned top = decided_.top[at];
        winning[words == 1 ? 0 : top / 64] |= std::uint64_t{1} << top % 64;
      }
    }
    for (int w = 0; w < words; ++w) {
      for (std::uint64_t left = winning[w]; left != 0; left &= left - 1) {
        const int c = 64 * w + std::countr_zero(left);
        classes_[candidates_] = static_cast<std::uint8_t>(c);
        corners_[candidates_++] = corners_of(c);
      }
    }
  }

  const NetworkGrid<T>& network_;
  const LabelsBackTask& task_;
  const Decided<T>& decided_;
  const CellLines& lines_;
  std::int64_t low_, high_;
  bool halves_;
  int candidates_ = 0;
  std::uint8_t classes_[8];
  Corners corners_[8];
  float above_others_ = INFINITY;
};

}  // namespace osler::kernels
