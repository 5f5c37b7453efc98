#include "kernels/labels_back.hpp"

#include <omp.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <optional>
#include <vector>

#include "kernels/label_sums_cpu.hpp"
#include "kernels/labels_back_aligned.hpp"
#include "kernels/labels_back_cell.hpp"
#include "kernels/labels_back_math.hpp"
#include "kernels/network_grid.hpp"

namespace osler::kernels {
namespace {

std::unique_ptr<LabelLines> lines_of(const LabelsBackTask& task) {
  return task.sums == nullptr ? nullptr : label_lines(*task.sums);
}

// ---------------------------------------------------------------- a grid along the network's axes

/// But for what rounding leaves of a product of affines.
bool is_aligned(const LabelsBackTask& task) {
  double moved = 0;
  for (std::size_t row = 0; row < 3; ++row) {
    for (std::size_t column = 0; column < 3; ++column) {
      if (row == column) continue;
      moved = std::max(moved, std::abs(task.out_to_in.m[4 * row + column]) *
                                  static_cast<double>(task.out_size[column]));
    }
  }
  return moved <= kMixedAxes;
}

/// All cells in blocks of so many.
struct Blocks {
  CellRange all;
  std::int64_t rows, planes;

  std::int64_t across() const { return (all.y_end - all.y_begin + rows - 1) / rows; }
  std::int64_t count() const {
    return across() * ((std::max(all.z_end - all.z_begin, std::int64_t{0}) + planes - 1) / planes);
  }
  CellRange at(std::int64_t block) const {
    const std::int64_t y = all.y_begin + block % across() * rows;
    const std::int64_t z = all.z_begin + block / across() * planes;
    return {y, std::min(y + rows, all.y_end), z, std::min(z + planes, all.z_end)};
  }
};

/// The scores of two planes of a block stay in the second cache. The line and the plane of the next
/// block, which are decided twice, are few of many, unless threads would have nothing to do.
template <typename T>
Blocks blocks_of(const ScoresView& scores, const LabelsBackTask& task) {
  constexpr std::int64_t kCacheBytes = 768 << 10, kFewestRows = 7, kPlanes = 16, kPerThread = 8;
  const std::int64_t line = scores.size[0];
  const std::int64_t held = kCacheBytes / (2 * line * scores.classes * std::int64_t{sizeof(T)});
  Blocks blocks{{0, scores.size[1], std::max<std::int64_t>(task.cell_begin, 0),
                 std::min(task.cell_end, scores.size[2])},
                std::max(std::min(held, kBlock / line) - 1, kFewestRows),
                kPlanes};
  while (blocks.count() < kPerThread * omp_get_max_threads() && blocks.rows * blocks.planes > 1) {
    std::int64_t& more = blocks.rows > blocks.planes ? blocks.rows : blocks.planes;
    more = (more + 1) / 2;
  }
  return blocks;
}

template <typename T>
void labels_aligned(const ScoresView& scores, const LabelsBackTask& task,
                    std::span<std::uint8_t> labels) {
  const NetworkGrid<T> network(scores, task);
  const typename AlignedBlock<T>::Places places{XPlaces(task, scores.size),
                                                places_along(1, task, scores.size),
                                                places_along(2, task, scores.size, task.slice_at)};
  const Blocks blocks = blocks_of<T>(scores, task);
#pragma omp parallel
  {
    AlignedBlock<T> block(network, places, blocks.rows, labels.data());
    const std::unique_ptr<LabelLines> sums = lines_of(task);
#pragma omp for schedule(dynamic, 1)
    for (std::int64_t b = 0; b < blocks.count(); ++b) block.run(blocks.at(b), sums.get());
  }
}

// ---------------------------------------------------------------- any other grid

/// Planes of the network's grid, all decided.
template <typename T>
struct DecidedPlanes {
  const NetworkGrid<T>& network;
  PlaneRange planes;
  DecidedVoxels<T> memory;
  Decided<T> decided;

  DecidedPlanes(const NetworkGrid<T>& of, const ScoresView& scores)
      : network(of),
        planes(planes_of(scores, of.task())),
        memory((planes.end - planes.begin) * scores.size[0] * scores.size[1], of.task()),
        decided(memory.view()) {
    const std::int64_t from = network.line(0, planes.begin), n = network.line(0, planes.end) - from;
#pragma omp parallel for schedule(dynamic, 4)
    for (std::int64_t begin = 0; begin < n; begin += kBlock) {
      network.decide(from + begin, std::min(kBlock, n - begin), decided.from(begin));
    }
  }

