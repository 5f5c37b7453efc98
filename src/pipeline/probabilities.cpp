#include "pipeline/probabilities.hpp"

#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

#include "core/error.hpp"
#include "kernels/half_math.hpp"
#include "postprocess/grid_transfer.hpp"
#include "volume/exchange.hpp"

namespace osler {
namespace {

/// Probabilities of one source slice, class after class.
class SliceProbabilities {
 public:
  SliceProbabilities(const KeptScores& scores, const LabelStep& step, const Grid& grid)
      : scores_(scores),
        step_(step),
        grid_(grid),
        per_class_(static_cast<std::size_t>(grid.size[0] * grid.size[1])),
        values_(per_class_ * static_cast<std::size_t>(scores.classes)) {}

  std::span<const float> of(std::int64_t slice) {
    make(slice);
    return values_;
  }

 private:
  void make(std::int64_t slice) {
    scores_of_slice(scores_.values, scores_.classes, scores_.place, grid_, slice, values_);
    if (scores_.rounded_to_halves) {
      for (float& value : values_) value = kernels::to_float(kernels::Half{kernels::to_f16(value)});
    }
    const auto n = static_cast<std::ptrdiff_t>(per_class_);
    const std::int64_t columns = grid_.size[0];
#pragma omp parallel for schedule(static)
    for (std::ptrdiff_t i = 0; i < n; ++i) {
      const Size3 at{i % columns, i / columns, slice};
      bool seen = true;
      for (std::size_t a = 0; a < 3; ++a) {
        seen = seen && at[a] >= scores_.seen_begin[a] && at[a] < scores_.seen_end[a];
      }
      finish(values_.data() + i, seen);
    }
  }

  void finish(float* voxel, bool seen) const {
    const auto classes = static_cast<std::size_t>(scores_.classes);
    if (!seen || std::isnan(*voxel)) {
      for (std::size_t c = 0; c < classes; ++c) {
        voxel[c * per_class_] = c == 0 && !step_.regions ? 1.0F : 0.0F;
      }
      return;
    }
    if (step_.activation != Activation::none) return;
    if (step_.regions) {
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

  const KeptScores& scores_;
  const LabelStep& step_;
  const Grid& grid_;
  std::size_t per_class_;
  std::vector<float> values_;
};

/// -p ln p, whose limit at 0 is 0.
double surprise(double p) {
  return p > 0 ? -p * std::log(p) : 0;
}

}  // namespace

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

void write_probabilities(const KeptScores& scores, const LabelStep& step, const Grid& grid,
                         bool turn_round, const std::filesystem::path& file,
                         const Progress& progress) {
  SliceProbabilities slices(scores, step, grid);
  write_nifti_series(file, grid, turn_round, scores.classes, [&](std::int64_t slice) {
    notify(progress, "write probabilities", slice, grid.size[2]);
    return slices.of(slice);
  });
}

}  // namespace osler
