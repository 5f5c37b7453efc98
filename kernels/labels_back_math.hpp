#pragma once
// The formula of kernels/labels_back.hpp, once, for host and device.

#include <cmath>

#include "kernels/half_math.hpp"
#include "kernels/labels_back.hpp"
#include "kernels/source_math.hpp"

namespace osler::kernels {

/// The two neighbours of a place along one axis of the network's grid; the weight is the higher's.
struct Neighbours {
  std::int64_t low;
  std::int64_t high;
  float weight;
  bool inside;
};

OSLER_HOST_DEVICE inline Neighbours neighbours(double place, std::int64_t size, bool linear) {
  const auto last = static_cast<double>(size - 1);
  const bool inside = place >= -0.5 && place <= last + 0.5;
  const double held = place < 0 ? 0 : (place > last ? last : place);
  if (!linear) {
    const std::int64_t closer = clamp_index(floor_index(held + 0.5), size);
    return {closer, closer, 0.0F, inside};
  }
  const std::int64_t low = floor_index(held);
  return {low, low + 1 < size ? low + 1 : size - 1,
          static_cast<float>(held - static_cast<double>(low)), inside};
}

/// Weights of the four lines along x: {y low, z low}, {y high, z low}, {y low, z high}, both high.
/// They are products of numbers in [0, 1], so that the mean below grows with every score.
struct LineWeights {
  float w[4];
};

OSLER_HOST_DEVICE inline LineWeights line_weights(float y, float z) {
  return {{(1 - y) * (1 - z), y * (1 - z), (1 - y) * z, y * z}};
}

OSLER_HOST_DEVICE inline float across_lines(const LineWeights& l, float a, float b, float c,
                                            float d) {
  return ((l.w[0] * a + l.w[1] * b) + l.w[2] * c) + l.w[3] * d;
}

OSLER_HOST_DEVICE inline float along_line(float x, float low, float high) {
  return (1 - x) * low + x * high;
}

/// What is compared.
OSLER_HOST_DEVICE inline float as_compared(float score, bool rounded_to_halves) {
  return rounded_to_halves ? to_float(Half{to_f16(score)}) : score;
}

/// Whether rounding to binary16 may make the means of these scores and of others equal. It moves a
/// mean by at most 2^-11 of it (below the normal numbers by 2^-25), and a mean is no larger than
/// the mean of the magnitudes: what holds at each corner holds between them.
OSLER_HOST_DEVICE inline bool close_as_halves(float best, float second) {
  return !(best - second > 5e-4F * (fabsf(best) + fabsf(second)) + 1e-7F);
}

/// Takes the classes one after another.
struct Decider {
  bool regions;
  float threshold;
  float best;
  std::uint8_t label;

  OSLER_HOST_DEVICE Decider(Decision decision, float at_threshold, std::uint8_t first)
      : regions(decision == Decision::regions),
        threshold(at_threshold),
        best(-INFINITY),
        label(regions ? std::uint8_t{0} : first) {}

  OSLER_HOST_DEVICE void take(float score, std::uint8_t own) {
    if (regions) {
      if (score > threshold) label = own;
    } else if (score > best) {
      best = score;
      label = own;
    }
  }
};

/// Planes of the network's grid that a task reads: [begin, end).
struct PlaneRange {
  std::int64_t begin;
  std::int64_t end;
};

inline PlaneRange planes_of(const ScoresView& scores, const LabelsBackTask& task) {
  const std::int64_t nz = scores.size[2];
  const std::int64_t begin = task.cell_begin < 0 ? 0 : task.cell_begin;
  const std::int64_t end = task.cell_end < nz - 1 ? task.cell_end + 1 : nz;
  return {begin, begin < end ? end : begin};
}

/// Whether labels_back can add to these sums. @throws Error bad_argument
void check_sums(const LabelSums& sums, const Size3& out_size);

/// @throws Error bad_argument
void check_labels_back(const ScoresView& scores, const LabelsBackTask& task, std::size_t labels);

}  // namespace osler::kernels
