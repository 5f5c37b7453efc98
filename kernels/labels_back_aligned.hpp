#pragma once
// Labels on a grid along the network's axes. The work is cut into blocks of the network's grid: two
// planes of a block are decided, and the rows of voxels between them while the scores are still in
// the caches. For labels_back_cpu.

#include <cstdint>
#include <cstring>
#include <span>
#include <utility>
#include <vector>

#include "kernels/compared_lines.hpp"
#include "kernels/label_sums_cpu.hpp"
#include "kernels/labels_back_cell.hpp"

namespace osler::kernels {

/// Where the outputs along one axis lie on the network's, by the cells that they lie in.
struct AxisPlaces {
  std::vector<Neighbours> at;          ///< one per output
  std::vector<std::int32_t> in_order;  ///< outputs, cell by cell
  std::vector<std::int32_t> begin;     ///< of each cell in that order, and the end

  std::span<const std::int32_t> of_cell(std::int64_t cell) const {
    const auto c = static_cast<std::size_t>(cell);
    return {in_order.data() + begin[c], in_order.data() + begin[c + 1]};
  }
};

/// @param slices  only along z: where output slices lie, or nothing
AxisPlaces places_along(std::size_t axis, const LabelsBackTask& task, const Size3& size,
                        std::span<const double> slices = {});

/// Which outputs of a row lie in which cells of the network's x axis.
struct XPlaces {
  std::vector<float> weight;       ///< one per output
  std::vector<std::int32_t> low;   ///< one per output: the cell
  std::vector<std::int32_t> edge;  ///< outputs of cells j ... k - 1 lie between edge[j] and edge[k]
  std::int32_t inside_begin = 0, inside_end = 0;
  bool on_columns = true;  ///< each output lies on a column of the network's

  XPlaces(const LabelsBackTask& task, const Size3& size);
};

struct CellRange {
  std::int64_t y_begin, y_end, z_begin, z_end;
};

/// What one thread does, block by block.
template <typename T>
class AlignedBlock {
 public:
  struct Places {
    XPlaces x;
    AxisPlaces y, z;
  };

  /// @param rows  of cells, at most, of a block
  AlignedBlock(const NetworkGrid<T>& network, const Places& places, std::int64_t rows,
               std::uint8_t* labels)
      : network_(network),
        task_(network.task()),
        places_(places),
        nx_(network.size()[0]),
        plane_((rows + 1) * nx_),
        labels_(labels),
        memory_(2 * plane_, task_),
        decided_(memory_.view()),
        open_(static_cast<std::size_t>(nx_)),
        others_(static_cast<std::size_t>(nx_)) {}

  /// @param sums  takes each row of voxels, or nothing
  void run(const CellRange& cells, LabelLines* sums) {
    cells_ = cells;
    held_[0] = held_[1] = -1;
    for (std::int64_t z = cells.z_begin; z < cells.z_end; ++z) {
      const auto slices = places_.z.of_cell(z);
      if (slices.empty()) continue;
      decide_plane(z);
      decide_plane(next(z, 2));
      for (std::int64_t y = cells.y_begin; y < cells.y_end; ++y) {
        const auto rows = places_.y.of_cell(y);
        if (rows.empty()) continue;
        decide_rows(y, z, rows, slices);
        if (sums == nullptr) continue;
        for (const std::int32_t slice : slices) {
          for (const std::int32_t row : rows) sums->take(row_at(row, slice), row, slice);
        }
      }
      if (sums != nullptr) sums->hand_over();
    }
  }

 private:
  struct Row {
    std::uint8_t* out;
    LineWeights weights;
  };

  std::int64_t next(std::int64_t low, std::size_t axis) const {
    const bool linear = task_.interpolation[axis] == Interpolation::linear;
    return linear && low + 1 < network_.size()[axis] ? low + 1 : low;
  }
  std::uint8_t* row_at(std::int64_t row, std::int64_t slice) const {
    return labels_ + (slice * task_.out_size[1] + row) * task_.out_size[0];
  }
  std::uint8_t label_of(std::uint8_t top) const {
    return task_.decision == Decision::regions ? top : task_.label_of[top];
  }

  void decide_plane(std::int64_t z) {
    if (held_[z % 2] == z) return;
    held_[z % 2] = z;
    const std::int64_t rows = next(cells_.y_end - 1, 1) + 1 - cells_.y_begin;
    network_.decide(network_.line(cells_.y_begin, z), rows * nx_, decided_.from(z % 2 * plane_));
  }

  CellLines lines_of(std::int64_t y, std::int64_t z) const {
    CellLines lines;
    for (int l = 0; l < 4; ++l) {
      const std::int64_t at_y = l % 2 == 0 ? y : next(y, 1), at_z = l < 2 ? z : next(z, 2);
      lines.decided[l] = at_z % 2 * plane_ + (at_y - cells_.y_begin) * nx_;
      lines.scores[l] = network_.line(at_y, at_z);
    }
    return lines;
  }

