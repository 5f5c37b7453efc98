// Steps that put an image onto another grid.

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <utility>

#include "preprocess/image_state.hpp"
#include "preprocess/step_kernels.hpp"

namespace osler {
namespace {

const Device& processor() {
  static const Device device{};
  return device;
}

StepInterpolation of_order(int order) {
  return order == 0 ? StepInterpolation::nearest
                    : (order == 1 ? StepInterpolation::linear : StepInterpolation::cubic);
}

/// Each of one channel's lines along `axis` by the mean of what an output voxel covers, parts of
/// voxels counted whole (torch's adaptive average pooling, one axis after another).
std::vector<float> averaged(std::span<const float> in, Size3& size, std::size_t axis,
                            std::int64_t wanted) {
  Size3 out_size = size;
  out_size[axis] = wanted;
  std::vector<float> out(static_cast<std::size_t>(voxel_count(out_size)));
  const std::int64_t n = size[axis];
  const std::int64_t stride = axis == 0 ? 1 : (axis == 1 ? size[0] : size[0] * size[1]);
  const std::int64_t lines = voxel_count(out_size) / wanted;
#pragma omp parallel for schedule(static)
  for (std::int64_t line = 0; line < lines; ++line) {
    const std::int64_t inner = line % stride, outer = line / stride;
    for (std::int64_t i = 0; i < wanted; ++i) {
      const std::int64_t begin = i * n / wanted, end = ((i + 1) * n + wanted - 1) / wanted;
      double sum = 0;
      for (std::int64_t k = begin; k < end; ++k) {
        sum += in[static_cast<std::size_t>((outer * n + k) * stride + inner)];
      }
      out[static_cast<std::size_t>((outer * wanted + i) * stride + inner)] =
          static_cast<float>(sum / static_cast<double>(end - begin));
    }
  }
  size = out_size;
  return out;
}

std::vector<float> averaged(std::span<const float> in, Size3 size, const Size3& wanted) {
  std::vector<float> values(in.begin(), in.end());
  for (std::size_t axis = 0; axis < 3; ++axis) {
    if (size[axis] != wanted[axis]) values = averaged(values, size, axis, wanted[axis]);
  }
  return values;
}

/// Slope and first place per axis of one grid on another that only scales and shifts it.
kernels::ResampleTask task_between(const NetworkGrid& from, const NetworkGrid& to,
                                   StepInterpolation interpolation) {
  kernels::ResampleTask task;
  task.out_size = to.size;
  task.out_to_in = inverse(from.to_source) * to.to_source;
  task.interpolation = kernel_of(interpolation);
  return task;
}

/// What SciPy puts around an image before its spline filter when edges go on (mode "nearest"):
/// beyond that a filter of pole -.268 sees nothing of what lies further out (1e-7).
constexpr std::int64_t kSplineMargin = 12;

/// The values with `margin` voxels more on both sides of each axis, as the outermost ones.
std::vector<float> with_margin(std::span<const float> in, const Size3& size, const Size3& margin,
                               Size3& out_size) {
  for (std::size_t i = 0; i < 3; ++i) out_size[i] = size[i] + 2 * margin[i];
  std::vector<float> out(static_cast<std::size_t>(voxel_count(out_size)));
  kernels::PatchTask task;
  task.begin = {-margin[0], -margin[1], -margin[2]};
  task.size = out_size;
  task.beyond = kernels::Beyond::outermost;
  kernels::gather_patch_cpu({in.data(), 1, size}, task, kernels::FloatType::f32,
                            std::as_writable_bytes(std::span(out)));
  return out;
}

/// Order 0: SciPy and nnU-Net take voxel floor(scale (i + .5)) in double precision, which another
/// form of the same place would round to the other side where it lies half-way.
std::vector<float> nearest_zoom(std::span<const float> in, const Size3& size, const Size3& wanted) {
  std::array<std::vector<std::int64_t>, 3> at;
  for (std::size_t a = 0; a < 3; ++a) {
    const double scale = static_cast<double>(size[a]) / static_cast<double>(wanted[a]);
    for (std::int64_t i = 0; i < wanted[a]; ++i) {
      const double place = scale * (static_cast<double>(i) + .5) - .5;
      const auto voxel = static_cast<std::int64_t>(std::floor(place + .5));
      at[a].push_back(std::clamp<std::int64_t>(voxel, 0, size[a] - 1));
    }
  }
  std::vector<float> out(static_cast<std::size_t>(voxel_count(wanted)));
#pragma omp parallel for schedule(static)
  for (std::int64_t z = 0; z < wanted[2]; ++z) {
    auto to = static_cast<std::size_t>(z * wanted[1] * wanted[0]);
    for (std::int64_t y = 0; y < wanted[1]; ++y) {
      const std::int64_t row =
          (at[2][static_cast<std::size_t>(z)] * size[1] + at[1][static_cast<std::size_t>(y)]) *
          size[0];
      for (const std::int64_t x : at[0]) out[to++] = in[static_cast<std::size_t>(row + x)];
    }
  }
  return out;
}

/// SciPy's zoom with grid_mode and mode "nearest": edges aligned, what lies beyond goes on.
std::vector<float> zoom(std::span<const float> in, const Size3& size, const Size3& wanted,
                        int order) {
  if (order == 0) return nearest_zoom(in, size, wanted);
  NetworkGrid from, to;
  from.size = size;
  to.size = wanted;
  Vec3 scale{}, first{};
  for (std::size_t i = 0; i < 3; ++i) {
    scale[i] = static_cast<double>(size[i]) / static_cast<double>(wanted[i]);
    first[i] = (scale[i] - 1) / 2;
  }
  to.to_source = Affine::from_columns({scale[0], 0, 0}, {0, scale[1], 0}, {0, 0, scale[2]}, first);
  std::vector<float> out(static_cast<std::size_t>(voxel_count(wanted)));
  std::vector<float> wide;
  if (order == 3) {
    Size3 margin{};
    Vec3 origin{};
    for (std::size_t i = 0; i < 3; ++i) {
      margin[i] = size[i] == wanted[i] ? 0 : kSplineMargin;
      origin[i] = -static_cast<double>(margin[i]);
    }
    wide = with_margin(in, size, margin, from.size);
    from.to_source = Affine::from_columns({1, 0, 0}, {0, 1, 0}, {0, 0, 1}, origin);
  }
  const FloatSource source(order == 3 ? std::span<const float>(wide) : in, from.size);
  kernels::resample(processor(), source.view(), task_between(from, to, of_order(order)), out);
  return out;
}

std::int64_t slice_of(std::size_t voxel, const Size3& size, std::size_t axis) {
  const std::int64_t stride = axis == 0 ? 1 : (axis == 1 ? size[0] : size[0] * size[1]);
  return static_cast<std::int64_t>(voxel) / stride % size[axis];
}

/// Holds each slice of `values` to the range of the same slice of `in`.
/// @param axis  across the slices; -1: the volume is one
void hold_to_range(std::span<const float> in, const Size3& size, std::span<float> values,
                   const Size3& wanted, int axis) {
  if (axis < 0) {
    const auto [low, high] = std::minmax_element(in.begin(), in.end());
    for (float& v : values) v = std::clamp(v, *low, *high);
    return;
  }
  const auto a = static_cast<std::size_t>(axis);
  std::vector<std::array<float, 2>> ranges(
      static_cast<std::size_t>(size[a]),
      {std::numeric_limits<float>::infinity(), -std::numeric_limits<float>::infinity()});
  for (std::size_t i = 0; i < in.size(); ++i) {
    auto& [low, high] = ranges[static_cast<std::size_t>(slice_of(i, size, a))];
    low = std::min(low, in[i]);
    high = std::max(high, in[i]);
  }
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto& [low, high] = ranges[static_cast<std::size_t>(slice_of(i, wanted, a))];
    values[i] = std::clamp(values[i], low, high);
  }
}

/// scikit-image's resize (mode "edge", no antialiasing, held to the range), of the volume or slice
/// by slice, and then along the axis across them.
std::vector<float> resize(std::span<const float> in, const Size3& size, const Size3& wanted,
                          const NnunetResize& rule) {
  Size3 in_plane = wanted;
  if (rule.axis >= 0) {
    const auto a = static_cast<std::size_t>(rule.axis);
    in_plane[a] = size[a];
  }
  std::vector<float> out;
  if (in_plane == size) {
    out.assign(in.begin(), in.end());
  } else {
    out = zoom(in, size, in_plane, rule.order);
    if (rule.order > 0) hold_to_range(in, size, out, in_plane, rule.axis);
  }
  if (in_plane != wanted) out = zoom(out, in_plane, wanted, rule.order_across);
  return out;
}

}  // namespace

