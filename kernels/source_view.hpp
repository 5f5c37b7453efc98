#pragma once
// Stored voxels and how they become real values.

#include <cstdint>

#include "core/affine.hpp"
#include "core/scalar.hpp"

namespace osler::kernels {

/// Host or device memory, as the function that takes it says. The real value of a voxel is
/// stored * slope[z] + intercept[z] (PS3.3 C.11.1), in 32-bit floats.
struct SourceView {
  const void* voxels = nullptr;  ///< size.x * size.y * size.z scalars, x fastest
  ScalarType type = ScalarType::i16;
  Size3 size{0, 0, 0};
  const float* slope = nullptr;      ///< one per z
  const float* intercept = nullptr;  ///< one per z
  bool has_padding = false;
  std::int64_t padding_low = 0;  ///< stored values low..high are padding (PS3.3 C.7.5.1.1.2)
  std::int64_t padding_high = 0;
  bool padding_counts = false;  ///< padding counts as the value below; else it counts as nothing
  float padding_value = 0;      ///< the real value that counting padding has
};

}  // namespace osler::kernels
