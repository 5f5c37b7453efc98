#include "postprocess/labels.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include "core/error.hpp"
#include "postprocess/components.hpp"
#include "postprocess/label_measure.hpp"

namespace osler {
namespace {

/// Source voxels that can lie on the network's grid: the box around its eight corners.
Bounds reach(const Probabilities& p, const Grid& grid, const Affine& lps_to_index) {
  Vec3 low{1e300, 1e300, 1e300}, high{-1e300, -1e300, -1e300};
  for (int corner = 0; corner < 8; ++corner) {
    Vec3 at{};
    for (std::size_t i = 0; i < 3; ++i) {
      at[i] = (corner >> i) & 1 ? static_cast<double>(p.size[i] - 1) : 0.0;
    }
    Vec3 index = lps_to_index(p.index_to_lps(at));
    index[2] = grid.slice_at_place(index[2]);
    for (std::size_t i = 0; i < 3; ++i) {
      low[i] = std::min(low[i], index[i]);
      high[i] = std::max(high[i], index[i]);
    }
  }
  Bounds box;
  for (std::size_t i = 0; i < 3; ++i) {
    const auto last = static_cast<double>(grid.size[i] - 1);
    const double begin = std::clamp(std::floor(low[i]), 0.0, last);
    const double end = std::clamp(std::ceil(high[i]), 0.0, last);
    box.begin[i] = static_cast<std::int64_t>(begin);
    box.size[i] = static_cast<std::int64_t>(end - begin) + 1;
  }
  return box;
}

/// Log odds of the foreground against the threshold, bounded.
std::vector<float> evidence(const Probabilities& p, double threshold) {
  std::vector<float> values = foreground(p);
  const auto shift = static_cast<float>(std::log(threshold / (1 - threshold)));
  for (std::size_t i = 0; i < values.size(); ++i) {
    // From the two sides' own probabilities: 1 - p would lose what is left of a small one.
    const float odds =
        std::log(std::max(values[i], 1e-30F)) - std::log(std::max(p.of(0)[i], 1e-30F));
    values[i] = std::clamp(odds - shift, -kEvidenceBound, kEvidenceBound);
  }
  return values;
}

/// The eight neighbours of a place on the network's grid and their linear weights.
class Cell {
 public:
  /// @return nothing outside the centres of the grid's outermost voxels
  static std::optional<Cell> at(const Size3& size, const Vec3& place) {
    Cell cell;
    std::array<std::int64_t, 3> i{};
    for (std::size_t a = 0; a < 3; ++a) {
      if (!(place[a] >= 0) || place[a] > static_cast<double>(size[a] - 1)) return std::nullopt;
      i[a] = std::min(static_cast<std::int64_t>(place[a]), std::max<std::int64_t>(size[a] - 2, 0));
      cell.fraction_[a] = static_cast<float>(place[a] - static_cast<double>(i[a]));
    }
    cell.stride_ = {size[0] > 1 ? 1 : 0, size[1] > 1 ? size[0] : 0,
                    size[2] > 1 ? size[0] * size[1] : 0};
    cell.base_ = (i[2] * size[1] + i[1]) * size[0] + i[0];
    return cell;
  }

  float interpolate(std::span<const float> values) const {
    const float* v = values.data() + base_;
    const auto [sx, sy, sz] = stride_;
    const auto [fx, fy, fz] = fraction_;
    const float a = v[0] + fx * (v[sx] - v[0]);
    const float b = v[sy] + fx * (v[sy + sx] - v[sy]);
    const float d = v[sz] + fx * (v[sz + sx] - v[sz]);
    const float e = v[sz + sy] + fx * (v[sz + sy + sx] - v[sz + sy]);
    const float low = a + fy * (b - a), high = d + fy * (e - d);
    return low + fz * (high - low);
  }

