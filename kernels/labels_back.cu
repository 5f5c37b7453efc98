#include <algorithm>
#include <cmath>

#include "kernels/label_sums.cuh"
#include "kernels/labels_back.hpp"
#include "kernels/labels_back_math.hpp"
#include "kernels/queue.cuh"

namespace osler::kernels {
namespace {

/// What the kernels need, in plain values that travel as an argument.
struct Constants {
  double m[12];
  std::int64_t in[3];
  std::int64_t out[3];
  std::int64_t first_plane, planes;  ///< held of each class
  PlaneRange decided;
  std::int64_t cell_begin, cell_end;
  int classes;
  bool linear[3];
  Decision decision;
  bool halves;
  float threshold;
  std::uint8_t outside;
  std::uint8_t label_of[256];
};

/// One thread a voxel of the network's grid: neighbours read neighbours of each class.
template <typename T>
struct DecideNetwork {
  const T* scores;
  Constants c;
  std::uint8_t* network;
  std::uint8_t* close;  ///< where rounding may decide; nullptr: it does not

  OSLER_DEVICE void operator()(std::int64_t n) const {
    const std::int64_t plane = c.in[0] * c.in[1];
    const std::int64_t from = (c.decided.begin - c.first_plane) * plane + n;
    Decider decider(c.decision, c.threshold, c.label_of[0]);
    float second = -INFINITY;
    for (int k = 0; k < c.classes; ++k) {
      const float score = to_float(scores[k * c.planes * plane + from]);
      const float lower = score > decider.best ? decider.best : score;
      second = lower > second ? lower : second;
      decider.take(score, c.label_of[k]);
    }
    network[n] = decider.label;
    if (close != nullptr) close[n] = close_as_halves(decider.best, second) ? 1 : 0;
  }
};

template <typename T>
struct DecideOutput {
  const T* scores;
  Constants c;
  const double* slice_at;
  const std::uint8_t* network;
  const std::uint8_t* close;
  std::uint8_t* labels;
  std::int64_t first_line;  ///< lines before it have no voxel of this slab

  OSLER_DEVICE void operator()(std::int64_t i) const {
    decide(first_line + i / c.out[0], i % c.out[0]);
  }

  /// One voxel of a line of the output. @return its label; none if it is not of this slab
  OSLER_DEVICE int decide(std::int64_t line, std::int64_t at_x) const {
    const int label = label_of(line, at_x);
    if (label != kNone) labels[line * c.out[0] + at_x] = static_cast<std::uint8_t>(label);
    return label;
  }

  static constexpr int kNone = -1;

  OSLER_DEVICE int label_of(std::int64_t out_line, std::int64_t at_x) const {
    const auto x = static_cast<double>(at_x), y = static_cast<double>(out_line % c.out[1]);
    const std::int64_t k = out_line / c.out[1];
    const double z = slice_at == nullptr ? static_cast<double>(k) : slice_at[k];
    Neighbours n[3];
    for (int a = 0; a < 3; ++a) {
      const double* m = c.m + 4 * a;
      n[a] = neighbours(m[0] * x + m[1] * y + m[2] * z + m[3], c.in[a], c.linear[a]);
    }
    if (n[2].low < c.cell_begin || n[2].low >= c.cell_end) return kNone;
    if (!n[0].inside || !n[1].inside || !n[2].inside) return c.outside;
    const std::int64_t plane = c.in[0] * c.in[1];
    const std::int64_t line[4] = {
        n[2].low * plane + n[1].low * c.in[0], n[2].low * plane + n[1].high * c.in[0],
        n[2].high * plane + n[1].low * c.in[0], n[2].high * plane + n[1].high * c.in[0]};
    const std::uint8_t* decided = network - c.decided.begin * plane;
    const std::uint8_t first = decided[line[0] + n[0].low];
    bool same = true;
    for (int l = 0; l < 4; ++l) {
      same = same && decided[line[l] + n[0].low] == first && decided[line[l] + n[0].high] == first;
      if (close != nullptr) {
        const std::uint8_t* near = close - c.decided.begin * plane + line[l];
        same = same && near[n[0].low] == 0 && near[n[0].high] == 0;
      }
    }
    if (same) return first;
    const LineWeights w = line_weights(n[1].weight, n[2].weight);
    const T* held = scores - c.first_plane * plane;
    Decider decider(c.decision, c.threshold, c.label_of[0]);
    for (int class_index = 0; class_index < c.classes; ++class_index) {
      const T* s = held + class_index * c.planes * plane;
      const float low =
          across_lines(w, to_float(s[line[0] + n[0].low]), to_float(s[line[1] + n[0].low]),
                       to_float(s[line[2] + n[0].low]), to_float(s[line[3] + n[0].low]));
      const float high =
          across_lines(w, to_float(s[line[0] + n[0].high]), to_float(s[line[1] + n[0].high]),
                       to_float(s[line[2] + n[0].high]), to_float(s[line[3] + n[0].high]));
      decider.take(as_compared(along_line(n[0].weight, low, high), c.halves),
                   c.label_of[class_index]);
    }
    return decider.label;
  }
};

/// Likewise, and sums of what each label holds.
template <typename T, typename V>
struct DecideAndSum {
  using Part = LineSums<V>;
  DecideOutput<T> output;
  SumUp<V> sums;

