#include "volume/plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <set>

#include "core/error.hpp"
#include "dicom/pixels.hpp"

namespace osler {
namespace {

using dicom::Instance;
using Slices = std::vector<const Instance*>;

void add(SeriesPlan& plan, std::string code, std::string detail, bool refuses) {
  plan.reasons.push_back({std::move(code), std::move(detail), refuses});
}

Vec3 row_of(const Instance& i) {
  return {(*i.orientation)[0], (*i.orientation)[1], (*i.orientation)[2]};
}
Vec3 column_of(const Instance& i) {
  return {(*i.orientation)[3], (*i.orientation)[4], (*i.orientation)[5]};
}

bool has_geometry(const Instance& i) { return i.position_mm && i.orientation && i.spacing_mm; }

bool is_localizer(const Instance& i) {
  return std::find(i.image_type.begin(), i.image_type.end(), "LOCALIZER") != i.image_type.end();
}

bool same_stack(const Instance& a, const Instance& b) {
  if (!(a.pixels == b.pixels) || a.frame_of_reference_uid != b.frame_of_reference_uid) return false;
  for (int i = 0; i < 2; ++i) {
    if (std::abs((*a.spacing_mm)[i] - (*b.spacing_mm)[i]) > kSpacingToleranceMm) return false;
  }
  for (int i = 0; i < 6; ++i) {
    if (std::abs((*a.orientation)[i] - (*b.orientation)[i]) > kOrientationTolerance) return false;
  }
  return true;
}

/// Images with geometry, localizers apart; everything else is a reason.
Slices select_images(const dicom::Series& series, SeriesPlan& plan) {
  Slices images;
  std::size_t no_pixels = 0, no_geometry = 0, localizers = 0, multi_frame = 0, colour = 0;
  for (const Instance& i : series.instances) {
    if (!i.has_pixel_data) {
      ++no_pixels;
    } else if (i.pixels.samples_per_pixel != 1) {
      ++colour;
    } else if (i.pixels.frames != 1) {
      ++multi_frame;
    } else if (!has_geometry(i)) {
      ++no_geometry;
    } else if (is_localizer(i)) {
      ++localizers;
    } else {
      images.push_back(&i);
    }
  }
  const std::size_t all = series.instances.size();
  const auto say = [&](std::size_t count, const char* code, const char* what) {
    if (count == 0) return;
    // An instance that is left out must be named; if nothing else is left the series is refused.
    add(plan, code, fmt::format("{} of {} instances {}", count, all, what),
        images.empty() || std::string_view(code) == "no_geometry");
  };
  say(no_pixels, "not_an_image", "hold no pixel data");
  say(colour, "colour_image", "are colour images");
  say(multi_frame, "multi_frame", "are multi-frame objects, which are not read yet");
  say(no_geometry, "no_geometry", "lack Image Position, Image Orientation or Pixel Spacing");
  say(localizers, "localizer", "are localizers and were left out");
  return images;
}

void check_attributes(const Slices& slices, SeriesPlan& plan) {
  const Instance& first = *slices.front();
  const auto any = [&](auto&& test) {
    return std::any_of(slices.begin(), slices.end(), [&](const Instance* i) { return test(*i); });
  };
  if (any([](const Instance& i) {
        return !((*i.spacing_mm)[0] > 0) || !((*i.spacing_mm)[1] > 0);
      })) {
    add(plan, "bad_spacing", "Pixel Spacing is zero or negative", true);
  }
  if (any([](const Instance& i) {
        const Vec3 r = row_of(i), c = column_of(i);
        return std::abs(norm(r) - 1) > kOrthonormalTolerance ||
               std::abs(norm(c) - 1) > kOrthonormalTolerance ||
               std::abs(dot(r, c)) > kOrthonormalTolerance;
      })) {
    add(plan, "bad_orientation", "row and column directions are not orthogonal unit vectors", true);
  }
  if (any([](const Instance& i) { return i.anatomical_orientation_type == "QUADRUPED"; })) {
    add(plan, "quadruped", "Anatomical Orientation Type is QUADRUPED: its axes are not LPS", true);
  }
  if (any([](const Instance& i) { return i.has_modality_lut_sequence; })) {
    add(plan, "modality_lut", "values go through a Modality LUT Sequence, which is not applied yet",
        true);
  }
  if (first.modality == "CT" && any([](const Instance& i) {
        return !i.has_modality_lut_sequence && (!i.rescale_slope || !i.rescale_intercept);
      })) {
    add(plan, "rescale_absent", "CT without Rescale Slope and Intercept: CT numbers are unknown",
        true);
  }
  if (any([](const Instance& i) { return i.rescale_slope && *i.rescale_slope == 0; })) {
    add(plan, "bad_rescale", "Rescale Slope is 0", true);
  }
  if (any([](const Instance& i) { return i.lossy_image_compression == "01"; })) {
    add(plan, "lossy", "the images were compressed with loss", false);
  }
}

double along(const Instance& i, const Vec3& normal) { return dot(*i.position_mm, normal); }

bool same_pixels(const Instance& a, const Instance& b, const dicom::Limits& limits) {
  std::vector<std::byte> pa(dicom::frame_bytes(a.pixels, limits)), pb(pa.size());
  dicom::decode_frame(a, pa, limits);
  dicom::decode_frame(b, pb, limits);
  return pa == pb;
}

/// Slices at one position: dropped if the pixels are equal, else the series is refused.
void drop_duplicates(Slices& slices, const Vec3& normal, SeriesPlan& plan,
                     const dicom::Limits& limits) {
  Slices kept;
  std::size_t dropped = 0, different = 0;
  for (const Instance* slice : slices) {
    if (kept.empty() || along(*slice, normal) - along(*kept.back(), normal) > kSpacingToleranceMm) {
      kept.push_back(slice);
      continue;
    }
    try {
      ++(same_pixels(*kept.back(), *slice, limits) ? dropped : different);
    } catch (const Error& error) {
      add(plan, "undecodable_slice",
          fmt::format("slices share a position and cannot be compared: {}", error.what()), true);
      return;
    }
  }
  if (dropped > 0) {
    add(plan, "duplicate_slice",
        fmt::format("{} slices stand twice with the same pixels; one of each was used", dropped),
        false);
  }
  if (different > 0) {
    add(plan, "duplicate_position",
        fmt::format("{} slices share a position with another but not its pixels", different), true);
  }
  slices = std::move(kept);
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

/// Every distance between neighbours, and the sideways drift, against the regular grid.
void check_spacing(const Slices& slices, const Vec3& normal, SeriesPlan& plan) {
  std::vector<double> gaps;
  for (std::size_t k = 1; k < slices.size(); ++k) {
    gaps.push_back(along(*slices[k], normal) - along(*slices[k - 1], normal));
  }
  const double typical = median(gaps);
  const double tolerance = std::max(kSpacingToleranceMm, 0.01 * typical);
  std::string missing;
  bool variable = false;
  for (std::size_t k = 0; k < gaps.size(); ++k) {
    if (std::abs(gaps[k] - typical) <= tolerance) continue;
    const double steps = std::round(gaps[k] / typical);
    if (steps >= 2 && std::abs(gaps[k] - steps * typical) <= steps * tolerance) {
      missing += fmt::format("{}{} after slice {}", missing.empty() ? "" : ", ",
                             static_cast<long>(steps) - 1, k + 1);
    } else {
      variable = true;
    }
  }
  if (!missing.empty()) {
    add(plan, "missing_slice",
        fmt::format("slices are missing at {:.3f} mm spacing: {}", typical, missing), true);
  }
  if (variable) {
    const auto [low, high] = std::minmax_element(gaps.begin(), gaps.end());
    add(plan, "variable_spacing",
        fmt::format("distance between slices varies from {:.3f} to {:.3f} mm", *low, *high), true);
  }
  const auto n = static_cast<double>(slices.size());
  const Vec3 first = *slices.front()->position_mm;
  const Vec3 step = (1 / (n - 1)) * (*slices.back()->position_mm - first);
  double sideways = 0;
  for (std::size_t k = 0; k < slices.size(); ++k) {
    Vec3 off = *slices[k]->position_mm - first - static_cast<double>(k) * step;
    off = off - dot(off, normal) * normal;
    sideways = std::max(sideways, norm(off));
  }
  if (sideways > 0.1 && !variable && missing.empty()) {
    add(plan, "irregular_positions",
        fmt::format("slice positions leave a straight line by {:.3f} mm", sideways), true);
  }
}

ScalarType scalar_type(const dicom::PixelFormat& format) {
  if (format.bits_allocated == 8) return format.is_signed ? ScalarType::i8 : ScalarType::u8;
  if (format.bits_allocated == 16) return format.is_signed ? ScalarType::i16 : ScalarType::u16;
  return format.is_signed ? ScalarType::i32 : ScalarType::u32;
}

bool refused(const SeriesPlan& plan) { return plan.verdict() == Verdict::refused; }

void plan_stack(Slices slices, SeriesPlan& plan, const dicom::Limits& limits) {
  check_attributes(slices, plan);
  const Instance& any = *slices.front();
  const bool directions_known =
      std::none_of(plan.reasons.begin(), plan.reasons.end(), [](const Reason& r) {
        return r.code == "bad_spacing" || r.code == "bad_orientation";
      });
  if (!directions_known) return;
  try {
    const auto bytes = static_cast<std::int64_t>(dicom::frame_bytes(any.pixels, limits));
    if (bytes > limits.max_volume_bytes / static_cast<std::int64_t>(slices.size())) {
      add(plan, "too_large", "the volume is over the configured limit", true);
      return;
    }
  } catch (const Error& error) {
    add(plan, "bad_pixel_format", error.what(), true);
    return;
  }

  const Vec3 row = row_of(any), column = column_of(any);
  Vec3 normal = cross(row, column);
  normal = (1 / norm(normal)) * normal;
  std::sort(slices.begin(), slices.end(), [&](const Instance* a, const Instance* b) {
    const double za = along(*a, normal), zb = along(*b, normal);
    return za != zb ? za < zb : a->sop_instance_uid < b->sop_instance_uid;
  });
  if (!refused(plan)) drop_duplicates(slices, normal, plan, limits);
  if (slices.size() < 2) {
    add(plan, "single_slice", "one slice: not a volume", true);
    return;
  }
  check_spacing(slices, normal, plan);

  VolumePlan volume;
  const auto n = static_cast<double>(slices.size());
  const Vec3 first = *slices.front()->position_mm;
  const Vec3 step = (1 / (n - 1)) * (*slices.back()->position_mm - first);
  // PixelSpacing is {between rows, between columns}: a step along the row direction goes from column
  // to column.
  volume.grid.size = {any.pixels.columns, any.pixels.rows,
                      static_cast<std::int64_t>(slices.size())};
  volume.grid.index_to_lps = Affine::from_columns((*any.spacing_mm)[1] * row,
                                                  (*any.spacing_mm)[0] * column, step, first);
  volume.type = scalar_type(any.pixels);
  const double tilt = volume.grid.tilt_deg();
  if (tilt > kTiltToleranceDeg) {
    add(plan, "gantry_tilt",
        fmt::format("slices are sheared by {:.2f} degrees; the grid keeps the shear", tilt), false);
  }
  volume.slices = std::move(slices);
  plan.volumes.push_back(std::move(volume));
}

std::vector<Slices> split_stacks(const Slices& images) {
  std::vector<Slices> stacks;
  for (const Instance* image : images) {
    auto stack = std::find_if(stacks.begin(), stacks.end(), [&](const Slices& s) {
      return same_stack(*s.front(), *image);
    });
    if (stack == stacks.end()) {
      stacks.push_back({image});
    } else {
      stack->push_back(image);
    }
  }
  std::stable_sort(stacks.begin(), stacks.end(),
                   [](const Slices& a, const Slices& b) { return a.size() > b.size(); });
  return stacks;
}

}  // namespace

SeriesPlan plan_series(const dicom::Series& series, const dicom::Limits& limits) {
  SeriesPlan plan;
  const Slices images = select_images(series, plan);
  if (images.empty()) return plan;
  const std::vector<Slices> stacks = split_stacks(images);
  if (stacks.size() > 1) {
    add(plan, "mixed_stacks",
        fmt::format("{} stacks of different size, spacing, orientation or pixel format; the largest, "
                    "of {} slices, was used",
                    stacks.size(), stacks.front().size()),
        stacks.front().size() == stacks[1].size());
  }
  plan_stack(stacks.front(), plan, limits);
  return plan;
}

Volume load_volume(const VolumePlan& plan, const dicom::Limits& limits) {
  const Instance& first = *plan.slices.front();
  Volume volume;
  volume.grid = plan.grid;
  volume.type = plan.type;
  volume.study_uid = first.study_uid;
  volume.series_uid = first.series_uid;
  volume.frame_of_reference_uid = first.frame_of_reference_uid;
  volume.modality = first.modality;
  volume.body_part = first.body_part;
  volume.series_description = first.series_description;
  volume.lossy = std::any_of(plan.slices.begin(), plan.slices.end(), [](const Instance* i) {
    return i->lossy_image_compression == "01";
  });
  if (first.pixel_padding_value) {
    const std::int64_t a = *first.pixel_padding_value;
    const std::int64_t b = first.pixel_padding_range_limit.value_or(a);
    volume.padding = Volume::Padding{std::min(a, b), std::max(a, b)};
  }
  for (const Instance* i : plan.slices) {
    volume.slices.push_back({i->sop_class_uid, i->sop_instance_uid, i->file, 1,
                             i->rescale_slope.value_or(1.0), i->rescale_intercept.value_or(0.0)});
  }

  const std::size_t slice_bytes = dicom::frame_bytes(first.pixels, limits);
  volume.voxels = std::make_unique_for_overwrite<std::byte[]>(slice_bytes * plan.slices.size());
  std::vector<std::string> failures(plan.slices.size());
#pragma omp parallel for schedule(dynamic, 4)
  for (std::size_t k = 0; k < plan.slices.size(); ++k) {
    try {
      dicom::decode_frame(*plan.slices[k], {volume.voxels.get() + k * slice_bytes, slice_bytes},
                          limits);
    } catch (const Error& error) {
      failures[k] = error.what();
    }
  }
  const auto failed = std::count_if(failures.begin(), failures.end(),
                                    [](const std::string& f) { return !f.empty(); });
  if (failed > 0) {
    const auto which = std::find_if(failures.begin(), failures.end(),
                                    [](const std::string& f) { return !f.empty(); });
    throw Error(ErrorCode::bad_input,
                fmt::format("{} of {} slices cannot be decoded; the first: {}", failed,
                            failures.size(), *which));
  }
  return volume;
}

}  // namespace osler