 private:
  std::int64_t base_ = 0;
  std::array<std::int64_t, 3> stride_{};
  std::array<float, 3> fraction_{};
};

/// Label of one place on the network's grid, 0 for background and outside.
std::uint8_t label_at(const Probabilities& p, std::span<const float> evidence, const Vec3& place,
                      std::span<const std::uint8_t> label_of) {
  const auto cell = Cell::at(p.size, place);
  if (!cell || !(cell->interpolate(evidence) > 0)) return 0;
  int best = 1;
  float best_value = -1;
  for (int c = 1; c < p.classes; ++c) {
    const float value = cell->interpolate(p.of(c));
    if (value > best_value) {
      best_value = value;
      best = c;
    }
  }
  return label_of[static_cast<std::size_t>(best)];
}

}  // namespace

std::int64_t paint(const Probabilities& p, double threshold, std::span<const std::uint8_t> label_of,
                   const Grid& grid, std::span<std::uint8_t> labels) {
  if (static_cast<int>(label_of.size()) != p.classes ||
      static_cast<std::int64_t>(labels.size()) != voxel_count(grid.size)) {
    throw Error(ErrorCode::bad_argument, "paint: labels of another size than classes or grid");
  }
  const Affine lps_to_index = inverse(grid.index_to_lps);
  const Bounds box = reach(p, grid, lps_to_index);
  const std::vector<float> odds = evidence(p, threshold);
  const Affine to_network = inverse(p.index_to_lps) * grid.index_to_lps;
  const auto row_of = [&](std::int64_t r) {
    const std::int64_t y = box.begin[1] + r % box.size[1], z = box.begin[2] + r / box.size[1];
    return (z * grid.size[1] + y) * grid.size[0] + box.begin[0];
  };

  std::vector<std::uint8_t> found(static_cast<std::size_t>(voxel_count(box.size)));
  const std::int64_t rows = box.size[1] * box.size[2];
#pragma omp parallel for schedule(dynamic, 16)
  for (std::int64_t r = 0; r < rows; ++r) {
    const auto y = static_cast<double>(box.begin[1] + r % box.size[1]);
    const double z = grid.place_of_slice(box.begin[2] + r / box.size[1]);
    const std::uint8_t* there = labels.data() + row_of(r);
    for (std::int64_t x = 0; x < box.size[0]; ++x) {
      const Vec3 at = to_network({static_cast<double>(box.begin[0] + x), y, z});
      found[static_cast<std::size_t>(r * box.size[0] + x)] =
          there[x] == 0 ? label_at(p, odds, at, label_of) : 0;
    }
  }
  const LargestComponent component = largest_component(found, box.size);
  for (std::int64_t r = 0; r < rows; ++r) {
    std::uint8_t* there = labels.data() + row_of(r);
    for (std::int64_t x = 0; x < box.size[0]; ++x) {
      const auto n = static_cast<std::size_t>(r * box.size[0] + x);
      if (component.mask[n] != 0) there[x] = found[n];
    }
  }
  return component.voxels;
}

std::vector<double> slice_weights(const Grid& grid) {
  std::vector<double> voxel_mm3;
  for (std::int64_t k = 0; k < grid.size[2]; ++k) voxel_mm3.push_back(grid.voxel_mm3(k));
  return voxel_mm3;
}

std::vector<LabelStatistics> in_patient_space(
    const std::vector<kernels::LabelStatistics>& statistics, const Grid& grid) {
  std::vector<LabelStatistics> out;
  for (const kernels::LabelStatistics& s : statistics) {
    out.push_back({s.voxels, s.weight, s.voxels > 0 ? grid.index_to_lps(s.centre) : Vec3{},
                   s.valued, s.mean, s.sd, s.min, s.max});
  }
  return out;
}

std::vector<LabelStatistics> label_statistics(const Device& device,
                                              std::span<const std::uint8_t> labels,
                                              const Grid& grid, int max_label,
                                              const kernels::SourceView* intensities) {
  const std::vector<double> voxel_mm3 = slice_weights(grid);
  kernels::LabelStatisticsTask task;
  task.size = grid.size;
  task.max_label = max_label;
  task.slice_at = grid.slice_at;
  task.slice_weight = voxel_mm3;
  task.intensities = intensities;
  return in_patient_space(kernels::label_statistics(device, labels, task), grid);
}

}  // namespace osler