  OSLER_DEVICE std::uint32_t take(std::int64_t n, std::int64_t x, Part& part) const {
    const std::int64_t line = output.first_line + n;
    const int label = output.decide(line, x);
    if (label == output.kNone) return 0;
    return sums.take(line, x, static_cast<std::uint8_t>(label), part);
  }
  OSLER_DEVICE void operator()(std::int64_t n, std::uint32_t label, const Part& part) const {
    sums(output.first_line + n, label, part);
  }
};

Constants constants_of(const ScoresView& scores, const LabelsBackTask& task) {
  Constants c{};
  for (std::size_t i = 0; i < 12; ++i) c.m[i] = task.out_to_in.m[i];
  for (std::size_t i = 0; i < 3; ++i) {
    c.in[i] = scores.size[i];
    c.out[i] = task.out_size[i];
    c.linear[i] = task.interpolation[i] == Interpolation::linear;
  }
  c.first_plane = scores.first_plane;
  c.planes = scores.planes;
  c.decided = planes_of(scores, task);
  c.cell_begin = task.cell_begin;
  c.cell_end = task.cell_end;
  c.classes = scores.classes;
  c.decision = task.decision;
  c.halves = task.rounded_to_halves && task.decision == Decision::highest;
  c.threshold = task.threshold;
  c.outside = task.outside;
  for (std::size_t i = 0; i < task.label_of.size(); ++i) c.label_of[i] = task.label_of[i];
  return c;
}

struct SliceRange {
  std::int64_t begin = 0;
  std::int64_t end = 0;
};

/// Slices of the output in which a voxel may be of this slab: all of them, unless the network's z
/// goes by the slice alone, as it does where the grids run side by side.
SliceRange slices_of(const ScoresView& scores, const LabelsBackTask& task) {
  constexpr double kRounding = 1e-6;  // of places, far above it
  const std::int64_t slices = task.out_size[2];
  const auto& m = task.out_to_in.m;
  const double mixed = std::abs(m[8]) * static_cast<double>(task.out_size[0]) +
                       std::abs(m[9]) * static_cast<double>(task.out_size[1]);
  if (mixed > kMixedAxes) return {0, slices};
  const bool linear = task.interpolation[2] == Interpolation::linear;
  SliceRange range{slices, 0};
  for (std::int64_t k = 0; k < slices; ++k) {
    const double z =
        task.slice_at.empty() ? static_cast<double>(k) : task.slice_at[static_cast<std::size_t>(k)];
    const double place = m[10] * z + m[11];
    if (neighbours(place + kRounding, scores.size[2], linear).low < task.cell_begin ||
        neighbours(place - kRounding, scores.size[2], linear).low >= task.cell_end) {
      continue;
    }
    range = {std::min(range.begin, k), k + 1};
  }
  return range.begin < range.end ? range : SliceRange{};
}

template <typename T>
void decide(const ScoresView& scores, const LabelsBackTask& task, std::uint8_t* labels,
            void* scratch, const Queue& queue) {
  const Constants c = constants_of(scores, task);
  const std::int64_t decided = (c.decided.end - c.decided.begin) * c.in[0] * c.in[1];
  const SliceRange slices = slices_of(scores, task);
  const std::int64_t lines = (slices.end - slices.begin) * c.out[1];
  if (decided == 0 || lines * c.out[0] == 0) return;
  const std::size_t place_bytes = task.slice_at.size() * sizeof(double);
  auto* places = static_cast<double*>(scratch);
  auto* network = static_cast<std::uint8_t*>(scratch) + place_bytes;
  if (place_bytes > 0) {
    queue.copy_in(places, task.slice_at.data(), place_bytes);
  } else {
    places = nullptr;
  }
  const auto* held = static_cast<const T*>(scores.scores);
  std::uint8_t* close = c.halves ? network + decided : nullptr;
  queue.each("network's grid", decided, DecideNetwork<T>{held, c, network, close});
  const DecideOutput<T> output{held, c, places, network, close, labels, slices.begin * c.out[1]};
  if (task.sums == nullptr) return queue.each("output's grid", lines * c.out[0], output);
  with_scalar(stored_type(task.sums->task), [&](auto scalar) {
    using V = decltype(scalar);
    if constexpr (kSummedAsIntegers<V>) {
      queue.each_joined("output's grid", lines, c.out[0],
                        DecideAndSum<T, V>{output, sum_up<V>(task.sums->task, task.sums->at)});
    }
  });
}

}  // namespace

void labels_back_cuda(const ScoresView& scores, const LabelsBackTask& task, std::uint8_t* labels,
                      void* scratch, const Stream& stream) {
  if (task.sums != nullptr) check_sums(*task.sums, task.out_size);
  const Queue queue("labels back", stream);
  switch (scores.type) {
    case FloatType::f32:
      return decide<float>(scores, task, labels, scratch, queue);
    case FloatType::f16:
      return decide<Half>(scores, task, labels, scratch, queue);
    case FloatType::bf16:
      return decide<BFloat16>(scores, task, labels, scratch, queue);
  }
}

}  // namespace osler::kernels