  /// All rows of voxels between four lines of the network's grid.
  void decide_rows(std::int64_t y, std::int64_t z, std::span<const std::int32_t> rows,
                   std::span<const std::int32_t> slices) {
    const CellLines lines = lines_of(y, z);
    rows_.clear();
    for (const std::int32_t slice : slices) {
      const Neighbours& nz = places_.z.at[static_cast<std::size_t>(slice)];
      for (const std::int32_t row : rows) {
        const Neighbours& ny = places_.y.at[static_cast<std::size_t>(row)];
        std::uint8_t* out = row_at(row, slice);
        if (!fill_outside(out, ny.inside && nz.inside)) continue;
        if (places_.x.on_columns && ny.weight == 0 && nz.weight == 0) {
          copy_line(decided_.top + lines.decided[0], out);
        } else {
          rows_.push_back({out, line_weights(ny.weight, nz.weight)});
        }
      }
    }
    if (rows_.empty()) return;
    compare_lines(decided_, lines.decided, nx_, task_.interpolation[0] == Interpolation::linear,
                  open_.data(), others_.data());
    fill(decided_.top + lines.decided[0]);
    for (const std::int32_t j : undecided_) decide_cell(lines, j);
  }

  /// @return whether any of the row is inside
  bool fill_outside(std::uint8_t* out, bool inside) const {
    const XPlaces& x = places_.x;
    const auto width = static_cast<std::size_t>(task_.out_size[0]);
    if (!inside || x.inside_begin == x.inside_end) {
      std::memset(out, task_.outside, width);
      return false;
    }
    std::memset(out, task_.outside, static_cast<std::size_t>(x.inside_begin));
    std::memset(out + x.inside_end, task_.outside, width - static_cast<std::size_t>(x.inside_end));
    return true;
  }

  /// A row whose voxels are voxels of the network's grid.
  void copy_line(const std::uint8_t* top, std::uint8_t* out) const {
    for (std::int32_t x = places_.x.inside_begin; x < places_.x.inside_end; ++x) {
      out[x] = label_of(top[places_.x.low[static_cast<std::size_t>(x)]]);
    }
  }

  /// Outputs of cells j ... k - 1: [begin, end), whatever the direction.
  std::pair<std::int32_t, std::int32_t> outputs_of(std::int32_t j, std::int32_t k) const {
    const std::int32_t a = places_.x.edge[static_cast<std::size_t>(j)];
    const std::int32_t b = places_.x.edge[static_cast<std::size_t>(k)];
    return a < b ? std::pair{a, b} : std::pair{b, a};
  }

  /// Cells whose corners all agree are filled, as many neighbouring ones as there are at once, and
  /// alike in each row. The others are listed.
  void fill(const std::uint8_t* top) {
    undecided_.clear();
    const auto cells = static_cast<std::int32_t>(nx_);
    std::uint8_t* out = rows_[0].out;
    for (std::int32_t j = 0; j < cells;) {
      if (open_[static_cast<std::size_t>(j)] != 0) {
        const auto [begin, end] = outputs_of(j, j + 1);
        if (begin < end) undecided_.push_back(j);
        ++j;
        continue;
      }
      std::int32_t k = j + 1;
      while (k < cells && open_[static_cast<std::size_t>(k)] == 0 && top[k] == top[j]) ++k;
      const auto [begin, end] = outputs_of(j, k);
      std::memset(out + begin, label_of(top[j]), static_cast<std::size_t>(end - begin));
      j = k;
    }
    const std::int32_t from = places_.x.inside_begin;
    const auto width = static_cast<std::size_t>(places_.x.inside_end - from);
    for (std::size_t r = 1; r < rows_.size(); ++r)
      std::memcpy(rows_[r].out + from, out + from, width);
  }

  void decide_cell(const CellLines& lines, std::int32_t j) const {
    const auto [begin, end] = outputs_of(j, j + 1);
    CellDecider<T> decider(network_, decided_, lines, j, next(j, 0),
                           others_[static_cast<std::size_t>(j)]);
    const float* weight = places_.x.weight.data() + begin;
    for (const Row& row : rows_) decider.decide(row.weights, weight, end - begin, row.out + begin);
  }

  const NetworkGrid<T>& network_;
  const LabelsBackTask& task_;
  const Places& places_;
  std::int64_t nx_, plane_;
  std::uint8_t* labels_;
  DecidedVoxels<T> memory_;  ///< two planes of a block: the one of z lies at z % 2
  Decided<T> decided_;
  std::int64_t held_[2]{-1, -1};
  CellRange cells_{};
  std::vector<std::uint8_t> open_;   ///< of the cells of a row: not 0 where corners disagree
  std::vector<ScoreKey<T>> others_;  ///< of the cells of a row: highest second best of a corner
  std::vector<std::int32_t> undecided_;
  std::vector<Row> rows_;
};

}  // namespace osler::kernels
