#pragma once
// Sums of labels line by line, for the CPU.

#include <cstdint>
#include <memory>

#include "kernels/label_statistics.hpp"

namespace osler::kernels {

/// What one thread has summed up and not yet handed over: a few slices.
class LabelLines {
 public:
  virtual ~LabelLines() = default;
  /// @param line  labels of a whole line along x; 0 counts as nothing
  virtual void take(const std::uint8_t* line, std::int64_t y, std::int64_t z) = 0;
  /// Adds to the sums of all threads.
  virtual void hand_over() = 0;
};

/// @param sums  outlives this
std::unique_ptr<LabelLines> label_lines(const LabelSums& sums);

}  // namespace osler::kernels
