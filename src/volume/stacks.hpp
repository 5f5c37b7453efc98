#pragma once
// The frames of a series, sorted out into stacks that can each be one volume. Inside the room only.

#include <string>
#include <vector>

#include "volume/plan.hpp"

namespace osler {

struct Stack {
  std::vector<SliceRef> slices;  ///< in order along the slice normal
  std::string told_apart;
};

/// Frames with pixels and geometry; what is left out is a reason.
std::vector<SliceRef> select_slices(const dicom::Series& series, std::vector<Reason>& reasons);

/// Stacks of one size, spacing, orientation, frame of reference, Stack ID, echo time, b-value and
/// kind of image; one whose positions repeat is split further by what tells its frames apart.
/// Largest first. None, with the reason `too_many_stacks`, if there are more than 1,000.
std::vector<Stack> split_into_stacks(const std::vector<SliceRef>& slices,
                                     std::vector<Reason>& reasons);

/// Unit normal of a slice, row x column.
Vec3 slice_normal(const SliceRef& slice);
/// Position along a normal, mm.
double along(const SliceRef& slice, const Vec3& normal);

}  // namespace osler
