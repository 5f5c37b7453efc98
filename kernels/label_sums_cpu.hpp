#pragma once
// Sums of labels line by line, for the CPU.

#include <algorithm>
#include <cstring>
#include <vector>

#include "kernels/label_statistics_math.hpp"

namespace osler::kernels {

/// Where the run of equal labels ends that begins at x.
inline std::int64_t end_of_run(const std::uint8_t* line, std::int64_t x, std::int64_t n) {
  const std::uint8_t label = line[x];
  const std::uint64_t eight = 0x0101010101010101U * label;
  for (++x; x + 8 <= n; x += 8) {
    std::uint64_t next;
    std::memcpy(&next, line + x, sizeof next);
    if (next != eight) break;
  }
  while (x < n && line[x] == label) ++x;
  return x;
}

template <typename T>
ValueSums<T> value_sums(const T* stored, std::int64_t n, const PaddingRange<T>& padding) {
  ValueSums<T> sums;
  for (std::int64_t i = 0; i < n; ++i) {
    if (!padding.holds(stored[i])) sums.take(stored[i]);
  }
  return sums;
}

/// The labels of lines of a few slices, not in anybody's way until they are added to all others.
template <typename T>
class LabelSummer {
 public:
  explicit LabelSummer(const LabelStatisticsTask& task)
      : task_(task), stored_(stored_values<T>(task)), padding_(padding_of<T>(task)) {}

  std::size_t labels() const { return static_cast<std::size_t>(task_.max_label) + 1; }

  /// One line, run by run.
  /// @param sums  of the line's slice: one per label
  void take_line(const std::uint8_t* line, std::int64_t y, std::int64_t z,
                 SliceSums<T>* sums) const {
    const std::int64_t n = task_.size[0];
    const T* stored = stored_ == nullptr ? nullptr : stored_ + (z * task_.size[1] + y) * n;
    for (std::int64_t x = 0; x < n;) {
      const std::int64_t end = end_of_run(line, x, n);
      if (line[x] != 0 && line[x] <= task_.max_label) {
        LineSums<T> run;
        run.voxels = static_cast<unsigned>(end - x);
        run.x = static_cast<unsigned long long>((end - x) * (x + end - 1) / 2);
        run.x_min = static_cast<int>(x);
        run.x_max = static_cast<int>(end - 1);
        if (stored != nullptr) run.values = value_sums(stored + x, end - x, padding_);
        sums[line[x]].join(run, static_cast<int>(y));
      }
      x = end;
    }
  }

 private:
  const LabelStatisticsTask& task_;
  const T* stored_;
  PaddingRange<T> padding_;
};

}  // namespace osler::kernels
