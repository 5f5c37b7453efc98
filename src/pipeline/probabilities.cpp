#include "pipeline/probabilities.hpp"

#include <algorithm>
#include <cmath>

#include "core/error.hpp"
#include "kernels/half_math.hpp"
#include "postprocess/grid_transfer.hpp"
#include "volume/exchange.hpp"

namespace osler {
namespace {

/// -p ln p, whose limit at 0 is 0.
double surprise(double p) {
  return p > 0 ? -p * std::log(p) : 0;
}

}  // namespace

SliceProbabilities::SliceProbabilities(std::span<const KeptScores> members, const Grid& grid)
    : members_(members),
      grid_(grid),
      per_class_(static_cast<std::size_t>(grid.size[0] * grid.size[1])),
      mean_(per_class_ * static_cast<std::size_t>(members.front().classes)),
      next_(members.size() > 1 ? mean_.size() : 0) {}

std::span<const float> SliceProbabilities::of(std::int64_t slice) {
  make(members_.front(), slice, mean_);
  if (members_.size() == 1) return mean_;
  const auto n = static_cast<std::ptrdiff_t>(mean_.size());
  for (const KeptScores& member : members_.subspan(1)) {
    make(member, slice, next_);
#pragma omp parallel for schedule(static)
    for (std::ptrdiff_t i = 0; i < n; ++i) mean_[i] += next_[i];
  }
  const auto count = static_cast<float>(members_.size());
#pragma omp parallel for schedule(static)
  for (std::ptrdiff_t i = 0; i < n; ++i) mean_[i] /= count;
  return mean_;
}

void SliceProbabilities::make(const KeptScores& scores, std::int64_t slice,
                              std::span<float> out) const {
  scores_of_slice(scores.values, scores.classes, scores.place, grid_, slice, out);
  if (scores.rounded_to_halves) {
    for (float& value : out) value = kernels::to_float(kernels::Half{kernels::to_f16(value)});
  }
  const auto n = static_cast<std::ptrdiff_t>(per_class_);
  const std::int64_t columns = grid_.size[0];
#pragma omp parallel for schedule(static)
  for (std::ptrdiff_t i = 0; i < n; ++i) {
    const Size3 at{i % columns, i / columns, slice};
    bool seen = true;
    for (std::size_t a = 0; a < 3; ++a) {
      seen = seen && at[a] >= scores.seen_begin[a] && at[a] < scores.seen_end[a];
    }
    finish(scores, out.data() + i, seen);
  }
}

void SliceProbabilities::finish(const KeptScores& scores, float* voxel, bool seen) const {
  const auto classes = static_cast<std::size_t>(scores.classes);
  if (!seen || std::isnan(*voxel)) {
    for (std::size_t c = 0; c < classes; ++c) {
      voxel[c * per_class_] = c == 0 && !scores.regions ? 1.0F : 0.0F;
    }
    return;
  }
  if (scores.probabilities) return;
  if (scores.regions) {
    for (std::size_t c = 0; c < classes; ++c) {
      voxel[c * per_class_] = 1 / (1 + std::exp(-voxel[c * per_class_]));
    }
    return;
  }
  float most = *voxel;
  for (std::size_t c = 1; c < classes; ++c) most = std::max(most, voxel[c * per_class_]);
  float sum = 0;
  for (std::size_t c = 0; c < classes; ++c) {
    float& value = voxel[c * per_class_];
    value = std::exp(value - most);
    sum += value;
  }
  for (std::size_t c = 0; c < classes; ++c) voxel[c * per_class_] /= sum;
}

void entropy_of(std::span<const float> probabilities, bool regions, std::span<float> out) {
  const std::size_t voxels = out.size();
  if (voxels == 0 || probabilities.empty() || probabilities.size() % voxels != 0) {
    throw Error(ErrorCode::bad_argument, "probabilities and voxels of an entropy do not match");
  }
  const std::size_t classes = probabilities.size() / voxels;
  const double largest =
      std::log(regions ? 2.0 : static_cast<double>(std::max<std::size_t>(classes, 2)));
  const auto n = static_cast<std::ptrdiff_t>(voxels);
#pragma omp parallel for schedule(static)
  for (std::ptrdiff_t i = 0; i < n; ++i) {
    double entropy = 0;
    for (std::size_t c = 0; c < classes; ++c) {
      const double p = probabilities[c * voxels + static_cast<std::size_t>(i)];
      entropy = regions ? std::max(entropy, surprise(p) + surprise(1 - p)) : entropy + surprise(p);
    }
    out[static_cast<std::size_t>(i)] = static_cast<float>(std::clamp(entropy / largest, 0.0, 1.0));
  }
}

void write_probabilities(std::span<const KeptScores> members, const Grid& grid, bool turn_round,
                         const std::filesystem::path& file, const Progress& progress) {
  SliceProbabilities slices(members, grid);
  write_nifti_series(file, grid, turn_round, members.front().classes, [&](std::int64_t slice) {
    notify(progress, "write probabilities", slice, grid.size[2]);
    return slices.of(slice);
  });
}

}  // namespace osler
