#include "volume/slice_distances.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "volume/stacks.hpp"

namespace osler {
namespace {

using Slices = std::vector<SliceRef>;

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

/// Whether two neighbouring slices are as thick as they lie apart: then nothing is missing between.
bool touch(const SliceRef& a, const SliceRef& b, double distance, double tolerance) {
  const auto ta = a.frame().slice_thickness_mm, tb = b.frame().slice_thickness_mm;
  return ta && tb && (*ta + *tb) / 2 >= distance - tolerance;
}

/// Distances between neighbours, held against the usual one.
struct Gaps {
  std::vector<double> mm;
  double usual = 0;
  double tolerance = 0;
  std::string missing;  ///< "1 after slice 12, ..."; empty if none
  bool varied = false;  ///< some differ from the usual one otherwise than by missing slices
  bool too_wide = false;
};

Gaps measure_gaps(const Slices& slices, const Vec3& normal) {
  Gaps gaps;
  for (std::size_t k = 1; k < slices.size(); ++k) {
    gaps.mm.push_back(along(slices[k], normal) - along(slices[k - 1], normal));
  }
  gaps.usual = median(gaps.mm);
  gaps.tolerance = std::max(kSpacingToleranceMm, 0.01 * gaps.usual);
  for (std::size_t k = 0; k < gaps.mm.size(); ++k) {
    const double gap = gaps.mm[k];
    if (std::abs(gap - gaps.usual) <= gaps.tolerance) continue;
    const double steps = std::round(gap / gaps.usual);
    const bool multiple =
        steps >= 2 && std::abs(gap - steps * gaps.usual) <= steps * gaps.tolerance;
    const bool imaged = touch(slices[k], slices[k + 1], gap, gaps.tolerance);
    if (multiple && !imaged) {
      gaps.missing += fmt::format("{}{:.0f} after slice {}", gaps.missing.empty() ? "" : ", ",
                                  steps - 1, k + 1);
      continue;
    }
    gaps.varied = true;
    gaps.too_wide = gaps.too_wide || (gap > kWidestGap * gaps.usual && !imaged);
  }
  return gaps;
}

/// Largest distance of a slice from the straight line through the first and the last.
double worst_sideways(const Slices& slices, const Vec3& normal, const Vec3& step) {
  const Vec3 first = *slices.front().frame().position_mm;
  const double step_along = dot(step, normal);
  double worst = 0;
  for (const SliceRef& slice : slices) {
    const Vec3 from_first = *slice.frame().position_mm - first;
    worst = std::max(worst, norm(from_first - (dot(from_first, normal) / step_along) * step));
  }
  return worst;
}

/// Places of the slices in mean steps.
std::vector<double> places(const Slices& slices, const Vec3& normal, double step_along) {
  std::vector<double> at;
  for (const SliceRef& slice : slices) {
    at.push_back((along(slice, normal) - along(slices.front(), normal)) / step_along);
  }
  at.back() = static_cast<double>(slices.size() - 1);  // rounding
  return at;
}

double worst_drift(const std::vector<double>& at, double step_along) {
  double worst = 0;
  for (std::size_t k = 0; k < at.size(); ++k) {
    worst = std::max(worst, std::abs(at[k] - static_cast<double>(k)) * step_along);
  }
  return worst;
}

Reason uneven(const Gaps& gaps, double drift, bool bridged) {
  const auto [low, high] = std::minmax_element(gaps.mm.begin(), gaps.mm.end());
  std::string text =
      fmt::format("distance between slices varies from {:.3f} to {:.3f} mm", *low, *high);
  if (!gaps.varied) text = fmt::format("slices leave even spacing by up to {:.3f} mm", drift);
  if (gaps.too_wide) {
    text += fmt::format(", more than {} times the usual {:.3f} mm", kWidestGap, gaps.usual);
  }
  const bool refuses = gaps.too_wide && !bridged;
  if (!refuses) {
    text += "; for a model they are resampled evenly, results stand on the slices as they lie";
  }
  return {"variable_spacing", std::move(text), refuses};
}

}  // namespace

SliceDistances check_distances(const Slices& slices, const Vec3& normal, const PlanPolicy& policy) {
  SliceDistances found;
  const Gaps gaps = measure_gaps(slices, normal);
  found.step_mm = (1 / (static_cast<double>(slices.size()) - 1)) *
                  (*slices.back().frame().position_mm - *slices.front().frame().position_mm);
  const double step_along = dot(found.step_mm, normal);
  std::vector<double> at = places(slices, normal, step_along);
  const double drift = worst_drift(at, step_along);
  const bool bridged = policy.interpolate_missing_slices;
  if (!gaps.missing.empty()) {
    found.reasons.push_back(
        {"missing_slice",
         fmt::format("slices are missing at {:.3f} mm spacing: {}{}", gaps.usual, gaps.missing,
                     bridged ? "; what lies there is interpolated, as asked for" : ""),
         !bridged});
  }
  const bool drifts = gaps.missing.empty() && drift > kPositionToleranceMm;
  if (gaps.varied || drifts) found.reasons.push_back(uneven(gaps, drift, bridged));
  if (gaps.varied || drifts || !gaps.missing.empty()) found.slice_at = std::move(at);
  const double sideways = worst_sideways(slices, normal, found.step_mm);
  if (sideways > kPositionToleranceMm) {
    found.reasons.push_back(
        {"irregular_positions",
         fmt::format("slice positions leave a straight line by {:.3f} mm", sideways), true});
  }
  return found;
}

}  // namespace osler
