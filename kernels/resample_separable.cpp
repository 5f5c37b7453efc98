#include "kernels/resample_separable.hpp"

#include <algorithm>
#include <functional>
#include <vector>

#include "core/scalar.hpp"
#include "kernels/read_row.hpp"
#include "kernels/resample_axes.hpp"
#include "kernels/rows.hpp"

namespace osler::kernels {
namespace {

using rows::WeightedRow;

constexpr std::int64_t kBandRows = 16;  // a thread's planes stay in its L2
constexpr std::int64_t kWorkItems = 64;
constexpr std::int64_t kLeastSweep = 16;  // output slices; each sweep makes up to 3 planes anew

/// How rows of the source are read, whatever the type of its voxels.
struct RowReader {
  /// Real values along x; 0 and weight 0 for padding that counts as nothing.
  std::function<void(std::int64_t y, std::int64_t z, const WeightedRow&)> read;
  /// 0 where the voxel that holds a sample has no value, else 1.
  std::function<void(std::int64_t y, std::int64_t z, float* weight)> held;
};

struct Task {
  ResampleConstants constants;
  AxisTable x, y, z;                    ///< along the source's axes
  std::array<std::int64_t, 3> places;   ///< output voxels along the source's axes
  std::array<std::int64_t, 3> strides;  ///< in the output, of a step along the source's axes
  std::array<int, 3> samples;           ///< per output voxel along the source's axes
  bool weighted;                        ///< some voxels may have no value
  std::span<std::byte> out;
};

template <typename T>
RowReader row_reader(const SourceView& source, const Task& task) {
  const Voxels<T> voxels = voxels_of<T>(source);
  const AxisTable& x = task.x;
  return {[voxels, &x](std::int64_t y, std::int64_t z, const WeightedRow& to) {
            read_row(voxels, x.first, x.last, y, z, 0, to.value, to.weight);
          },
          [voxels, &x](std::int64_t y, std::int64_t z, float* weight) {
            for (std::int64_t i = x.begin; i < x.end; ++i) {
              const T v = voxels.at(x.nearest[static_cast<std::size_t>(i)], y, z);
              weight[i] = v != v || (voxels.masked && voxels.padding.holds(v)) ? 0.0F : 1.0F;
            }
          }};
}

/// Up to four rows or planes of the source, by their index there.
class Recent {
 public:
  void forget() { held_.fill(-1); }

  /// The slot of an index; those of `needed` are left alone. @return slot, and whether to make it
  std::pair<std::size_t, bool> slot(std::int32_t index, std::span<const std::int32_t> needed) {
    const auto found = std::find(held_.begin(), held_.end(), index);
    if (found != held_.end()) return {static_cast<std::size_t>(found - held_.begin()), false};
    const auto free = std::find_if(held_.begin(), held_.end(), [&](std::int32_t held) {
      return std::find(needed.begin(), needed.end(), held) == needed.end();
    });
    *free = index;
    return {static_cast<std::size_t>(free - held_.begin()), true};
  }

 private:
  std::array<std::int32_t, 4> held_{-1, -1, -1, -1};
};

/// The neighbours of one position along an axis.
struct Taps {
  std::array<std::int32_t, 4> index{};
  std::array<float, 4> weight{};
  std::span<const std::int32_t> needed;

  Taps(const AxisTable& table, std::int64_t position) {
    const auto n = static_cast<std::size_t>(table.positions);
    const auto at = static_cast<std::size_t>(position);
    const auto taps = static_cast<std::size_t>(table.taps);
    for (std::size_t t = 0; t < taps; ++t) index[t] = table.index[t * n + at];
    if (taps == 2) weight[0] = table.weight[at];
    for (std::size_t t = 0; taps == 4 && t < 4; ++t) weight[t] = table.weight[t * n + at];
    needed = std::span(index).first(taps);
  }
  Taps(const Taps&) = delete;
  Taps& operator=(const Taps&) = delete;
};

/// Makes a band of output rows (along the source's x) slice after slice, so that each row of the
/// source is read and interpolated along x and y once. One object per thread.
class Sweep {
 public:
  Sweep(const Task& task, const RowReader& reader)
      : task_(task), reader_(reader), width_(task.x.positions), band_(band_places(task)) {
    const auto rows = static_cast<std::size_t>(band_ * task.samples[1]);
    const auto row = static_cast<std::size_t>(2 * width_);
    source_row_.resize(2 * static_cast<std::size_t>(task.constants.in[0]));
    lines_.resize(4 * row);
    planes_.resize(4 * rows * row);
    mixed_.resize(row);
    sums_.resize(static_cast<std::size_t>(2 * band_ * task.places[0]));
  }

  static std::int64_t band_places(const Task& task) {
    return std::max<std::int64_t>(1, kBandRows / task.samples[1]);
  }

