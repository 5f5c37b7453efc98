#pragma once
// The whole image through a network, window by window, to labels on the source's grid.

#include "core/progress.hpp"
#include "core/timings.hpp"
#include "findings/findings.hpp"
#include "infer/session.hpp"
#include "registry/package.hpp"
#include "volume/volume.hpp"

namespace osler {

/// What goes through the network.
struct WindowedTask {
  const Volume& image;  ///< regular
  const Grid& grid;     ///< where the labels are wanted: the image's, or unevenly spaced slices
  const ModelPackage& package;
  const WindowedSegmentation& steps;
  std::int64_t most_voxels;  ///< of the network's grid
};

/// Labels are numbers of the package's segments. On the CPU beside image and labels: the image on
/// the network's grid, scores of one window's height, and what the network needs. On a GPU the
/// image crosses the bus once, as stored integers, and the labels once, back.
/// @param timings  receives "resample", "network", "labels"
/// @throws Error bad_input (no contrast, a grid that is too large), model, device
LabelMap segment_by_windows(Session& session, const WindowedTask& task, const Progress& progress,
                            Timings& timings);

}  // namespace osler
