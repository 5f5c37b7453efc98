#include "volume/plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <optional>

#include "core/error.hpp"
#include "dicom/pixels.hpp"
#include "volume/modality_lut.hpp"
#include "volume/slice_distances.hpp"
#include "volume/stacks.hpp"

namespace osler {
namespace {

using dicom::Instance;
using Slices = std::vector<SliceRef>;

/// What is wrong with one stack, before it is known whether others can be used.
struct StackPlan {
  std::vector<Reason> reasons;
  std::optional<VolumePlan> volume;

  void add(std::string code, std::string detail, bool refuses) {
    reasons.push_back({std::move(code), std::move(detail), refuses});
  }
  bool refused() const {
    return std::any_of(reasons.begin(), reasons.end(), [](const Reason& r) { return r.refuses; });
  }
};

Vec3 row_of(const SliceRef& s) {
  const auto& o = *s.frame().orientation;
  return {o[0], o[1], o[2]};
}
Vec3 column_of(const SliceRef& s) {
  const auto& o = *s.frame().orientation;
  return {o[3], o[4], o[5]};
}

void check_attributes(const Slices& slices, StackPlan& plan) {
  const Instance& first = *slices.front().instance;
  const auto any = [&](auto&& test) { return std::any_of(slices.begin(), slices.end(), test); };
  if (any([](const SliceRef& s) {
        const auto& spacing = *s.frame().spacing_mm;
        return !(spacing[0] > 0) || !(spacing[1] > 0);
      })) {
    plan.add("bad_spacing", "Pixel Spacing is zero or negative", true);
  }
  if (any([](const SliceRef& s) { return norm(*s.frame().position_mm) > kFurthestPositionMm; })) {
    plan.add("bad_position", "Image Position (Patient) lies over a kilometre from the origin",
             true);
  }
  if (any([](const SliceRef& s) {
        const Vec3 r = row_of(s), c = column_of(s);
        return std::abs(norm(r) - 1) > kOrthonormalTolerance ||
               std::abs(norm(c) - 1) > kOrthonormalTolerance ||
               std::abs(dot(r, c)) > kOrthonormalTolerance;
      })) {
    plan.add("bad_orientation", "row and column directions are not orthogonal unit vectors", true);
  }
  if (any([](const SliceRef& s) {
        return s.instance->anatomical_orientation_type == "QUADRUPED";
      })) {
    plan.add("quadruped", "Anatomical Orientation Type is QUADRUPED: its axes are not LPS", true);
  }
  check_modality_lut(slices, plan.reasons);
  if (first.modality == "CT" && any([](const SliceRef& s) {
        const dicom::Frame& f = s.frame();
        return !s.instance->modality_lut && (!f.rescale_slope || !f.rescale_intercept);
      })) {
    plan.add("rescale_absent", "CT without Rescale Slope and Intercept: CT numbers are unknown",
             true);
  }
  if (any([](const SliceRef& s) {
        return s.frame().rescale_slope && *s.frame().rescale_slope == 0;
      })) {
    plan.add("bad_rescale", "Rescale Slope is 0", true);
  }
  if (any([](const SliceRef& s) { return s.instance->lossy_image_compression == "01"; })) {
    plan.add("lossy", "the images were compressed with loss", false);
  }
}

bool same_pixels(const SliceRef& a, const SliceRef& b, const dicom::Limits& limits) {
  // The files are looked into before their headers' sizes are believed.
  const dicom::FrameDecoder da(*a.instance, limits), db(*b.instance, limits);
  std::vector<std::byte> pa(dicom::frame_bytes(a.instance->pixels, limits)), pb(pa.size());
  da.decode(a.index, pa);
  db.decode(b.index, pb);
  return pa == pb;
}

/// Slices at one position: dropped if the pixels are equal, else the stack is refused.
void drop_duplicates(Slices& slices, const Vec3& normal, StackPlan& plan,
                     const dicom::Limits& limits) {
  Slices kept;
  std::size_t dropped = 0, different = 0;
  for (const SliceRef& slice : slices) {
    if (kept.empty() || along(slice, normal) - along(kept.back(), normal) > kSpacingToleranceMm) {
      kept.push_back(slice);
      continue;
    }
    try {
      ++(same_pixels(kept.back(), slice, limits) ? dropped : different);
    } catch (const Error& error) {
      plan.add("undecodable_slice",
               fmt::format("slices share a position and cannot be compared: {}", error.what()),
               true);
      return;
    }
  }
  if (dropped > 0) {
    plan.add(
        "duplicate_slice",
        fmt::format("{} slices stand twice with the same pixels; one of each was used", dropped),
        false);
  }
  if (different > 0) {
    plan.add("duplicate_position",
             fmt::format("{} slices share a position with another but not its pixels, and nothing "
                         "in their headers tells them apart",
                         different),
             true);
  }
  slices = std::move(kept);
}

ScalarType scalar_type(const dicom::PixelFormat& format) {
  if (format.bits_allocated == 8) return format.is_signed ? ScalarType::i8 : ScalarType::u8;
  if (format.bits_allocated == 16) return format.is_signed ? ScalarType::i16 : ScalarType::u16;
  return format.is_signed ? ScalarType::i32 : ScalarType::u32;
}

/// @return false if the pixel format or the size rules the stack out
bool check_size(const Slices& slices, StackPlan& plan, const dicom::Limits& limits) {
  try {
    const auto bytes = static_cast<std::int64_t>(slice_bytes(slices, limits));
    if (bytes <= limits.max_volume_bytes / static_cast<std::int64_t>(slices.size())) return true;
    plan.add("too_large", "the volume is over the configured limit", true);
  } catch (const Error& error) {
    plan.add("bad_pixel_format", error.what(), true);
  }
  return false;
}

StackPlan plan_stack(Stack stack, const dicom::Limits& limits, const PlanPolicy& policy) {
  StackPlan plan;
  Slices& slices = stack.slices;
  check_attributes(slices, plan);
  const bool directions_known = std::none_of(
      plan.reasons.begin(), plan.reasons.end(),
      [](const Reason& r) { return r.code == "bad_spacing" || r.code == "bad_orientation"; });
  if (!directions_known || !check_size(slices, plan, limits)) return plan;

  const Vec3 normal = slice_normal(slices.front());
  if (!plan.refused()) drop_duplicates(slices, normal, plan, limits);
  if (slices.size() < 2) {
    plan.add("single_slice", "one slice: not a volume", true);
    return plan;
  }
  SliceDistances distances = check_distances(slices, normal, policy);
  std::move(distances.reasons.begin(), distances.reasons.end(), std::back_inserter(plan.reasons));

  const SliceRef& first = slices.front();
  VolumePlan volume;
  volume.told_apart = std::move(stack.told_apart);
  volume.type = first.instance->modality_lut ? modality_lut_type(slices)
                                             : scalar_type(first.instance->pixels);
  volume.grid.size = {first.instance->pixels.columns, first.instance->pixels.rows,
                      static_cast<std::int64_t>(slices.size())};
  // PixelSpacing is {between rows, between columns}: a step along the row direction goes from
  // column to column.
  const auto& spacing = *first.frame().spacing_mm;
  volume.grid.index_to_lps =
      Affine::from_columns(spacing[1] * row_of(first), spacing[0] * column_of(first),
                           distances.step_mm, *first.frame().position_mm);
  volume.grid.slice_at = std::move(distances.slice_at);
  const double tilt = volume.grid.tilt_deg();
  if (tilt > kTiltToleranceDeg) {
    plan.add("gantry_tilt",
             fmt::format("slices are sheared by {:.2f} degrees; the grid keeps the shear", tilt),
             false);
  }
  volume.slices = std::move(slices);
  plan.volume = std::move(volume);
  return plan;
}

}  // namespace

SeriesPlan plan_series(const dicom::Series& series, const dicom::Limits& limits,
                       const PlanPolicy& policy) {
  SeriesPlan plan;
  const Slices slices = select_slices(series, plan.reasons);
  if (slices.empty()) return plan;
  std::vector<StackPlan> stacks;
  for (Stack& stack : split_into_stacks(slices, plan.reasons)) {
    stacks.push_back(plan_stack(std::move(stack), limits, policy));
  }
  const bool any_usable = std::any_of(stacks.begin(), stacks.end(),
                                      [](const StackPlan& s) { return s.volume && !s.refused(); });
  for (StackPlan& stack : stacks) {
    const bool kept = stack.volume && (!any_usable || !stack.refused());
    for (Reason& reason : stack.reasons) {
      // Where another stack can be used, what is wrong with this one is a warning.
      reason.refuses = reason.refuses && !any_usable;
      const bool known = std::any_of(
          plan.reasons.begin(), plan.reasons.end(),
          [&](const Reason& r) { return r.code == reason.code && r.detail == reason.detail; });
      if (!known) plan.reasons.push_back(std::move(reason));
    }
    if (kept) plan.volumes.push_back(std::move(*stack.volume));
  }
  return plan;
}

}  // namespace osler
