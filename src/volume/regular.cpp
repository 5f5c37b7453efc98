#include "volume/regular.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/error.hpp"
#include "volume/exchange_parts.hpp"

namespace osler {
namespace {

/// Two neighbouring slices of the source and the weight of the upper one.
struct Between {
  std::size_t low;
  std::size_t high;
  float weight;
};

Between between(const Grid& source, double place) {
  const double last = static_cast<double>(source.size[2] - 1);
  const double k = std::clamp(source.slice_at_place(place), 0.0, last);
  const auto low = static_cast<std::size_t>(std::min(k, last - 1));
  return {low, low + 1, static_cast<float>(k - static_cast<double>(low))};
}

/// Real values of one slice; NaN where it is padding.
template <typename T>
class RealSlice {
 public:
  RealSlice(const Volume& volume, std::size_t k)
      : stored_(reinterpret_cast<const T*>(volume.voxels.get()) +
                k * static_cast<std::size_t>(volume.grid.size[0] * volume.grid.size[1])),
        slope_(static_cast<float>(volume.slices[k].slope)),
        intercept_(static_cast<float>(volume.slices[k].intercept)),
        padding_(volume.padding) {}

  bool is_padding(std::size_t i) const {
    const auto value = static_cast<std::int64_t>(stored_[i]);
    return padding_ && value >= padding_->low && value <= padding_->high;
  }
  float operator[](std::size_t i) const {
    return static_cast<float>(stored_[i]) * slope_ + intercept_;
  }

 private:
  const T* stored_;
  float slope_;
  float intercept_;
  std::optional<Volume::Padding> padding_;
};

template <typename T>
void interpolate(const Volume& source, const Between& at, float padding, std::span<float> out) {
  const bool low_is_nearer = at.weight < 0.5F;
  const float weight = low_is_nearer ? at.weight : 1 - at.weight;
  const RealSlice<T> nearer(source, low_is_nearer ? at.low : at.high);
  const RealSlice<T> further(source, low_is_nearer ? at.high : at.low);
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (nearer.is_padding(i)) {
      out[i] = padding;
    } else {
      out[i] = nearer[i];
      if (!further.is_padding(i)) out[i] += weight * (further[i] - nearer[i]);
    }
  }
}

Volume describe(const Volume& source, const Grid& grid) {
  Volume out;
  out.grid = grid;
  out.type = ScalarType::f32;
  out.study_uid = source.study_uid;
  out.series_uid = source.series_uid;
  out.frame_of_reference_uid = source.frame_of_reference_uid;
  out.modality = source.modality;
  out.body_part = source.body_part;
  out.series_description = source.series_description;
  out.lossy = source.lossy;
  return out;
}

double step_between_places(const Grid& source, const Grid& regular) {
  return static_cast<double>(source.size[2] - 1) / static_cast<double>(regular.size[2] - 1);
}

}  // namespace

Grid regular_grid(const Grid& grid) {
  if (grid.is_regular()) return grid;
  const Vec3 pixel = grid.spacing_mm();
  const double span = grid.place_of_slice(grid.size[2] - 1);
  const Vec3 normal = cross(grid.index_to_lps.column(0), grid.index_to_lps.column(1));
  const double step = std::abs(dot(grid.index_to_lps.column(2), normal)) / norm(normal);
  const double wanted = std::max(grid.slice_distances_mm()[0], std::min(pixel[0], pixel[1]));
  // An even spacing that differs from the least distance by rounding is that distance.
  const double slices = std::ceil(span * step / wanted - 1e-3);
  Grid regular;
  regular.size = {grid.size[0], grid.size[1], static_cast<std::int64_t>(slices) + 1};
  const Affine& a = grid.index_to_lps;
  regular.index_to_lps =
      Affine::from_columns(a.column(0), a.column(1), (span / slices) * a.column(2), a.origin());
  return regular;
}

Volume make_regular(const Volume& volume, const dicom::Limits& limits) {
  const Grid grid = regular_grid(volume.grid);
  Volume out = describe(volume, grid);
  const auto bytes = static_cast<std::int64_t>(out.bytes());
  if (bytes > limits.max_volume_bytes) {
    throw Error(ErrorCode::bad_input,
                fmt::format("evenly spaced, the volume would have {} slices and {} bytes",
                            grid.size[2], bytes),
                fmt::format("at most {} bytes", limits.max_volume_bytes));
  }
  float padding = 0;
  if (volume.padding) {
    const SliceSource& first = volume.slices.front();
    const double real = first.slope * static_cast<double>(volume.padding->low) + first.intercept;
    padding = static_cast<float>(real);
    if (real == std::floor(real)) {
      out.padding = {static_cast<std::int64_t>(real), static_cast<std::int64_t>(real)};
    }
  }
  out.voxels = std::make_unique_for_overwrite<std::byte[]>(out.bytes());
  const auto pixels = static_cast<std::size_t>(grid.size[0] * grid.size[1]);
  const double places = step_between_places(volume.grid, grid);
  for (std::int64_t z = 0; z < grid.size[2]; ++z) {
    const Between at = between(volume.grid, static_cast<double>(z) * places);
    SliceSource slice = volume.slices[at.weight < 0.5F ? at.low : at.high];
    slice.slope = 1;
    slice.intercept = 0;
    out.slices.push_back(std::move(slice));
  }
#pragma omp parallel for schedule(static)
  for (std::int64_t z = 0; z < grid.size[2]; ++z) {
    const Between at = between(volume.grid, static_cast<double>(z) * places);
    const std::span<float> slice(
        reinterpret_cast<float*>(out.voxels.get()) + static_cast<std::size_t>(z) * pixels, pixels);
    with_scalar(volume.type,
                [&](auto stored) { interpolate<decltype(stored)>(volume, at, padding, slice); });
  }
  return out;
}

}  // namespace osler
