#include "segmentations/frame_grid.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "core/error.hpp"
#include "volume/plan.hpp"

namespace osler::segmentations {
namespace {

constexpr std::int64_t kMaxSlices = 1 << 20;

struct Plane {
  Vec3 row;     ///< unit, along increasing column index
  Vec3 column;  ///< unit, along increasing row index
  Vec3 normal;
  std::array<double, 2> spacing_mm;  ///< {between rows, between columns}
};

[[noreturn]] void fail(const std::string& found, const std::string& expected = {}) {
  throw Error(ErrorCode::bad_input, found, expected);
}

/// The plane that all frames are parallel to.
Plane plane_of(const dicom::Instance& instance) {
  if (static_cast<std::int64_t>(instance.frames.size()) != instance.pixels.frames) {
    fail(fmt::format("{} frames, {} of them described", instance.pixels.frames,
                     instance.frames.size()));
  }
  const dicom::Frame& first = instance.frames.front();
  for (const dicom::Frame& f : instance.frames) {
    if (!f.position_mm || !f.orientation || !f.spacing_mm) {
      fail("frames without a place in a patient",
           "Image Position and Orientation (Patient) and Pixel Spacing of every frame");
    }
    if (norm(*f.position_mm) > kFurthestPositionMm) {
      fail("Image Position (Patient) lies over a kilometre from the origin");
    }
    for (std::size_t i = 0; i < 6; ++i) {
      if (std::abs((*f.orientation)[i] - (*first.orientation)[i]) > kOrientationTolerance) {
        fail("frames whose orientations differ");
      }
    }
    for (std::size_t i = 0; i < 2; ++i) {
      if (std::abs((*f.spacing_mm)[i] - (*first.spacing_mm)[i]) > kSpacingToleranceMm) {
        fail("frames whose Pixel Spacing differs");
      }
    }
  }
  const auto& o = *first.orientation;
  const Vec3 row{o[0], o[1], o[2]}, column{o[3], o[4], o[5]};
  if (std::abs(norm(row) - 1) > kOrthonormalTolerance ||
      std::abs(norm(column) - 1) > kOrthonormalTolerance ||
      std::abs(dot(row, column)) > kOrthonormalTolerance) {
    fail("row and column directions are not orthogonal unit vectors");
  }
  if (!((*first.spacing_mm)[0] > 0) || !((*first.spacing_mm)[1] > 0)) {
    fail("Pixel Spacing is zero or negative");
  }
  return {row, column, cross(row, column), *first.spacing_mm};
}

/// Whether all of them are multiples of the step, as near as slices have to be.
bool are_multiples(const std::vector<double>& distances, double step) {
  return std::all_of(distances.begin(), distances.end(), [&](double d) {
    const double count = std::round(d / step);
    return count >= 1 && std::abs(d - count * step) <= std::min(kOffSliceMm, step / 4);
  });
}

/// Along the normal, from the first position on, ascending; those that are one are told once.
std::vector<double> distinct_places(std::vector<double> places) {
  std::sort(places.begin(), places.end());
  std::vector<double> distinct;
  for (const double place : places) {
    if (distinct.empty() || place - distinct.back() > kSpacingToleranceMm) {
      distinct.push_back(place);
    }
  }
  return distinct;
}

/// The distance of neighbouring slices.
double step_of(const std::vector<double>& places, std::optional<double> said_mm) {
  std::vector<double> distances;
  for (std::size_t i = 1; i < places.size(); ++i) distances.push_back(places[i] - places[i - 1]);
  const bool usable = said_mm && *said_mm > 0;
  if (distances.empty()) return usable ? *said_mm : 1;
  if (usable && are_multiples(distances, *said_mm)) return *said_mm;
  const double least = *std::min_element(distances.begin(), distances.end());
  if (!are_multiples(distances, least)) {
    fail("frames that lie on no regular grid",
         fmt::format("distances that are multiples of one, here {:.3f} mm", least));
  }
  return least;
}

}  // namespace

FrameGrid grid_of_frames(const dicom::Instance& instance,
                         std::optional<double> spacing_between_slices_mm) {
  const Plane plane = plane_of(instance);
  std::vector<double> along;
  for (const dicom::Frame& f : instance.frames) along.push_back(dot(*f.position_mm, plane.normal));
  const std::vector<double> places = distinct_places(along);
  const double step = step_of(places, spacing_between_slices_mm);
  const double length = places.back() - places.front();
  const double slices = std::round(length / step) + 1;
  if (slices > static_cast<double>(kMaxSlices)) {
    fail(fmt::format("frames {:.0f} steps apart", slices - 1), fmt::format("{}", kMaxSlices));
  }
  const auto at = [&](double place) {
    const auto found = std::min_element(along.begin(), along.end(), [&](double a, double b) {
      return std::abs(a - place) < std::abs(b - place);
    });
    return *instance.frames[static_cast<std::size_t>(found - along.begin())].position_mm;
  };
  const Vec3 origin = at(places.front());
  const Vec3 third =
      slices > 1 ? (1 / (slices - 1)) * (at(places.back()) - origin) : step * plane.normal;
  FrameGrid result;
  result.grid.size = {instance.pixels.columns, instance.pixels.rows,
                      static_cast<std::int64_t>(slices)};
  result.grid.index_to_lps = Affine::from_columns(
      plane.spacing_mm[1] * plane.row, plane.spacing_mm[0] * plane.column, third, origin);
  Coincidence here = slices_on(instance, result.grid);
  if (!here.difference.empty()) fail("frames that lie on no regular grid: " + here.difference);
  result.slice_of_frame = std::move(here.slice_of_frame);
  return result;
}

NearestSlice nearest_slice(const Grid& grid, const Vec3& point_mm) {
  const Vec3 x = grid.index_to_lps.column(0), y = grid.index_to_lps.column(1);
  const Vec3 across = cross(x, y);
  const Vec3 normal = (1 / norm(across)) * across;
  const double step = dot(grid.index_to_lps.column(2), normal);
  const double place = dot(point_mm - grid.index_to_lps.origin(), normal) / step;
  const auto last = static_cast<double>(grid.size[2] - 1);
  const auto k =
      static_cast<std::int64_t>(std::round(std::clamp(grid.slice_at_place(place), 0.0, last)));
  return {k, std::abs((place - grid.place_of_slice(k)) * step)};
}

Coincidence slices_on(const dicom::Instance& instance, const Grid& grid) {
  const Plane plane = plane_of(instance);
  const Vec3 x = grid.index_to_lps.column(0), y = grid.index_to_lps.column(1);
  if (instance.pixels.columns != grid.size[0] || instance.pixels.rows != grid.size[1]) {
    return {{},
            fmt::format("{} x {} pixels, not {} x {}", instance.pixels.columns,
                        instance.pixels.rows, grid.size[0], grid.size[1])};
  }
  if (std::abs(plane.spacing_mm[1] - norm(x)) > kSpacingToleranceMm ||
      std::abs(plane.spacing_mm[0] - norm(y)) > kSpacingToleranceMm) {
    return {{}, "another Pixel Spacing"};
  }
  // Directions are held against each other where they matter: at the far ends of a slice.
  const Vec3 far_x = static_cast<double>(grid.size[0]) * (x - plane.spacing_mm[1] * plane.row);
  const Vec3 far_y = static_cast<double>(grid.size[1]) * (y - plane.spacing_mm[0] * plane.column);
  const double least_mm = std::min({norm(x), norm(y)});
  const double tolerance = std::min(kOffSliceMm, least_mm / 4);
  if (norm(far_x) > tolerance || norm(far_y) > tolerance) return {{}, "another orientation"};
  Coincidence result;
  for (const dicom::Frame& frame : instance.frames) {
    const NearestSlice nearest = nearest_slice(grid, *frame.position_mm);
    const double off = norm(*frame.position_mm - grid.centre_mm(0, 0, nearest.slice));
    if (off > tolerance) {
      return {{}, fmt::format("a frame lies {:.3g} mm from the nearest slice's first voxel", off)};
    }
    result.slice_of_frame.push_back(nearest.slice);
  }
  return result;
}

}  // namespace osler::segmentations