  void run(std::int64_t y0, std::int64_t z0, std::int64_t z1) {
    y0_ = y0;
    y1_ = std::min(y0 + band_, task_.places[1]);
    recent_planes_.forget();
    for (std::int64_t z = z0; z < z1; ++z) {
      std::fill(sums_.begin(), sums_.end(), 0.0F);
      for (int s = 0; s < task_.samples[2]; ++s) {
        const std::int64_t position = z * task_.samples[2] + s;
        if (position >= task_.z.begin && position < task_.z.end) add_slice(position);
      }
      for (std::int64_t y = y0_; y < y1_; ++y) put_row(y, z);
    }
  }

 private:
  WeightedRow row_at(std::vector<float>& buffer, std::size_t n) const {
    float* value = buffer.data() + n * 2 * static_cast<std::size_t>(width_);
    return {value, value + width_};
  }
  WeightedRow plane_row(std::size_t slot, std::int64_t y_position) {
    const std::int64_t rows = band_ * task_.samples[1];
    return row_at(planes_, slot * static_cast<std::size_t>(rows) +
                               static_cast<std::size_t>(y_position - y0_ * task_.samples[1]));
  }
  WeightedRow sum_row(std::int64_t y) {
    float* sum = sums_.data() + 2 * (y - y0_) * task_.places[0];
    return {sum, sum + task_.places[0]};
  }

  /// A row of the source at the positions along x.
  void make_line(std::int64_t y, std::int64_t z, const WeightedRow& out) {
    const AxisTable& x = task_.x;
    const std::int64_t n = x.end - x.begin;
    const std::int32_t* index = x.index.data() + x.begin;
    const float* weight = x.weight.data() + x.begin;
    if (x.taps == 4) {
      const float* row =
          task_.constants.coefficients + (z * task_.constants.in[1] + y) * task_.constants.in[0];
      return rows::cubic(row, index, weight, x.positions, n, out.value + x.begin);
    }
    const WeightedRow row{source_row_.data(),
                          task_.weighted ? source_row_.data() + task_.constants.in[0] : nullptr};
    reader_.read(y, z, row);
    const WeightedRow to{out.value + x.begin, out.weight + x.begin};
    if (x.taps == 1) {
      rows::nearest(row.value, index, n, to.value);
      if (task_.weighted) rows::nearest(row.weight, index, n, to.weight);
    } else if (task_.weighted) {
      rows::linear(row, index, index + x.positions, weight, n, to);
    } else {
      rows::linear(row.value, index, index + x.positions, weight, n, to.value);
    }
  }

  /// Rows or rows of planes to the row between them; with one tap it is that row itself.
  WeightedRow between(const std::array<WeightedRow, 4>& from, const Taps& taps,
                      const WeightedRow& out) const {
    if (taps.needed.size() == 1) return from[0];
    const std::int64_t first = task_.x.begin, n = task_.x.end - first;
    const auto at = [&](const WeightedRow& row) {
      return WeightedRow{row.value + first, row.weight + first};
    };
    const WeightedRow to = at(out);
    if (taps.needed.size() == 4) {
      const float* const four[4] = {at(from[0]).value, at(from[1]).value, at(from[2]).value,
                                    at(from[3]).value};
      const float weight[4] = {taps.weight[0], taps.weight[1], taps.weight[2], taps.weight[3]};
      rows::mix(four, weight, n, to.value);
    } else if (task_.weighted) {
      rows::mix(at(from[0]), at(from[1]), taps.weight[0], n, to);
    } else {
      rows::mix(at(from[0]).value, at(from[1]).value, taps.weight[0], n, to.value);
    }
    return out;
  }

  /// The band in one slice of the source, interpolated along x and y.
  void make_plane(std::int64_t z, std::size_t slot) {
    recent_lines_.forget();
    const std::int64_t begin = std::max(task_.y.begin, y0_ * task_.samples[1]);
    const std::int64_t end = std::min(task_.y.end, y1_ * task_.samples[1]);
    for (std::int64_t position = begin; position < end; ++position) {
      const Taps taps(task_.y, position);
      const WeightedRow out = plane_row(slot, position);
      if (taps.needed.size() == 1) {
        make_line(taps.index[0], z, out);
        continue;
      }
      std::array<WeightedRow, 4> lines{};
      for (std::size_t t = 0; t < taps.needed.size(); ++t) {
        const auto [at, make] = recent_lines_.slot(taps.index[t], taps.needed);
        lines[t] = row_at(lines_, at);
        if (make) make_line(taps.index[t], z, lines[t]);
      }
      between(lines, taps, out);
    }
  }

