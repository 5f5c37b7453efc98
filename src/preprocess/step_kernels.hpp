#pragma once
// A package's words for what kernels do.

#include "kernels/patches.hpp"
#include "kernels/resample.hpp"
#include "registry/image_steps.hpp"

namespace osler {

inline kernels::Beyond beyond_of(PadWith with) {
  switch (with) {
    case PadWith::value:
      return kernels::Beyond::value;
    case PadWith::outermost:
      return kernels::Beyond::outermost;
    case PadWith::mirrored:
      break;
  }
  return kernels::Beyond::mirrored;
}

/// @param interpolation  not area, which no kernel has
inline kernels::Interpolation kernel_of(StepInterpolation interpolation) {
  switch (interpolation) {
    case StepInterpolation::nearest:
      return kernels::Interpolation::nearest;
    case StepInterpolation::cubic:
      return kernels::Interpolation::cubic;
    case StepInterpolation::linear:
    case StepInterpolation::area:
      break;
  }
  return kernels::Interpolation::linear;
}

}  // namespace osler
