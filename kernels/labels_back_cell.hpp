#pragma once
// A cell of the network's grid whose corners disagree: which class each place in it gets, by as few
// classes as decide it. For labels_back_cpu.

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

/// Scores of one class at the corners of a cell: those of the lower column, and of the higher one.
struct Corners {
  float low[4], high[4];

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
        high_(high) {
    if (task_.decision == Decision::regions) return;
    for (const std::int64_t line : lines.decided) {
      add(decided.top[line + low]);
      add(decided.top[line + high]);
    }
    for (int i = 0; i < candidates_; ++i) corners_[i] = corners_of(network.of_class(classes_[i]));
    // What no mean of eight scores is above, rounding included.
    const float highest = score_of<T>(others);
    above_others_ = as_compared(highest + std::abs(highest) * kMeanRounding, halves());
  }

  /// Goes to places with these weights.
  void between(const LineWeights& weights) {
    weights_ = weights;
    for (int i = 0; i < candidates_; ++i) ends_[i] = corners_[i].blended(weights);
  }

  /// @param x  weight of the higher column
  std::uint8_t label_at(float x) const {
    if (task_.decision == Decision::highest) {
      float best = -INFINITY;
      std::uint8_t top = 0;
      for (int i = 0; i < candidates_; ++i) {
        const float score = as_compared(along_line(x, ends_[i].low, ends_[i].high), halves());
        top = score > best ? classes_[i] : top;
        best = score > best ? score : best;
      }
      // No class that wins at no corner is above the second best anywhere.
      if (best > above_others_ || best > as_compared(others_at(x), halves())) {
        return task_.label_of[top];
      }
    }
    Decider decider(task_.decision, task_.threshold, task_.label_of[0]);
    for (int c = 0; c < static_cast<int>(task_.label_of.size()); ++c) {
      const Ends ends = corners_of(network_.of_class(c)).blended(weights_);
      const float score = along_line(x, ends.low, ends.high);
      decider.take(task_.decision == Decision::highest ? as_compared(score, halves()) : score,
                   task_.label_of[static_cast<std::size_t>(c)]);
    }
    return decider.label;
  }

 private:
  bool halves() const { return task_.rounded_to_halves; }

  Corners corners_of(const T* scores) const {
    Corners c;
    for (int l = 0; l < 4; ++l) {
      c.low[l] = to_float(scores[lines_.scores[l] + low_]);
      c.high[l] = to_float(scores[lines_.scores[l] + high_]);
    }
    return c;
  }

  /// The mean of the second best: it grows with each of its terms, rounding included, so that what
  /// beats it beats every class that wins at no corner.
  float others_at(float x) const {
    Corners c;
    for (int l = 0; l < 4; ++l) {
      c.low[l] = score_of<T>(decided_.second[lines_.decided[l] + low_]);
      c.high[l] = score_of<T>(decided_.second[lines_.decided[l] + high_]);
    }
    const Ends ends = c.blended(weights_);
    return along_line(x, ends.low, ends.high);
  }

  /// Keeps the classes in order: of equal scores the lower one wins.
  void add(std::uint8_t top) {
    int at = candidates_;
    while (at > 0 && classes_[at - 1] > top) --at;
    if (at > 0 && classes_[at - 1] == top) return;
    for (int i = candidates_; i > at; --i) classes_[i] = classes_[i - 1];
    classes_[at] = top;
    ++candidates_;
  }

  const NetworkGrid<T>& network_;
  const LabelsBackTask& task_;
  const Decided<T>& decided_;
  const CellLines& lines_;
  std::int64_t low_, high_;
  LineWeights weights_;
  int candidates_ = 0;
  std::uint8_t classes_[8];
  Corners corners_[8];
  Ends ends_[8];
  float above_others_ = INFINITY;
};

}  // namespace osler::kernels
