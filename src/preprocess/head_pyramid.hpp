#pragma once
// A head at three resolutions, in a frame made for registration: centred on it, 50 mm the unit.

#include <cstdint>
#include <random>
#include <span>
#include <vector>

#include "core/affine.hpp"
#include "preprocess/affine_register.hpp"
#include "preprocess/template.hpp"

namespace osler {

/// Of the unit frame: a head is then about 2 across, the brain's moment 1.
inline constexpr double kUnitFrame_mm = 50;

/// Numbers that depend on the seed only, not on the standard library.
class Draw {
 public:
  explicit Draw(std::uint32_t seed) : engine_(seed) {}
  /// Uniform in [low, high).
  double operator()(double low, double high) {
    return low + (high - low) * (static_cast<double>(engine_()) / 4294967296.0);
  }

 private:
  std::mt19937 engine_;
};

/// Block means of about 2, 4 and 8 mm, values held between their .5 and 99.5 percentiles. The frame
/// of each is the unit frame about the head's centre: the centroid of what is above Otsu's
/// threshold in the upper 180 mm (which leaves the neck out), up being +z.
struct HeadPyramid {
  RegistrationImage fine, middle, coarse;
  Affine frame_to_mm;  ///< unit frame to the millimetres of the image's own frame
};

/// @param image  `index_to_frame` in millimetres, not degenerate; at least one voxel
HeadPyramid make_pyramid(const RegistrationImage& image);

/// The centres, in the pyramid's frame, of the voxels at one level of which half or more lies in a
/// mask; of these the given share, drawn by the seed.
/// @param level  one of the pyramid's, which was made from this template
std::vector<Vec3> mask_points(const HeadTemplate& head, std::uint8_t mask,
                              const HeadPyramid& pyramid, const RegistrationImage& level,
                              double share, std::uint32_t seed);

}  // namespace osler
