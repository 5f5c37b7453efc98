#pragma once
// Where a head lies: the affine map from the template's head to this one.

#include <cstdint>
#include <span>

#include "core/affine.hpp"
#include "preprocess/template.hpp"

namespace osler {

/// A whole head at about 2 mm (block means of the source; coarser is taken as it is). The frame is
/// LPS-like: +x to the left, +y to the back, +z up; the head may be turned by some 30 degrees in
/// it.
struct HeadImage {
  Size3 size{};
  Affine index_to_lps;            ///< voxel index to millimetres of the frame the search runs in
  std::span<const float> voxels;  ///< x fastest; what is not finite counts as the lowest value
};

struct LocaliseOptions {
  int threads = 0;         ///< 0: as many as the machine has. The result does not depend on it.
  std::uint32_t seed = 1;  ///< of the samples at 2 mm and the random starts of the retry
  bool stop_early = true;  ///< false: try all starts even if the first ones fit well
};

/// The map and the signals by which a caller decides whether to believe it. They are not judged
/// here: an image that is no head gives a map too, and signals that no gate lets through.
struct Localisation {
  Affine template_to_head;        ///< LPS mm of the template to mm of the head's frame
  double mutual_information = 0;  ///< Mattes, nats, 50 bins, at 4 mm in the brain mask
  double correlation = 0;         ///< of template and head, at 4 mm in the brain mask
  Vec3 singular_values{};         ///< of the linear part, largest first
  double brain_inside = 0;        ///< share of the template's brain in the head's field of view
  int starts_tried = 0;
  bool retried = false;  ///< the random starts were needed
};

/// Registers the template to the head: coarse search over many starts, then affine refinement.
/// Bit-identical for any number of threads. Times and agreement: docs of the preprocess room.
/// @throws Error bad_argument if sizes and voxels do not match, or the frame is degenerate
Localisation localise(const HeadImage& head, const HeadTemplate& head_template,
                      const LocaliseOptions& options = {});

}  // namespace osler