void resample_to(const NetworkGrid& to, StepInterpolation interpolation, ImageState& state) {
  const NetworkGrid from = state.image.grid;
  std::vector<float> values(static_cast<std::size_t>(state.image.channels * voxel_count(to.size)));
  const auto voxels = static_cast<std::size_t>(voxel_count(to.size));
  for (int c = 0; c < state.image.channels; ++c) {
    const auto out = std::span(values).subspan(static_cast<std::size_t>(c) * voxels, voxels);
    if (interpolation == StepInterpolation::area) {
      std::ranges::copy(averaged(state.channel(c), from.size, to.size), out.begin());
      continue;
    }
    const FloatSource source(state.channel(c), from.size);
    kernels::resample(processor(), source.view(), task_between(from, to, interpolation), out);
  }
  state.image.values = std::move(values);
  state.image.grid = to;
}

void nnunet_resize(const NetworkGrid& to, const NnunetResize& rule, ImageState& state) {
  const Size3 size = state.image.grid.size;
  const auto voxels = static_cast<std::size_t>(voxel_count(to.size));
  std::vector<float> values(static_cast<std::size_t>(state.image.channels) * voxels);
  for (int c = 0; c < state.image.channels; ++c) {
    std::ranges::copy(resize(state.channel(c), size, to.size, rule),
                      values.begin() + static_cast<std::ptrdiff_t>(c * voxels));
  }
  state.image.values = std::move(values);
  state.image.grid = to;
}

std::vector<float> nnunet_resize(std::span<const float> values, const Size3& size,
                                 const Size3& wanted, const NnunetResize& rule) {
  return resize(values, size, wanted, rule);
}

}  // namespace osler
