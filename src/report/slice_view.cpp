#include "report/slice_view.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <string>

namespace osler::report {
namespace {

constexpr double kLeastFieldMm = 110;  ///< wide enough to see where in the body one is
constexpr double kMarginMm = 32;       ///< around the labels
constexpr double kHeightToWidth = 0.72;
constexpr double kHeightToWidthOfTwo = 0.92;  ///< of each of two planes side by side

struct Axes {
  int right;  ///< index into LPS
  int down;
  int through;
  double down_sign;  ///< +1 posterior or -1 head upwards
};

Axes axes_of(PlaneKind kind) {
  switch (kind) {
    case PlaneKind::axial:
      return {0, 1, 2, 1.0};
    case PlaneKind::coronal:
      return {0, 2, 1, -1.0};
    case PlaneKind::sagittal:
      break;
  }
  return {1, 2, 0, -1.0};
}

/// Of one patient axis: how many labels lie in each whole millimetre of the grid.
struct Histogram {
  int first = 0;                     ///< millimetre of counts[0]
  std::vector<std::int64_t> counts;  ///< 0 beyond what the grid reaches

  std::int64_t at(int position) const {
    const int i = position - first;
    return i < 0 || i >= static_cast<int>(counts.size()) ? 0 : counts[static_cast<std::size_t>(i)];
  }
};

/// To the nearest; half-way upwards.
int whole_mm(double mm) {
  return static_cast<int>(std::floor(mm + 0.5));
}

/// Where labels lie: bounds and a histogram of each patient axis.
struct Extent {
  std::array<double, 3> low{1e9, 1e9, 1e9};
  std::array<double, 3> high{-1e9, -1e9, -1e9};
  std::array<Histogram, 3> histograms;
  bool empty = true;

  explicit Extent(const Grid& grid) {
    for (std::size_t a = 0; a < 3; ++a) {
      double least = 1e9, most = -1e9;
      for (int corner = 0; corner < 8; ++corner) {
        const Vec3 p = grid.centre_mm((corner & 1) != 0 ? grid.size[0] - 1 : 0,
                                      (corner & 2) != 0 ? grid.size[1] - 1 : 0,
                                      (corner & 4) != 0 ? grid.size[2] - 1 : 0);
        least = std::min(least, p[a]);
        most = std::max(most, p[a]);
      }
      // Centres inside may lie beyond the corners by a rounding.
      histograms[a].first = whole_mm(least) - 1;
      histograms[a].counts.resize(static_cast<std::size_t>(whole_mm(most) - whole_mm(least) + 3));
    }
  }

  void add(const Vec3& p) {
    empty = false;
    for (std::size_t a = 0; a < 3; ++a) {
      low[a] = std::min(low[a], p[a]);
      high[a] = std::max(high[a], p[a]);
      Histogram& h = histograms[a];
      ++h.counts[static_cast<std::size_t>(whole_mm(p[a]) - h.first)];
    }
  }

  /// What another one has counted on the same grid.
  void add(const Extent& other) {
    empty = empty && other.empty;
    for (std::size_t a = 0; a < 3; ++a) {
      low[a] = std::min(low[a], other.low[a]);
      high[a] = std::max(high[a], other.high[a]);
      std::vector<std::int64_t>& counts = histograms[a].counts;
      for (std::size_t i = 0; i < counts.size(); ++i) counts[i] += other.histograms[a].counts[i];
    }
  }

