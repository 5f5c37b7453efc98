#pragma once
// The formulas of kernels/patches.hpp, once, for host and device.

#include "kernels/half_math.hpp"
#include "kernels/patches.hpp"

namespace osler::kernels {

/// The image's voxel that stands for place i of an axis of n voxels; below 0: none, `value` does.
OSLER_HOST_DEVICE inline std::int64_t place_in_image(std::int64_t i, std::int64_t n,
                                                     Beyond beyond) {
  if (i >= 0 && i < n) return i;
  if (beyond == Beyond::value) return -1;
  if (beyond == Beyond::outermost) return i < 0 ? 0 : n - 1;
  if (n == 1) return 0;
  const std::int64_t period = 2 * (n - 1);
  const std::int64_t at = (i % period + period) % period;
  return at < n ? at : period - at;
}

/// Image index of voxel i of a patch along one axis, and the other way round: flipping is its own
/// inverse.
OSLER_HOST_DEVICE inline std::int64_t unflipped(std::int64_t i, std::int64_t n, bool flipped) {
  return flipped ? n - 1 - i : i;
}

template <typename T>
OSLER_HOST_DEVICE inline void store(float value, T* to) {
  *to = from_float<T>(value);
}

/// The part of a patch that lies on the planes held: voxels begin <= i < end of the patch.
struct PatchPart {
  Size3 begin;
  Size3 end;
};

inline PatchPart part_on(const PatchTask& patch, const ScoreSums& sums) {
  const Size3 low{0, 0, sums.first_plane};
  const Size3 high{sums.size[0], sums.size[1], sums.first_plane + sums.planes};
  PatchPart part{};
  for (std::size_t i = 0; i < 3; ++i) {
    part.begin[i] = patch.begin[i] < low[i] ? low[i] - patch.begin[i] : 0;
    const std::int64_t room = high[i] - patch.begin[i];
    part.end[i] = patch.size[i] < room ? patch.size[i] : room;
    if (part.end[i] < part.begin[i]) part.end[i] = part.begin[i];
  }
  return part;
}

// ---------------------------------------------------------------- one voxel, for the device

/// std::array's members are the host's alone.
struct GatherVoxel {
  const float* image;
  std::int64_t image_size[3], begin[3], size[3];
  bool flipped[3];
  Beyond beyond;
  float value;

  GatherVoxel(const ImageView& view, const PatchTask& task)
      : image(view.values), beyond(task.beyond), value(task.value) {
    for (std::size_t i = 0; i < 3; ++i) {
      image_size[i] = view.size[i];
      begin[i] = task.begin[i];
      size[i] = task.size[i];
      flipped[i] = task.flipped[i];
    }
  }

  /// @param i  of the patch's values, channel after channel
  OSLER_HOST_DEVICE float operator()(std::int64_t i) const {
    std::int64_t rest = i, from[3];
    for (int axis = 0; axis < 3; ++axis) {
      const std::int64_t at = unflipped(rest % size[axis], size[axis], flipped[axis]);
      rest /= size[axis];
      from[axis] = place_in_image(begin[axis] + at, image_size[axis], beyond);
      if (from[axis] < 0) return value;
    }
    return image[((rest * image_size[2] + from[2]) * image_size[1] + from[1]) * image_size[0] +
                 from[0]];
  }
};

struct BlendVoxel {
  std::int64_t begin[3], size[3], part_begin[3], part_size[3];
  bool flipped[3];
  std::int64_t grid_x, grid_y, first_plane, planes;
  const float* weights;
  const float* share;
  float factor;
  int classes;
  std::int64_t voxel_step, class_step;

  BlendVoxel(const PatchScores& scores, const BlendTask& task, const ScoreSums& sums)
      : grid_x(sums.size[0]),
        grid_y(sums.size[1]),
        first_plane(sums.first_plane),
        planes(sums.planes),
        weights(task.weights),
        share(task.share),
        factor(task.factor),
        classes(scores.classes) {
    const bool last = scores.layout == ScoreLayout::classes_last;
    voxel_step = last ? scores.classes : 1;
    class_step = last ? 1 : voxel_count(task.patch.size);
    const PatchPart part = part_on(task.patch, sums);
    for (std::size_t i = 0; i < 3; ++i) {
      begin[i] = task.patch.begin[i];
      size[i] = task.patch.size[i];
      flipped[i] = task.patch.flipped[i];
      part_begin[i] = part.begin[i];
      part_size[i] = part.end[i] - part.begin[i];
    }
  }

  std::int64_t voxels() const { return part_size[0] * part_size[1] * part_size[2]; }

  /// @param i  of the part's voxels; each adds to sums of its own
  template <typename Score, typename Sum>
  OSLER_HOST_DEVICE void operator()(std::int64_t i, const Score* scores, Sum* sums) const {
    const std::int64_t x = part_begin[0] + i % part_size[0];
    const std::int64_t y = part_begin[1] + i / part_size[0] % part_size[1];
    const std::int64_t z = part_begin[2] + i / part_size[0] / part_size[1];
    const std::int64_t plane = grid_x * grid_y;
    const std::int64_t held =
        (begin[2] + z - first_plane) * plane + (begin[1] + y) * grid_x + begin[0] + x;
    const float weight = weights[(z * size[1] + y) * size[0] + x] * share[held] * factor;
    const std::int64_t from =
        (unflipped(z, size[2], flipped[2]) * size[1] + unflipped(y, size[1], flipped[1])) *
            size[0] +
        unflipped(x, size[0], flipped[0]);
    for (int c = 0; c < classes; ++c) {
      Sum* const sum = sums + c * planes * plane + held;
      store(to_float(*sum) + to_float(scores[from * voxel_step + c * class_step]) * weight, sum);
    }
  }
};

/// @throws Error bad_argument
void check_gather(const ImageView& image, const PatchTask& task, FloatType type,
                  std::size_t patch_bytes);
void check_blend(const PatchScores& scores, const BlendTask& task, const ScoreSums& sums);

}  // namespace osler::kernels
