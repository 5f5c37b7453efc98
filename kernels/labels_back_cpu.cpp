#include <algorithm>
#include <cstring>
#include <memory>
#include <optional>
#include <type_traits>

#include "kernels/labels_back_cell.hpp"
#include "kernels/labels_back_math.hpp"
#include "kernels/network_grid.hpp"

namespace osler::kernels {
namespace {

double place_of_slice(const LabelsBackTask& task, std::int64_t z) {
  return task.slice_at.empty() ? static_cast<double>(z)
                               : task.slice_at[static_cast<std::size_t>(z)];
}

// ---------------------------------------------------------------- a grid along the network's axes

/// Which outputs of a row lie in which cell of the network's x axis.
struct XTable {
  std::vector<float> weight;             ///< one per output voxel
  std::vector<std::int32_t> low;         ///< one per output voxel: the cell
  std::vector<std::int32_t> begin, end;  ///< outputs of each cell, whatever the direction
  bool on_columns = true;                ///< each output voxel lies on a column of the network's
  std::int32_t inside_begin = 0, inside_end = 0;

  XTable(const LabelsBackTask& task, std::int64_t nx)
      : begin(static_cast<std::size_t>(nx), 0), end(static_cast<std::size_t>(nx), 0) {
    const bool linear = task.interpolation[0] == Interpolation::linear;
    const double scale = task.out_to_in.m[0], shift = task.out_to_in.m[3];
    for (std::int64_t x = 0; x < task.out_size[0]; ++x) {
      const Neighbours at = neighbours(scale * static_cast<double>(x) + shift, nx, linear);
      weight.push_back(at.weight);
      low.push_back(static_cast<std::int32_t>(at.low));
      if (!at.inside) continue;
      on_columns = on_columns && at.weight == 0;
      const auto cell = static_cast<std::size_t>(at.low);
      const auto here = static_cast<std::int32_t>(x);
      if (begin[cell] == end[cell]) begin[cell] = here;
      end[cell] = here + 1;
      if (inside_begin == inside_end) inside_begin = here;
      inside_end = here + 1;
    }
  }
};

template <typename T>
class AlignedRows {
 public:
  AlignedRows(const ScoresView& scores, const LabelsBackTask& task, const NetworkGrid<T>& network)
      : scores_(scores),
        task_(task),
        network_(network),
        x_(task, scores.size[0]),
        x_linear_(task.interpolation[0] == Interpolation::linear) {}

