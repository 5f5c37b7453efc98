#pragma once
// One side of a paired structure: find it in real context, then measure it in a box of its own.
// Why two passes: docs/hippocampus.md.

#include <optional>
#include <string>

#include "findings/gates.hpp"
#include "infer/session.hpp"
#include "kernels/resample.hpp"
#include "postprocess/probabilities.hpp"
#include "registry/package.hpp"

namespace osler {

/// What a pass needs of the head.
struct HeadContext {
  kernels::SourcePlace source;
  Affine lps_to_index;  ///< of the source grid
  Affine template_to_lps;
};

struct SideResult {
  Probabilities probabilities;    ///< on the box's 1 mm grid
  double uncertain_share = 0;     ///< voxels with .1 < p < .9 per voxel of the structure
  double component_share = 0;     ///< of the largest component
  double shape_z = 0;             ///< worst z-score of the axis between two outputs' centroids
  double centre_distance_mm = 0;  ///< box centre in the template from the expected place
};

/// @return nothing if the network finds nothing on this side
/// @throws Error bad_input (no contrast), model, device
std::optional<SideResult> two_pass(Session& session, const HeadContext& head, const Side& side,
                                   const LocalisedTwoPass& steps);

}  // namespace osler
