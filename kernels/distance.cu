#include <cmath>

#include "kernels/distance.hpp"
#include "kernels/distance_math.hpp"
#include "kernels/queue.cuh"

namespace osler::kernels {
namespace {

// One thread a voxel, x fastest, in all three: a warp reads neighbours.

struct AlongX {
  const std::uint8_t* mask;
  std::int64_t nx;
  float* steps;

  OSLER_DEVICE void operator()(std::int64_t i) const {
    const std::int64_t x = i % nx;
    float found = INFINITY;
    for (std::int64_t k = 0; k <= x || k < nx - x; ++k) {
      if ((k <= x && mask[i - k] != 0) || (k < nx - x && mask[i + k] != 0)) {
        found = static_cast<float>(k);
        break;
      }
    }
    steps[i] = found;
  }
};

struct Axis {
  std::int64_t length;  ///< voxels along it
  std::int64_t step;    ///< from one to the next
  double spacing_mm;
};

/// Looks outwards until nothing farther along the axis can be nearer.
template <typename Value>
OSLER_DEVICE double nearest_mm2(std::int64_t i, const Axis& axis, const Value& value_mm2) {
  const std::int64_t at = i / axis.step % axis.length;
  double best = value_mm2(i);
  for (std::int64_t k = 1; k <= at || k < axis.length - at; ++k) {
    const auto steps = static_cast<double>(k);
    if (squared_mm2(0, steps, axis.spacing_mm) >= best) break;
    if (k <= at) {
      best = fmin(best, squared_mm2(value_mm2(i - k * axis.step), steps, axis.spacing_mm));
    }
    if (k < axis.length - at) {
      best = fmin(best, squared_mm2(value_mm2(i + k * axis.step), steps, axis.spacing_mm));
    }
  }
  return best;
}

struct AlongY {
  const float* steps;
  double spacing_x_mm;
  Axis axis;
  float* mm2;

  OSLER_DEVICE void operator()(std::int64_t i) const {
    mm2[i] = static_cast<float>(nearest_mm2(
        i, axis, [this](std::int64_t j) { return squared_mm2(0, steps[j], spacing_x_mm); }));
  }
};

struct AlongZ {
  const float* mm2;
  Axis axis;
  float* mm;

  OSLER_DEVICE void operator()(std::int64_t i) const {
    mm[i] = static_cast<float>(
        sqrt(nearest_mm2(i, axis, [this](std::int64_t j) { return static_cast<double>(mm2[j]); })));
  }
};

}  // namespace

void distance_transform_cuda(const std::uint8_t* mask, const Size3& size, const Vec3& spacing_mm,
                             float* out_mm, void* scratch, const Stream& stream) {
  const Queue queue("distance transform", stream);
  const std::int64_t voxels = voxel_count(size);
  auto* const mm2 = static_cast<float*>(scratch);
  queue.each("x", voxels, AlongX{mask, size[0], out_mm});
  queue.each("y", voxels, AlongY{out_mm, spacing_mm[0], {size[1], size[0], spacing_mm[1]}, mm2});
  queue.each("z", voxels, AlongZ{mm2, {size[2], size[0] * size[1], spacing_mm[2]}, out_mm});
}

}  // namespace osler::kernels
