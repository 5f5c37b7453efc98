#pragma once
// Sums of labels where voxels of a line are taken by neighbouring threads (Queue::each_joined).

#include "kernels/label_statistics_math.hpp"
#include "kernels/queue.cuh"

namespace osler::kernels {

/// Takes the voxels of one line after another; of each line and label a few of the sums at once.
template <typename T>
struct SumUp {
  const T* stored;  ///< or nothing
  PaddingRange<T> padding;
  std::int64_t nx, ny;
  int max_label;
  SliceSums<T>* sums;

  /// @return the label as a key, 0 if it is not counted
  OSLER_DEVICE std::uint32_t take(std::int64_t line, std::int64_t x, std::uint8_t label,
                                  LineSums<T>& part) const {
    if (label == 0 || label > max_label) return 0;
    part.voxels = 1;
    part.x = static_cast<unsigned long long>(x);
    part.x_min = part.x_max = static_cast<int>(x);
    if (stored != nullptr) {
      const T value = stored[line * nx + x];
      if (!padding.holds(value)) part.values.take(value);
    }
    return label;
  }

  OSLER_DEVICE void operator()(std::int64_t line, std::uint32_t label,
                               const LineSums<T>& part) const {
    const int y = static_cast<int>(line % ny);
    SliceSums<T>& s = sums[line / ny * (max_label + 1) + label];
    add(&s.voxels, static_cast<unsigned long long>(part.voxels));
    add(&s.x, part.x);
    add(&s.y, static_cast<unsigned long long>(part.voxels) * static_cast<unsigned>(y));
    lower(&s.x_min, part.x_min);
    raise(&s.x_max, part.x_max);
    lower(&s.y_min, y);
    raise(&s.y_max, y);
    if (part.values.valued == 0) return;
    add(&s.values.valued, part.values.valued);
    add(&s.values.sum, part.values.sum);
    add(&s.values.squares, part.values.squares);
    lower(&s.values.min, part.values.min);
    raise(&s.values.max, part.values.max);
  }
};

/// @param sums  device memory
template <typename T>
SumUp<T> sum_up(const LabelStatisticsTask& task, void* sums) {
  return {stored_values<T>(task), padding_of<T>(task), task.size[0],
          task.size[1],           task.max_label,      static_cast<SliceSums<T>*>(sums)};
}

}  // namespace osler::kernels
