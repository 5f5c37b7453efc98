#include "page/slice_view.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <utility>

#include "page/parallel.hpp"

namespace osler::page {
namespace {

constexpr double kLeastFieldMm = 110;  ///< wide enough to see where in the body one is
constexpr double kMarginMm = 32;       ///< around the labels
constexpr double kHeightToWidth = 0.72;
constexpr double kHeightToWidthOfTwo = 0.92;      ///< of each of two planes side by side
constexpr double kMostHeightToWidth = 4;          ///< sizes of voxels out of a file may be anything
constexpr double kDark = 0.005, kBright = 0.997;  ///< shares of the values below black and white
// Tissue is left a little short of white, so that bright detail in it stays visible.
constexpr float kShortOfWhite = 1.1F;

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

std::string side_of(const Segment& segment, bool by_side) {
  return by_side && segment.type_modifier ? segment.type_modifier->value : std::string();
}

/// Labels of each side of the body; one group if segments have no side.
std::map<std::string, Extent> extents_of_sides(const Findings& findings,
                                               const LabelExtents& extents, bool by_side) {
  std::map<std::string, Extent> sides;
  for (const Segment& segment : findings.segments) {
    const Extent& extent = extents[static_cast<std::size_t>(segment.number)];
    if (!extent.empty) sides[side_of(segment, by_side)].add(extent);
  }
  return sides;
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

/// The voxels that a pixel is mixed from.
struct Mixture {
  int count = 0;
  std::array<std::size_t, 8> voxel{};
  std::array<std::size_t, 8> slice{};
  std::array<double, 8> weight{};
};

/// A neighbour that weighs less is none: places are sums of roundings.
constexpr double kLeastWeight = 1e-9;

void mix(const Grid& grid, const Vec3& index, Mixture& mixture) {
  mixture.count = 0;
  const Neighbours x = neighbours(index[0], grid.size[0]), y = neighbours(index[1], grid.size[1]),
                   z = neighbours(grid.slice_at_place(index[2]), grid.size[2]);
  if (!x.inside || !y.inside || !z.inside) return;
  const auto add = [&](std::int64_t c, std::int64_t r, std::int64_t k, double weight) {
    if (weight < kLeastWeight) return;
    const auto i = static_cast<std::size_t>(mixture.count++);
    mixture.voxel[i] = static_cast<std::size_t>((k * grid.size[1] + r) * grid.size[0] + c);
    mixture.slice[i] = static_cast<std::size_t>(k);
    mixture.weight[i] = weight;
  };
  const auto add_slice = [&](std::int64_t k, double weight) {
    if (weight < kLeastWeight) return;
    add(x.low, y.low, k, weight * (1 - y.weight) * (1 - x.weight));
    add(x.high, y.low, k, weight * (1 - y.weight) * x.weight);
    add(x.low, y.high, k, weight * y.weight * (1 - x.weight));
    add(x.high, y.high, k, weight * y.weight * x.weight);
  };
  add_slice(z.low, 1 - z.weight);
  add_slice(z.high, z.weight);
}

/// Steps in index space below this many voxels in a whole row are roundings.
constexpr double kNoStep = 1e-6;

/// How a plane's pixels lie in a grid.
struct Raster {
  const Grid& grid;
  const Plane& plane;
  Affine to_index;
  /// The axis of the grid along which every row of pixels runs, if there is one, and the neighbours
  /// of each column on it: what lies across is then the same for a whole row.
  std::optional<std::size_t> along;
  std::vector<Neighbours> columns;

  Raster(const Grid& of, const Plane& shown)
      : grid(of), plane(shown), to_index(inverse(of.index_to_lps)) {
    const Vec3 right = step(plane.right_mm), down = step(plane.down_mm);
    int axes = 0;
    for (std::size_t a = 0; a < 3; ++a) {
      if (std::abs(right[a]) * plane.width < kNoStep) continue;
      ++axes;
      along = a;
    }
    if (axes != 1 || std::abs(down[*along]) * plane.height >= kNoStep) along.reset();
    if (!along) return;
    const double first = to_index(plane.origin_mm)[*along];
    for (int u = 0; u < plane.width; ++u) {
      const double index = first + u * right[*along];
      columns.push_back(
          neighbours(*along == 2 ? grid.slice_at_place(index) : index, grid.size[*along]));
    }
  }

  Vec3 step(const Vec3& mm) const { return to_index(mm) - to_index.origin(); }
  Vec3 row_begin(std::int64_t v) const {
    return to_index(plane.origin_mm + static_cast<double>(v) * plane.down_mm);
  }
};

template <class Pixel>
void visit_along(const Raster& raster, std::int64_t v, const Pixel& pixel) {
  const std::size_t axis = *raster.along;
  const std::array<std::size_t, 3> strides{
      1, static_cast<std::size_t>(raster.grid.size[0]),
      static_cast<std::size_t>(raster.grid.size[0] * raster.grid.size[1])};
  Vec3 begin = raster.row_begin(v);
  begin[axis] = 0;
  Mixture across, mixture;
  mix(raster.grid, begin, across);
  if (across.count == 0) return;
  const auto add = [&](std::int64_t place, double weight) {
    if (weight < kLeastWeight) return;
    for (std::size_t i = 0; i < static_cast<std::size_t>(across.count); ++i) {
      const auto j = static_cast<std::size_t>(mixture.count++);
      mixture.voxel[j] = across.voxel[i] + static_cast<std::size_t>(place) * strides[axis];
      mixture.slice[j] = axis == 2 ? static_cast<std::size_t>(place) : across.slice[i];
      mixture.weight[j] = weight * across.weight[i];
    }
  };
  for (int u = 0; u < raster.plane.width; ++u) {
    const Neighbours& n = raster.columns[static_cast<std::size_t>(u)];
    if (!n.inside) continue;
    mixture.count = 0;
    add(n.low, 1 - n.weight);
    add(n.high, n.weight);
    pixel(u, mixture);
  }
}

/// Calls pixel(u, mixture) for the pixels of row v that lie in the grid.
template <class Pixel>
void visit_row(const Raster& raster, std::int64_t v, const Pixel& pixel) {
  if (raster.along) {
    visit_along(raster, v, pixel);
    return;
  }
  const Vec3 begin = raster.row_begin(v), step = raster.step(raster.plane.right_mm);
  Mixture mixture;
  for (int u = 0; u < raster.plane.width; ++u) {
    mix(raster.grid, begin + static_cast<double>(u) * step, mixture);
    if (mixture.count > 0) pixel(u, mixture);
  }
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
  const auto width = static_cast<std::size_t>(plane.width);
  std::vector<float> out(width * static_cast<std::size_t>(plane.height),
                         std::numeric_limits<float>::quiet_NaN());
  const Raster raster(volume.grid, plane);
  in_parallel(plane.height, [&](std::int64_t v) {
    float* row = out.data() + static_cast<std::size_t>(v) * width;
    visit_row(raster, v, [&](int u, const Mixture& m) {
      double sum = 0;
      for (std::size_t i = 0; i < static_cast<std::size_t>(m.count); ++i) {
        sum += m.weight[i] * value(m.voxel[i], m.slice[i]);
      }
      row[u] = static_cast<float>(sum);
    });
  });
  return out;
}

/// How much of a pixel is a segment.
struct Part {
  int u;
  int v;
  std::uint8_t label;
  float share;
};

void add_parts(const LabelMap& labels, int u, int v, const Mixture& m, std::vector<Part>& parts) {
  const std::uint8_t first = labels.labels[m.voxel[0]];
  const auto count = static_cast<std::size_t>(m.count);
  std::array<std::uint8_t, 8> label{};
  bool same = true;
  for (std::size_t i = 0; i < count; ++i) {
    label[i] = labels.labels[m.voxel[i]];
    same = same && label[i] == first;
  }
  if (same) {
    if (first != 0) parts.push_back({u, v, first, 1});
    return;
  }
  for (std::size_t i = 0; i < count; ++i) {
    if (label[i] == 0) continue;
    double share = 0;
    for (std::size_t j = i; j < count; ++j) {
      if (label[j] != label[i]) continue;
      share += m.weight[j];
      if (j > i) label[j] = 0;
    }
    parts.push_back({u, v, label[i], static_cast<float>(share)});
  }
}

/// The part of a plane that a segment reaches, with a pixel around it.
SegmentShare field_of(int segment, const std::vector<Part>& parts, const Plane& plane) {
  int left = plane.width, top = plane.height, right = 0, bottom = 0;
  for (const Part& p : parts) {
    left = std::min(left, p.u);
    top = std::min(top, p.v);
    right = std::max(right, p.u);
    bottom = std::max(bottom, p.v);
  }
  SegmentShare out;
  out.segment = segment;
  out.left = std::max(0, left - 1);
  out.top = std::max(0, top - 1);
  out.width = std::min(plane.width, right + 2) - out.left;
  out.height = std::min(plane.height, bottom + 2) - out.top;
  out.share.resize(static_cast<std::size_t>(out.width) * static_cast<std::size_t>(out.height));
  for (const Part& p : parts) {
    out.share[static_cast<std::size_t>(p.v - out.top) * static_cast<std::size_t>(out.width) +
              static_cast<std::size_t>(p.u - out.left)] = p.share;
  }
  return out;
}

}  // namespace

std::vector<Plane> choose_planes(const Findings& findings, const LabelExtents& labels,
                                 PlaneKind kind, int width_pixels) {
  const Axes axes = axes_of(kind);
  const auto right = static_cast<std::size_t>(axes.right),
             down = static_cast<std::size_t>(axes.down),
             through = static_cast<std::size_t>(axes.through);
  const std::map<std::string, Extent> extents =
      extents_of_sides(findings, labels, kind == PlaneKind::sagittal);
  double field = 0, field_down = 0;
  for (const auto& [side, e] : extents) {
    field = std::max({field, kLeastFieldMm, e.high[right] - e.low[right] + 2 * kMarginMm});
    field_down = std::max(field_down, e.high[down] - e.low[down] + kMarginMm);
  }
  field_down =
      std::max(field_down, field * (extents.size() > 1 ? kHeightToWidthOfTwo : kHeightToWidth));
  field = std::max(field, field_down / kMostHeightToWidth);
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

void sample_segments(const LabelMap& labels, const Plane& plane,
                     const std::function<void(const SegmentShare&)>& visit) {
  std::vector<std::vector<Part>> rows(static_cast<std::size_t>(plane.height));
  const Raster raster(labels.grid, plane);
  in_parallel(plane.height, [&](std::int64_t v) {
    visit_row(raster, v, [&](int u, const Mixture& m) {
      add_parts(labels, u, static_cast<int>(v), m, rows[static_cast<std::size_t>(v)]);
    });
  });
  std::array<std::vector<Part>, 256> of_label;
  for (std::vector<Part>& row : rows) {
    for (const Part& p : row) of_label[p.label].push_back(p);
    row = {};
  }
  for (std::size_t label = 1; label < of_label.size(); ++label) {
    if (!of_label[label].empty()) {
      visit(field_of(static_cast<int>(label), of_label[label], plane));
    }
  }
}

GreyWindow window_of(const std::vector<float>& values) {
  std::vector<float> known;
  known.reserve(values.size());
  std::copy_if(values.begin(), values.end(), std::back_inserter(known),
               [](float v) { return std::isfinite(v); });
  if (known.empty()) return {};
  const auto at = [&](double share) {
    const auto place =
        known.begin() + static_cast<std::ptrdiff_t>(share * static_cast<double>(known.size() - 1));
    std::nth_element(known.begin(), place, known.end());
    return *place;
  };
  const float low = at(kDark);
  return {low, kShortOfWhite * (at(kBright) - low) + 1e-6F * (1 + std::abs(low))};
}

std::uint8_t GreyWindow::shade(float value) const {
  const float share = std::clamp((value - low) / range, 0.0F, 1.0F);
  return static_cast<std::uint8_t>(share * 255 + 0.5F);
}

Letters letters_of(PlaneKind kind) {
  switch (kind) {
    case PlaneKind::axial:
      return {"R", "L", "A", "P"};
    case PlaneKind::coronal:
      return {"R", "L", "H", "F"};
    case PlaneKind::sagittal:
      break;
  }
  return {"A", "P", "H", "F"};
}

std::string place_of(const Plane& plane, int decimals) {
  constexpr const char* kTowards[3][2] = {{"R", "L"}, {"A", "P"}, {"F", "H"}};
  return fmt::format("{} {:.{}f} mm",
                     kTowards[axes_of(plane.kind).through][plane.position_mm >= 0 ? 1 : 0],
                     std::abs(plane.position_mm), decimals);
}

}  // namespace osler::page
