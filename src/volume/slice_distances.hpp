#pragma once
// How the slices of one stack follow each other along their normal. Inside the room only.

#include <vector>

#include "volume/plan.hpp"

namespace osler {

struct SliceDistances {
  std::vector<Reason> reasons;
  Vec3 step_mm{};                ///< from the first slice to the last, per slice
  std::vector<double> slice_at;  ///< as in Grid; empty if the slices are evenly spaced
};

/// @param slices  at least two, ascending along `normal`, no two at one place
SliceDistances check_distances(const std::vector<SliceRef>& slices, const Vec3& normal,
                               const PlanPolicy& policy);

}  // namespace osler
