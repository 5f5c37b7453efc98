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

/// The two columns of four corners each that the places of one cell are interpolated from.
struct Cell {
  std::int64_t line[4];    ///< of the four lines along x, as NetworkGrid counts
  std::int64_t low, high;  ///< columns
  LineWeights weights;
};

struct Ends {
  float low, high;
};

template <typename T>
float blended(const T* scores, const Cell& cell, std::int64_t x) {
  return across_lines(cell.weights, to_float(scores[cell.line[0] + x]),
                      to_float(scores[cell.line[1] + x]), to_float(scores[cell.line[2] + x]),
                      to_float(scores[cell.line[3] + x]));
}

template <typename T>
Ends ends_of(const T* scores, const Cell& cell) {
  return {blended(scores, cell, cell.low), blended(scores, cell, cell.high)};
}

/// Orders scores that are no NaN.
inline float order(float score) {
  return score;
}
template <typename T>
std::int16_t order(T score) {
  const auto bits = static_cast<std::int16_t>(score.bits);
  return static_cast<std::int16_t>(bits < 0 ? -(bits & 0x7FFF) : bits);
}

/// What no mean of eight scores is above, rounding included.
template <typename T>
float above_all(const T* scores, const Cell& cell) {
  T highest = scores[cell.line[0] + cell.low];
  for (const std::int64_t line : cell.line) {
    for (const std::int64_t x : {cell.low, cell.high}) {
      if (order(scores[line + x]) > order(highest)) highest = scores[line + x];
    }
  }
  const float value = to_float(highest);
  return value + std::abs(value) * kMeanRounding;
}

/// Blended scores of the higher column of a cell, which is the lower one of the next.
struct Column {
  std::int64_t x = -1;
  int n = 0;
  std::uint8_t classes[8];
  float blended[8];
};

/// Decides places of one cell by the classes that win at its corners; what no other class can
/// reach needs no more.
template <typename T>
class CellDecider {
 public:
  /// @param before  of the cell before, or nothing known
  CellDecider(const NetworkGrid<T>& network, const LabelsBackTask& task, const Cell& cell,
              const Column& before)
      : network_(network), task_(task), cell_(cell) {
    if (task.decision == Decision::regions) return;
    for (const std::int64_t line : cell.line) {
      add(network.top()[line + cell.low], before);
      add(network.top()[line + cell.high], before);
    }
    above_others_ = above_all(network.second(), cell);
  }

  Column higher_column() const {
    Column column{cell_.high, candidates_, {}, {}};
    for (int i = 0; i < candidates_; ++i) {
      column.classes[i] = classes_[i];
      column.blended[i] = ends_[i].high;
    }
    return column;
  }

  /// @param x  weight of the higher column
  std::uint8_t label_at(float x) {
    const bool halves = task_.rounded_to_halves;
    if (task_.decision == Decision::highest) {
      float best = -INFINITY;
      std::uint8_t top = 0;
      for (int i = 0; i < candidates_; ++i) {
        const float score = as_compared(along_line(x, ends_[i].low, ends_[i].high), halves);
        if (score > best) {
          best = score;
          top = classes_[i];
        }
      }
      // No class that wins at no corner is above the second best anywhere.
      if (best > as_compared(above_others_, halves) || best > as_compared(others_at(x), halves)) {
        return task_.label_of[top];
      }
    }
    Decider decider(task_.decision, task_.threshold, task_.label_of[0]);
    for (int c = 0; c < static_cast<int>(task_.label_of.size()); ++c) {
      const Ends ends = ends_of(network_.of_class(c), cell_);
      const float score = along_line(x, ends.low, ends.high);
      decider.take(task_.decision == Decision::highest ? as_compared(score, halves) : score,
                   task_.label_of[static_cast<std::size_t>(c)]);
    }
    return decider.label;
  }

 private:
  /// The mean of the second best: it grows with each of its terms, rounding included, so that what
  /// beats it beats every class that wins at no corner.
  float others_at(float x) const {
    const Ends others = ends_of(network_.second(), cell_);
    return along_line(x, others.low, others.high);
  }

  float low_end(std::uint8_t top, const Column& before) const {
    if (before.x == cell_.low) {
      for (int i = 0; i < before.n; ++i) {
        if (before.classes[i] == top) return before.blended[i];
      }
    }
    return blended(network_.of_class(top), cell_, cell_.low);
  }

  /// Keeps the classes in order: of equal scores the lower one wins.
  void add(std::uint8_t top, const Column& before) {
    int at = candidates_;
    while (at > 0 && classes_[at - 1] > top) --at;
    if (at > 0 && classes_[at - 1] == top) return;
    for (int i = candidates_; i > at; --i) {
      classes_[i] = classes_[i - 1];
      ends_[i] = ends_[i - 1];
    }
    classes_[at] = top;
    ends_[at] = {low_end(top, before), blended(network_.of_class(top), cell_, cell_.high)};
    ++candidates_;
  }

  const NetworkGrid<T>& network_;
  const LabelsBackTask& task_;
  const Cell& cell_;
  int candidates_ = 0;
  std::uint8_t classes_[8]{};
  Ends ends_[8]{};
  float above_others_ = INFINITY;
};

}  // namespace osler::kernels
