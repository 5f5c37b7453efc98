#include "kernels/patches.hpp"

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "kernels/patches_math.hpp"

namespace osler::kernels {
namespace {

constexpr std::int64_t kWorthThreads = 1 << 15;  // voxels; waking them costs more than fewer

void fail(const std::string& what) {
  throw Error(ErrorCode::bad_argument, "patches: " + what);
}

bool any_below(const Size3& size, std::int64_t least) {
  return size[0] < least || size[1] < least || size[2] < least;
}

// ---------------------------------------------------------------- gather

/// One row of a patch; the middle part, which the image holds, is copied as a whole.
void gather_row(const float* row, std::int64_t nx, const PatchTask& task, float* out) {
  const std::int64_t n = task.size[0], begin = task.begin[0];
  const std::int64_t inside = std::clamp<std::int64_t>(-begin, 0, n);
  const std::int64_t after = std::clamp<std::int64_t>(nx - begin, inside, n);
  const auto outer = [&](std::int64_t i) {
    const std::int64_t at = place_in_image(begin + i, nx, task.beyond);
    return at < 0 ? task.value : row[at];
  };
  for (std::int64_t i = 0; i < inside; ++i) out[i] = outer(i);
  std::copy(row + begin + inside, row + begin + after, out + inside);
  for (std::int64_t i = after; i < n; ++i) out[i] = outer(i);
  if (task.flipped[0]) std::reverse(out, out + n);
}

void put(const std::vector<float>& row, FloatType type, std::byte* out) {
  if (type == FloatType::f32) {
    std::memcpy(out, row.data(), row.size() * sizeof(float));
    return;
  }
  auto* to = reinterpret_cast<std::uint16_t*>(out);
  for (std::size_t i = 0; i < row.size(); ++i) {
    to[i] = type == FloatType::f16 ? to_f16(row[i]) : to_bf16(row[i]);
  }
}

// ---------------------------------------------------------------- blend

struct BlendRow {
  const float* weight;
  std::int64_t n;
  std::int64_t score_step;  ///< from a voxel's score to the next voxel's in the image
};

template <typename Score>
[[gnu::target_clones("avx512f", "avx2", "default")]] void add_row(const Score* scores,
                                                                  const BlendRow& row,
                                                                  float* __restrict sums) {
  const float* weight = row.weight;
  const std::int64_t n = row.n, step = row.score_step;
  if (step == 1) {
    for (std::int64_t i = 0; i < n; ++i) sums[i] += to_float(scores[i]) * weight[i];
  } else if (step == -1) {
    for (std::int64_t i = 0; i < n; ++i) sums[i] += to_float(scores[-i]) * weight[i];
  } else {
    for (std::int64_t i = 0; i < n; ++i) sums[i] += to_float(scores[i * step]) * weight[i];
  }
}

template <typename Score>
[[gnu::target_clones("avx512f", "avx2", "default")]] void add_row(const Score* scores,
                                                                  const BlendRow& row,
                                                                  Half* __restrict sums) {
  const float* weight = row.weight;
  const std::int64_t n = row.n, step = row.score_step;
  for (std::int64_t i = 0; i < n; ++i) {
    store(to_float(sums[i]) + to_float(scores[i * step]) * weight[i], sums + i);
  }
}

template <typename Score, typename Sum>
void blend(const PatchScores& scores, const BlendTask& task, const ScoreSums& sums) {
  const PatchTask& patch = task.patch;
  const PatchPart part = part_on(patch, sums);
  const Size3 part_size{part.end[0] - part.begin[0], part.end[1] - part.begin[1],
                        part.end[2] - part.begin[2]};
  if (voxel_count(part_size) == 0) return;
  const bool last = scores.layout == ScoreLayout::classes_last;
  const std::int64_t voxel_step = last ? scores.classes : 1;
  const std::int64_t class_step = last ? 1 : voxel_count(patch.size);
  const std::int64_t plane = sums.size[0] * sums.size[1];
  const auto* from = static_cast<const Score*>(scores.scores);
  auto* to = static_cast<Sum*>(sums.sums);
  const std::int64_t rows = part_size[1] * part_size[2];
#pragma omp parallel if (rows * part_size[0] >= kWorthThreads)
  {
    std::vector<float> weight(static_cast<std::size_t>(part_size[0]));
#pragma omp for schedule(static)
    for (std::int64_t r = 0; r < rows; ++r) {
      const std::int64_t y = part.begin[1] + r % part_size[1];
      const std::int64_t z = part.begin[2] + r / part_size[1];
      const std::int64_t x = part.begin[0];
      const std::int64_t held = (patch.begin[2] + z - sums.first_plane) * plane +
                                (patch.begin[1] + y) * sums.size[0] + patch.begin[0] + x;
      const float* own = task.weights + (z * patch.size[1] + y) * patch.size[0] + x;
      for (std::size_t i = 0; i < weight.size(); ++i) {
        weight[i] = own[i] * task.share[held + static_cast<std::int64_t>(i)] * task.factor;
      }
      const std::int64_t first = (unflipped(z, patch.size[2], patch.flipped[2]) * patch.size[1] +
                                  unflipped(y, patch.size[1], patch.flipped[1])) *
                                     patch.size[0] +
                                 unflipped(x, patch.size[0], patch.flipped[0]);
      const BlendRow row{weight.data(), part_size[0], patch.flipped[0] ? -voxel_step : voxel_step};
      for (int c = 0; c < scores.classes; ++c) {
        add_row(from + first * voxel_step + c * class_step, row,
                to + c * sums.planes * plane + held);
      }
    }
  }
}

template <typename Sum>
void blend_onto(const PatchScores& scores, const BlendTask& task, const ScoreSums& sums) {
  switch (scores.type) {
    case FloatType::f32:
      return blend<float, Sum>(scores, task, sums);
    case FloatType::f16:
      return blend<Half, Sum>(scores, task, sums);
    case FloatType::bf16:
      return blend<BFloat16, Sum>(scores, task, sums);
  }
}

}  // namespace

void check_gather(const ImageView& image, const PatchTask& task, FloatType type,
                  std::size_t patch_bytes) {
  if (image.channels < 1 || any_below(image.size, 1)) fail("an image without voxels");
  if (any_below(task.size, 0)) fail("a patch of negative size");
  const std::int64_t values = image.channels * voxel_count(task.size);
  if (patch_bytes != static_cast<std::size_t>(values) * bytes_of(type)) {
    fail("a patch of another size than its task");
  }
}

void check_blend(const PatchScores& scores, const BlendTask& task, const ScoreSums& sums) {
  if (scores.classes < 1 || scores.classes != sums.classes) fail("scores of other classes");
  if (sums.type == FloatType::bf16) fail("sums in bfloat16");
  if (any_below(task.patch.size, 0) || any_below(sums.size, 0) || sums.planes < 0 ||
      sums.first_plane < 0 || sums.first_plane + sums.planes > sums.size[2]) {
    fail("a negative size, or planes outside of the grid");
  }
}

void gather_patch_cpu(const ImageView& image, const PatchTask& task, FloatType type,
                      std::span<std::byte> patch) {
  check_gather(image, task, type, patch.size());
  const std::int64_t rows = image.channels * task.size[1] * task.size[2];
  const std::int64_t plane = image.size[0] * image.size[1];
#pragma omp parallel if (rows * task.size[0] >= kWorthThreads)
  {
    std::vector<float> row(static_cast<std::size_t>(task.size[0]));
#pragma omp for schedule(static)
    for (std::int64_t r = 0; r < rows; ++r) {
      const std::int64_t y = unflipped(r % task.size[1], task.size[1], task.flipped[1]);
      const std::int64_t z =
          unflipped(r / task.size[1] % task.size[2], task.size[2], task.flipped[2]);
      const std::int64_t c = r / task.size[1] / task.size[2];
      const std::int64_t from_y = place_in_image(task.begin[1] + y, image.size[1], task.beyond);
      const std::int64_t from_z = place_in_image(task.begin[2] + z, image.size[2], task.beyond);
      if (from_y < 0 || from_z < 0) {
        std::fill(row.begin(), row.end(), task.value);
      } else {
        const float* from =
            image.values + (c * image.size[2] + from_z) * plane + from_y * image.size[0];
        gather_row(from, image.size[0], task, row.data());
      }
      put(row, type, patch.data() + static_cast<std::size_t>(r) * row.size() * bytes_of(type));
    }
  }
}

void blend_patch_cpu(const PatchScores& scores, const BlendTask& task, const ScoreSums& sums) {
  check_blend(scores, task, sums);
  sums.type == FloatType::f32 ? blend_onto<float>(scores, task, sums)
                              : blend_onto<Half>(scores, task, sums);
}

}  // namespace osler::kernels
