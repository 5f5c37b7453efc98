#include "kernels/resample_axes.hpp"

#include <algorithm>
#include <cmath>

namespace osler::kernels {
namespace {

constexpr std::array<std::array<int, 3>, 6> kOrders{
    {{0, 1, 2}, {1, 0, 2}, {0, 2, 1}, {2, 1, 0}, {1, 2, 0}, {2, 0, 1}}};

/// How far the terms that do not belong to this order of axes can move a sample, in voxels.
double moved_by_others(const ResampleConstants& c, const std::array<int, 3>& order) {
  double most = 0;
  for (std::size_t row = 0; row < 3; ++row) {
    double moved = 0;
    for (std::size_t axis = 0; axis < 3; ++axis) {
      if (static_cast<int>(axis) == order[row]) continue;
      const double extent = static_cast<double>(c.out[axis] - 1) + (c.samples[axis] > 1 ? 1 : 0);
      moved += std::abs(c.m[row * 4 + axis]) * std::max(extent, 0.0);
    }
    most = std::max(most, moved);
  }
  return most;
}

}  // namespace

ResampleConstants resample_constants(const SourceView& source, const ResampleTask& task,
                                     const float* coefficients) {
  ResampleConstants c{};
  for (int i = 0; i < 12; ++i) c.m[i] = task.out_to_in.m[static_cast<std::size_t>(i)];
  const bool all = voxel_count(task.keep.end) == 0;
  for (std::size_t i = 0; i < 3; ++i) {
    c.samples[i] = task.samples[i];
    c.in[i] = source.size[i];
    c.out[i] = task.out_size[i];
    c.keep_begin[i] = all ? 0 : task.keep.begin[i];
    c.keep_end[i] = all ? task.out_size[i] : task.keep.end[i];
  }
  c.normalisation = task.normalisation;
  c.outside = task.outside;
  c.interpolation = task.interpolation;
  c.out_type = task.out_type;
  c.coefficients = coefficients;
  for (const auto& order : kOrders) {
    if (!(moved_by_others(c, order) <= kMixedAxes)) continue;
    for (std::size_t n = 0; n < 12; ++n) {
      if (n % 4 != 3 && static_cast<int>(n % 4) != order[n / 4]) c.m[n] = 0;
    }
    break;
  }
  return c;
}

std::optional<std::array<int, 3>> aligned_axes(const ResampleConstants& c) {
  for (const auto& order : kOrders) {
    if (moved_by_others(c, order) == 0) return order;
  }
  return std::nullopt;
}

AxisTable axis_table(const ResampleConstants& c, int source_axis, int output_axis) {
  const std::int64_t n = c.in[source_axis];
  const int samples = c.samples[output_axis];
  AxisTable table;
  table.positions = c.out[output_axis] * samples;
  table.taps = c.interpolation == Interpolation::nearest  ? 1
               : c.interpolation == Interpolation::linear ? 2
                                                          : 4;
  const auto count = static_cast<std::size_t>(table.positions);
  const auto taps = static_cast<std::size_t>(table.taps);
  table.index.resize(taps * count);
  table.weight.resize(table.taps == 2 ? count : table.taps == 4 ? 4 * count : 0);
  table.nearest.resize(table.taps == 4 ? count : 0);
  table.count.resize(static_cast<std::size_t>(c.out[output_axis]));
  table.begin = table.positions;
  table.first = n;
  for (std::int64_t s = 0; s < table.positions; ++s) {
    const std::int64_t out = s / samples;
    if (out < c.keep_begin[output_axis] || out >= c.keep_end[output_axis]) continue;
    const double at =
        static_cast<double>(out) + (static_cast<double>(s % samples) + 0.5) / samples - 0.5;
    const double p = c.m[source_axis * 4 + output_axis] * at + c.m[source_axis * 4 + 3];
    if (!(p >= -0.5 && p <= static_cast<double>(n) - 0.5)) continue;
    table.begin = std::min(table.begin, s);
    table.end = s + 1;
    table.count[static_cast<std::size_t>(out)] += 1;
    const auto slot = static_cast<std::size_t>(s);
    const auto put = [&](std::size_t tap, std::int64_t index) {
      table.index[tap * count + slot] = static_cast<std::int32_t>(index);
      table.first = std::min(table.first, index);
      table.last = std::max(table.last, index + 1);
    };
    const std::int64_t floor = floor_index(p);
    const std::int64_t nearest = clamp_index(floor_index(p + 0.5), n);
    const auto fraction = static_cast<float>(p - static_cast<double>(floor));
    if (table.taps == 1) put(0, nearest);
    if (table.taps == 2) {
      put(0, clamp_index(floor, n));
      put(1, clamp_index(floor + 1, n));
      table.weight[slot] = fraction;
    }
    if (table.taps == 4) {
      float w[4];
      spline_weights(fraction, w);
      for (std::size_t tap = 0; tap < 4; ++tap) {
        put(tap, mirror_index(floor - 1 + static_cast<std::int64_t>(tap), n));
        table.weight[tap * count + slot] = w[tap];
      }
      table.nearest[slot] = static_cast<std::int32_t>(nearest);
    }
  }
  table.begin = std::min(table.begin, table.end);
  return table;
}

}  // namespace osler::kernels