  void add_slice(std::int64_t z_position) {
    const Taps taps(task_.z, z_position);
    std::array<std::size_t, 4> slots{};
    for (std::size_t t = 0; t < taps.needed.size(); ++t) {
      const auto [slot, make] = recent_planes_.slot(taps.index[t], taps.needed);
      slots[t] = slot;
      if (make) make_plane(taps.index[t], slot);
    }
    const std::int64_t begin = std::max(task_.y.begin, y0_ * task_.samples[1]);
    const std::int64_t end = std::min(task_.y.end, y1_ * task_.samples[1]);
    for (std::int64_t position = begin; position < end; ++position) {
      std::array<WeightedRow, 4> from{};
      for (std::size_t t = 0; t < taps.needed.size(); ++t) from[t] = plane_row(slots[t], position);
      const WeightedRow row = between(from, taps, row_at(mixed_, 0));
      const WeightedRow sum = sum_row(position / task_.samples[1]);
      if (!task_.weighted) {
        rows::add(row.value, task_.samples[0], task_.places[0], sum.value);
        continue;
      }
      if (taps.needed.size() == 4) {
        reader_.held(task_.y.nearest[static_cast<std::size_t>(position)],
                     task_.z.nearest[static_cast<std::size_t>(z_position)], row.weight);
      }
      rows::add(row, task_.samples[0], task_.places[0], sum.value, sum.weight);
    }
  }

  void put_row(std::int64_t y, std::int64_t z) {
    const WeightedRow sum = sum_row(y);
    const std::int64_t n = task_.places[0];
    if (!task_.weighted) {
      const float others =
          task_.y.count[static_cast<std::size_t>(y)] * task_.z.count[static_cast<std::size_t>(z)];
      for (std::int64_t i = 0; i < n; ++i) {
        sum.weight[i] = task_.x.count[static_cast<std::size_t>(i)] * others;
      }
    }
    const ResampleConstants& c = task_.constants;
    rows::finish(c.normalisation, c.outside, sum.weight, n, sum.value);
    rows::put(sum.value, n, c.out_type, task_.strides[0], task_.out.data(),
              y * task_.strides[1] + z * task_.strides[2]);
  }

  const Task& task_;
  const RowReader& reader_;
  std::int64_t width_;  ///< positions along x
  std::int64_t band_;   ///< output rows of a band
  std::int64_t y0_ = 0, y1_ = 0;
  // Values, then weights, of each row; 0 before x.begin and from x.end on.
  std::vector<float> source_row_, lines_, planes_, mixed_, sums_;
  Recent recent_lines_, recent_planes_;
};

Task make_task(const SourceView& source, const ResampleConstants& c,
               const std::array<int, 3>& order, std::span<std::byte> out) {
  Task task{c,
            axis_table(c, 0, order[0]),
            axis_table(c, 1, order[1]),
            axis_table(c, 2, order[2]),
            {},
            {},
            {},
            source.has_padding && !source.padding_counts,
            out};
  task.weighted |= c.interpolation == Interpolation::cubic && source.type == ScalarType::f32;
  const std::array<std::int64_t, 3> strides{1, c.out[0], c.out[0] * c.out[1]};
  for (std::size_t a = 0; a < 3; ++a) {
    task.places[a] = c.out[order[a]];
    task.samples[a] = c.samples[order[a]];
    task.strides[a] = strides[static_cast<std::size_t>(order[a])];
  }
  return task;
}

}  // namespace

bool resample_separable(const SourceView& source, const ResampleConstants& c,
                        std::span<std::byte> out) {
  const auto order = aligned_axes(c);
  if (!order || std::any_of(c.in, c.in + 3, [](auto n) { return n > 0x7FFFFFFF; })) return false;
  // Another order of axes would sum the samples of an output voxel in another order.
  const bool turned = *order != std::array<int, 3>{0, 1, 2};
  const bool several = std::any_of(c.samples, c.samples + 3, [](int n) { return n > 1; });
  if (turned && several) return false;

  const Task task = make_task(source, c, *order, out);
  RowReader reader;
  with_scalar(source.type,
              [&](auto scalar) { reader = row_reader<decltype(scalar)>(source, task); });
  const std::int64_t band = Sweep::band_places(task);
  const std::int64_t bands = (task.places[1] + band - 1) / band;
  const std::int64_t least = (task.places[2] + kLeastSweep - 1) / kLeastSweep;
  const std::int64_t sweeps = std::clamp<std::int64_t>(kWorkItems / bands, 1, least);
#pragma omp parallel
  {
    Sweep sweep(task, reader);
#pragma omp for schedule(dynamic) collapse(2)
    for (std::int64_t b = 0; b < bands; ++b) {
      for (std::int64_t s = 0; s < sweeps; ++s) {
        sweep.run(b * band, task.places[2] * s / sweeps, task.places[2] * (s + 1) / sweeps);
      }
    }
  }
  return true;
}

}  // namespace osler::kernels