  /// The position with most labels within 2 mm.
  double busiest(int axis) const {
    const Histogram& h = histograms[static_cast<std::size_t>(axis)];
    std::int64_t best = -1;
    double sum = 0;
    int ties = 0;
    for (std::size_t i = 0; i < h.counts.size(); ++i) {
      if (h.counts[i] == 0) continue;
      const int position = h.first + static_cast<int>(i);
      std::int64_t near = 0;
      for (int d = -2; d <= 2; ++d) near += h.at(position + d);
      if (near > best) {
        best = near;
        sum = 0;
        ties = 0;
      }
      if (near == best) {
        sum += position;
        ++ties;
      }
    }
    return ties == 0 ? 0 : sum / ties;
  }
};

std::string side_of(const Segment& segment, bool by_side) {
  return by_side && segment.type_modifier ? segment.type_modifier->value : std::string();
}

/// Labels of each side of the body; one group if segments have no side.
std::map<std::string, Extent> extents_of(const Findings& findings, const LabelMap& labels,
                                         bool by_side) {
  std::map<std::string, Extent> extents;
  for (const Segment& segment : findings.segments) {
    extents.try_emplace(side_of(segment, by_side), labels.grid);
  }
  const Size3& n = labels.grid.size;
#pragma omp parallel
  {
    std::map<std::string, Extent> own = extents;
    std::array<Extent*, 256> of_label{};
    for (const Segment& segment : findings.segments) {
      of_label[static_cast<std::size_t>(segment.number)] = &own.at(side_of(segment, by_side));
    }
#pragma omp for schedule(static)
    for (std::int64_t k = 0; k < n[2]; ++k) {
      auto i = static_cast<std::size_t>(k * n[1] * n[0]);
      for (std::int64_t r = 0; r < n[1]; ++r) {
        for (std::int64_t c = 0; c < n[0]; ++c, ++i) {
          Extent* extent = labels.labels[i] == 0 ? nullptr : of_label[labels.labels[i]];
          if (extent != nullptr) extent->add(labels.grid.centre_mm(c, r, k));
        }
      }
    }
#pragma omp critical
    for (auto& [side, extent] : extents) extent.add(own.at(side));
  }
  std::erase_if(extents, [](const auto& entry) { return entry.second.empty; });
  return extents;
}

/// Indices and weights of the two neighbours along one axis; clamped at the outer half voxel.
struct Neighbours {
  std::int64_t low;
  std::int64_t high;
  double weight;  ///< of high
  bool inside;
};

Neighbours neighbours(double index, std::int64_t size) {
  const bool inside = index >= -0.5 && index <= static_cast<double>(size) - 0.5;
  const double clamped = std::clamp(index, 0.0, static_cast<double>(size - 1));
  const auto low = static_cast<std::int64_t>(clamped);
  return {low, std::min(low + 1, size - 1), clamped - static_cast<double>(low), inside};
}

/// Calls value(voxel, slice) for the eight neighbours of each pixel and mixes them.
template <class Value>
std::vector<float> sample(const Grid& grid, const Plane& plane, const Value& value, float outside) {
  std::vector<float> out(static_cast<std::size_t>(plane.width) *
                         static_cast<std::size_t>(plane.height));
  const Affine to_index = inverse(grid.index_to_lps);
  std::size_t i = 0;
  for (int v = 0; v < plane.height; ++v) {
    for (int u = 0; u < plane.width; ++u, ++i) {
      const Vec3 p = to_index(plane.origin_mm + static_cast<double>(u) * plane.right_mm +
                              static_cast<double>(v) * plane.down_mm);
      const double slice = grid.slice_at_place(p[2]);
      const Neighbours x = neighbours(p[0], grid.size[0]), y = neighbours(p[1], grid.size[1]),
                       z = neighbours(slice, grid.size[2]);
      if (!x.inside || !y.inside || !z.inside) {
        out[i] = outside;
        continue;
      }
      double sum = 0;
      for (int corner = 0; corner < 8; ++corner) {
        const double weight = ((corner & 1) != 0 ? x.weight : 1 - x.weight) *
                              ((corner & 2) != 0 ? y.weight : 1 - y.weight) *
                              ((corner & 4) != 0 ? z.weight : 1 - z.weight);
        if (weight == 0) continue;
        const std::int64_t k = (corner & 4) != 0 ? z.high : z.low;
        const std::int64_t row = k * grid.size[1] + ((corner & 2) != 0 ? y.high : y.low);
        const std::int64_t voxel = row * grid.size[0] + ((corner & 1) != 0 ? x.high : x.low);
        sum += weight * value(static_cast<std::size_t>(voxel), static_cast<std::size_t>(k));
      }
      out[i] = static_cast<float>(sum);
    }
  }
  return out;
}

template <class Scalar>
std::vector<float> sample_scalars(const Volume& volume, const Plane& plane) {
  const auto* stored = reinterpret_cast<const Scalar*>(volume.voxels.get());
  const auto value = [&](std::size_t voxel, std::size_t k) -> double {
    const auto v = static_cast<double>(stored[voxel]);
    if (volume.padding && v >= static_cast<double>(volume.padding->low) &&
        v <= static_cast<double>(volume.padding->high)) {
      return std::numeric_limits<double>::quiet_NaN();
    }
    const SliceSource& slice = volume.slices[k];
    return slice.slope * v + slice.intercept;
  };
  return sample(volume.grid, plane, value, std::numeric_limits<float>::quiet_NaN());
}

}  // namespace

std::vector<Plane> choose_planes(const Findings& findings, const LabelMap& labels, PlaneKind kind,
                                 int width_pixels) {
  const Axes axes = axes_of(kind);
  const auto right = static_cast<std::size_t>(axes.right),
             down = static_cast<std::size_t>(axes.down),
             through = static_cast<std::size_t>(axes.through);
  const std::map<std::string, Extent> extents =
      extents_of(findings, labels, kind == PlaneKind::sagittal);
  double field = 0, field_down = 0;
  for (const auto& [side, e] : extents) {
    field = std::max({field, kLeastFieldMm, e.high[right] - e.low[right] + 2 * kMarginMm});
    field_down = std::max(field_down, e.high[down] - e.low[down] + kMarginMm);
  }
  field_down =
      std::max(field_down, field * (extents.size() > 1 ? kHeightToWidthOfTwo : kHeightToWidth));
  std::vector<Plane> planes;
  for (const auto& [side, e] : extents) {
    Plane plane;
    plane.kind = kind;
    plane.width = width_pixels / static_cast<int>(extents.size());
    const double step = field / plane.width;
    plane.height = static_cast<int>(std::lround(field_down / step));
    plane.right_mm[right] = step;
    plane.down_mm[down] = axes.down_sign * step;
    plane.position_mm = e.busiest(axes.through);
    Vec3 centre{};
    centre[through] = plane.position_mm;
    centre[right] = (e.low[right] + e.high[right]) / 2;
    centre[down] = (e.low[down] + e.high[down]) / 2;
    plane.origin_mm = centre - (0.5 * (plane.width - 1)) * plane.right_mm -
                      (0.5 * (plane.height - 1)) * plane.down_mm;
    planes.push_back(plane);
  }
  // As if looking at the patient: the right side first.
  std::sort(planes.begin(), planes.end(),
            [](const Plane& a, const Plane& b) { return a.position_mm < b.position_mm; });
  return planes;
}

std::vector<float> sample_image(const Volume& volume, const Plane& plane) {
  return with_scalar(volume.type,
                     [&]<class Scalar>(Scalar) { return sample_scalars<Scalar>(volume, plane); });
}

std::array<bool, 256> labels_near(const LabelMap& labels, const Plane& plane) {
  std::array<bool, 256> near{};
  const auto note = [&](std::size_t voxel, std::size_t) {
    near[labels.labels[voxel]] = true;
    return 0.0;
  };
  sample(labels.grid, plane, note, 0.0F);
  return near;
}

std::vector<float> sample_segment(const LabelMap& labels, int segment, const Plane& plane) {
  const auto value = [&](std::size_t voxel, std::size_t) {
    return labels.labels[voxel] == segment ? 1.0 : 0.0;
  };
  return sample(labels.grid, plane, value, 0.0F);
}

}  // namespace osler::report