  CellLines lines(const Neighbours& y, const Neighbours& z) const {
    CellLines lines;
    for (int l = 0; l < 4; ++l) {
      lines.scores[l] = network.line(l % 2 == 0 ? y.low : y.high, l < 2 ? z.low : z.high);
      lines.decided[l] = lines.scores[l] - network.line(0, planes.begin);
    }
    return lines;
  }
};

/// One voxel of a grid that is turned against the network's. @return nothing if it is not of this
/// slab
template <typename T>
std::optional<std::uint8_t> label_anywhere(const DecidedPlanes<T>& grid, const Vec3& index) {
  const LabelsBackTask& task = grid.network.task();
  const Vec3 place = task.out_to_in(index);
  Neighbours n[3];
  for (std::size_t i = 0; i < 3; ++i) {
    n[i] = neighbours(place[i], grid.network.size()[i],
                      task.interpolation[i] == Interpolation::linear);
  }
  if (n[2].low < task.cell_begin || n[2].low >= task.cell_end) return std::nullopt;
  if (!n[0].inside || !n[1].inside || !n[2].inside) return task.outside;
  const CellLines lines = grid.lines(n[1], n[2]);
  const Decided<T>& decided = grid.decided;
  const std::uint8_t first = decided.top[lines.decided[0] + n[0].low];
  bool same = true;
  for (const std::int64_t line : lines.decided) {
    const std::int64_t low = line + n[0].low, high = line + n[0].high;
    same = same && decided.top[low] == first && decided.top[high] == first;
    if (decided.close != nullptr) same = same && (decided.close[low] | decided.close[high]) == 0;
  }
  if (same) return task.decision == Decision::regions ? first : task.label_of[first];
  auto others = std::numeric_limits<ScoreKey<T>>::lowest();
  for (const std::int64_t line : lines.decided) {
    if (decided.second == nullptr) break;
    others = std::max({others, decided.second[line + n[0].low], decided.second[line + n[0].high]});
  }
  std::uint8_t label = 0;
  CellDecider<T>(grid.network, decided, lines, n[0].low, n[0].high, others)
      .decide(line_weights(n[1].weight, n[2].weight), &n[0].weight, 1, &label);
  return label;
}

/// False if no voxel of this row is of this slab.
bool meets_slab(const ScoresView& scores, const LabelsBackTask& task, std::int64_t y, double z) {
  constexpr double kRounding = 1e-6;  // of places, far above it
  const double at = static_cast<double>(y), last = static_cast<double>(task.out_size[0] - 1);
  const double begin = task.out_to_in({0, at, z})[2], end = task.out_to_in({last, at, z})[2];
  const bool linear = task.interpolation[2] == Interpolation::linear;
  const auto cell = [&](double place) { return neighbours(place, scores.size[2], linear).low; };
  return cell(std::max(begin, end) + kRounding) >= task.cell_begin &&
         cell(std::min(begin, end) - kRounding) < task.cell_end;
}

template <typename T>
void labels_anywhere(const ScoresView& scores, const LabelsBackTask& task,
                     std::span<std::uint8_t> labels) {
  constexpr std::int64_t kRows = 16;  // of one slice, at a time
  const NetworkGrid<T> network(scores, task);
  const DecidedPlanes<T> grid(network, scores);
  const Size3& size = task.out_size;
  const std::int64_t chunks = (size[1] + kRows - 1) / kRows;
#pragma omp parallel
  {
    const std::unique_ptr<LabelLines> sums = lines_of(task);
    std::vector<std::uint8_t> decided(static_cast<std::size_t>(size[0]));  // 0 elsewhere
#pragma omp for schedule(dynamic, 1)
    for (std::int64_t chunk = 0; chunk < chunks * size[2]; ++chunk) {
      const std::int64_t slice = chunk / chunks, first = chunk % chunks * kRows;
      const double z = task.slice_at.empty() ? static_cast<double>(slice)
                                             : task.slice_at[static_cast<std::size_t>(slice)];
      for (std::int64_t y = first; y < std::min(first + kRows, size[1]); ++y) {
        if (!meets_slab(scores, task, y, z)) continue;
        std::uint8_t* out = labels.data() + (slice * size[1] + y) * size[0];
        for (std::int64_t x = 0; x < size[0]; ++x) {
          const auto label =
              label_anywhere(grid, {static_cast<double>(x), static_cast<double>(y), z});
          if (label) out[x] = *label;
          decided[static_cast<std::size_t>(x)] = label.value_or(0);
        }
        if (sums) sums->take(decided.data(), y, slice);
      }
      if (sums) sums->hand_over();
    }
  }
}

template <typename T>
void run(const ScoresView& scores, const LabelsBackTask& task, std::span<std::uint8_t> labels) {
  is_aligned(task) ? labels_aligned<T>(scores, task, labels)
                   : labels_anywhere<T>(scores, task, labels);
}

}  // namespace

void labels_back_cpu(const ScoresView& scores, const LabelsBackTask& task,
                     std::span<std::uint8_t> labels) {
  check_labels_back(scores, task, labels.size());
  if (labels.empty()) return;
  switch (scores.type) {
    case FloatType::f32:
      return run<float>(scores, task, labels);
    case FloatType::f16:
      return run<Half>(scores, task, labels);
    case FloatType::bf16:
      return run<BFloat16>(scores, task, labels);
  }
}

}  // namespace osler::kernels