  /// But for what rounding leaves of a product of affines.
  static bool applies(const LabelsBackTask& task) {
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

  /// @param same  scratch of one thread: one per column
  void row(std::int64_t y, std::int64_t z, std::uint8_t* out,
           std::vector<std::uint8_t>& same) const {
    const Affine& a = task_.out_to_in;
    const Neighbours nz = neighbours(a.m[10] * place_of_slice(task_, z) + a.m[11], scores_.size[2],
                                     task_.interpolation[2] == Interpolation::linear);
    if (nz.low < task_.cell_begin || nz.low >= task_.cell_end) return;
    const Neighbours ny = neighbours(a.m[5] * static_cast<double>(y) + a.m[7], scores_.size[1],
                                     task_.interpolation[1] == Interpolation::linear);
    const auto width = static_cast<std::size_t>(task_.out_size[0]);
    if (!nz.inside || !ny.inside || x_.inside_begin == x_.inside_end) {
      std::memset(out, task_.outside, width);
      return;
    }
    std::memset(out, task_.outside, static_cast<std::size_t>(x_.inside_begin));
    std::memset(out + x_.inside_end, task_.outside,
                width - static_cast<std::size_t>(x_.inside_end));
    if (x_.on_columns && ny.weight == 0 && nz.weight == 0) {
      copy_line(network_.top() + network_.line(ny.low, nz.low), out);
      return;
    }
    Cell cell{{network_.line(ny.low, nz.low), network_.line(ny.high, nz.low),
               network_.line(ny.low, nz.high), network_.line(ny.high, nz.high)},
              0,
              0,
              line_weights(ny.weight, nz.weight)};
    fill(cell, same, out);
  }

 private:
  /// A row whose voxels are voxels of the network's grid.
  void copy_line(const std::uint8_t* top, std::uint8_t* out) const {
    for (std::int32_t x = x_.inside_begin; x < x_.inside_end; ++x) {
      out[x] = label_of(top[x_.low[static_cast<std::size_t>(x)]]);
    }
  }

  /// Cells whose corners all agree are filled, as many neighbouring ones as there are at once.
  void fill(Cell& cell, std::vector<std::uint8_t>& same, std::uint8_t* out) const {
    const std::uint8_t* a = network_.top() + cell.line[0];
    const std::uint8_t* b = network_.top() + cell.line[1];
    const std::uint8_t* c = network_.top() + cell.line[2];
    const std::uint8_t* d = network_.top() + cell.line[3];
    const auto cells = static_cast<std::int32_t>(same.size());
    for (std::int32_t j = 0; j < cells; ++j) {
      same[j] = static_cast<std::uint8_t>((a[j] ^ b[j]) | (a[j] ^ c[j]) | (a[j] ^ d[j]));
    }
    if (const std::uint8_t* close = network_.close()) {
      for (const std::int64_t line : cell.line) {
        for (std::int32_t j = 0; j < cells; ++j) same[j] |= close[line + j];
      }
    }
    const auto next = [&](std::int32_t j) { return x_linear_ && j + 1 < cells ? j + 1 : j; };
    const auto agree = [&](std::int32_t j) {
      return (same[j] | same[next(j)]) == 0 && a[j] == a[next(j)];
    };
    Column before;
    for (std::int32_t j = 0; j < cells;) {
      if (!agree(j)) {
        decide(cell, j, next(j), before, out);
        ++j;
        continue;
      }
      const std::uint8_t top = a[j];
      std::int32_t begin = INT32_MAX, end = 0;
      for (; j < cells && a[j] == top && agree(j); ++j) {
        if (x_.begin[j] == x_.end[j]) continue;
        begin = std::min(begin, x_.begin[j]);
        end = std::max(end, x_.end[j]);
      }
      if (begin < end)
        std::memset(out + begin, label_of(top), static_cast<std::size_t>(end - begin));
    }
  }

  void decide(Cell& cell, std::int32_t low, std::int32_t high, Column& before,
              std::uint8_t* out) const {
    if (x_.begin[low] == x_.end[low]) return;
    cell.low = low;
    cell.high = high;
    CellDecider<T> decider(network_, task_, cell, before);
    before = decider.higher_column();
    for (std::int32_t x = x_.begin[low]; x < x_.end[low]; ++x) {
      out[x] = decider.label_at(x_.weight[static_cast<std::size_t>(x)]);
    }
  }

  std::uint8_t label_of(std::uint8_t top) const {
    return task_.decision == Decision::regions ? top : task_.label_of[top];
  }

  const ScoresView& scores_;
  const LabelsBackTask& task_;
  const NetworkGrid<T>& network_;
  XTable x_;
  bool x_linear_;
};

template <typename T>
void labels_aligned(const ScoresView& scores, const LabelsBackTask& task,
                    const NetworkGrid<T>& network, std::span<std::uint8_t> labels) {
  const AlignedRows<T> aligned(scores, task, network);
  const std::int64_t rows = task.out_size[1] * task.out_size[2];
#pragma omp parallel
  {
    std::vector<std::uint8_t> same(static_cast<std::size_t>(scores.size[0]));
#pragma omp for schedule(dynamic, 64)
    for (std::int64_t r = 0; r < rows; ++r) {
      aligned.row(r % task.out_size[1], r / task.out_size[1], labels.data() + r * task.out_size[0],
                  same);
    }
  }
}

// ---------------------------------------------------------------- any other grid

/// One voxel of a grid that is turned against the network's. @return nothing if it is not of this
/// slab
template <typename T>
std::optional<std::uint8_t> label_anywhere(const ScoresView& scores, const LabelsBackTask& task,
                                           const NetworkGrid<T>& network, const Vec3& index) {
  const Vec3 place = task.out_to_in(index);
  Neighbours n[3];
  for (std::size_t i = 0; i < 3; ++i) {
    n[i] = neighbours(place[i], scores.size[i], task.interpolation[i] == Interpolation::linear);
  }
  if (n[2].low < task.cell_begin || n[2].low >= task.cell_end) return std::nullopt;
  if (!n[0].inside || !n[1].inside || !n[2].inside) return task.outside;
  const Cell cell{{network.line(n[1].low, n[2].low), network.line(n[1].high, n[2].low),
                   network.line(n[1].low, n[2].high), network.line(n[1].high, n[2].high)},
                  n[0].low,
                  n[0].high,
                  line_weights(n[1].weight, n[2].weight)};
  const std::uint8_t first = network.top()[cell.line[0] + cell.low];
  bool same = true;
  for (const std::int64_t line : cell.line) {
    same =
        same && network.top()[line + cell.low] == first && network.top()[line + cell.high] == first;
    if (const std::uint8_t* close = network.close()) {
      same = same && close[line + cell.low] == 0 && close[line + cell.high] == 0;
    }
  }
  if (!same) return CellDecider<T>(network, task, cell, {}).label_at(n[0].weight);
  return task.decision == Decision::regions ? first : task.label_of[first];
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
                     const NetworkGrid<T>& network, std::span<std::uint8_t> labels) {
  const std::int64_t rows = task.out_size[1] * task.out_size[2];
#pragma omp parallel for schedule(dynamic, 16)
  for (std::int64_t r = 0; r < rows; ++r) {
    const double z = place_of_slice(task, r / task.out_size[1]);
    if (!meets_slab(scores, task, r % task.out_size[1], z)) continue;
    std::uint8_t* out = labels.data() + r * task.out_size[0];
    for (std::int64_t x = 0; x < task.out_size[0]; ++x) {
      const Vec3 index{static_cast<double>(x), static_cast<double>(r % task.out_size[1]), z};
      if (const auto label = label_anywhere(scores, task, network, index)) out[x] = *label;
    }
  }
}

template <typename T>
void run(const ScoresView& scores, const LabelsBackTask& task, std::span<std::uint8_t> labels) {
  const NetworkGrid<T> network(scores, task);
  if (AlignedRows<T>::applies(task)) {
    labels_aligned(scores, task, network, labels);
  } else {
    labels_anywhere(scores, task, network, labels);
  }
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
