#pragma once
// The whole image through a network, window by window, to labels on the source's grid.

#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/progress.hpp"
#include "core/timings.hpp"
#include "findings/findings.hpp"
#include "infer/session.hpp"
#include "kernels/source_place.hpp"
#include "postprocess/grid_transfer.hpp"
#include "postprocess/labels.hpp"
#include "preprocess/network_image.hpp"
#include "registry/package.hpp"
#include "volume/volume.hpp"

namespace osler {

struct DeviceLane;

/// The last image that a network was shown on the CPU, for another model that is shown the same.
struct ImageCache {
  std::vector<const Volume*> channels;  ///< whoever holds the cache keeps them alive
  ImageSteps steps;
  std::shared_ptr<const std::vector<float>> values;
  int count = 0;  ///< of the network's channels
  NetworkGrid grid;
  Size3 seen_begin{0, 0, 0};
  Size3 seen_end{0, 0, 0};
};

/// What goes through the network.
struct WindowedTask {
  std::vector<const Volume*> channels;  ///< as the package names them; regular, on one grid
  const Grid& grid;  ///< where the labels are wanted: the image's, or unevenly spaced slices
  const ModelPackage& package;
  const WindowedSegmentation& steps;
  std::map<std::string, StageLabels> stages{};
  std::int64_t most_voxels = 0;  ///< of the network's grid
  bool keep_scores = false;      ///< for a file of probabilities, or an ensemble
  bool decide = true;            ///< else scores alone are wanted, and there are no labels
  bool measure = false;          ///< what the labels hold is wanted too, and
  const kernels::SourceView* values = nullptr;  ///< of this, on `grid`, in host memory, if given
  ImageCache* cache = nullptr;
  DeviceLane* lane = nullptr;  ///< of the GPU that the sessions are on
  const kernels::SourceOnDevice* uploaded =
      nullptr;  ///< the only channel, on that lane; or nothing
};

/// Every class's scores on the network's grid, in the order of the network's channels, after
/// LabelStep::activation.
struct KeptScores {
  int classes = 0;
  GridPlace place;
  std::vector<float> values;
  bool rounded_to_halves = false;  ///< behind the interpolation
  bool regions = false;            ///< each class for itself
  bool probabilities = false;      ///< else scores that become such behind the interpolation
  Size3 seen_begin{0, 0, 0};       ///< source voxels that the model looked at
  Size3 seen_end{0, 0, 0};
};

struct WindowedResult {
  LabelMap labels;                          ///< numbers of the package's segments
  std::vector<LabelStatistics> statistics;  ///< of the labels, 0 ... segments, if they were wanted
  std::vector<KeptScores> scores;           ///< one; of an ensemble one per member, in its order
};

/// On the CPU beside image and labels: the image on the network's grid, scores of one window's
/// height, and what the network needs. On a GPU, where the image steps are one resampling and one
/// normalisation, the image crosses the bus once, as stored integers, and the labels once, back;
/// other image steps, and labels that are decided on the network's grid, are carried to the
/// source's by the CPU.
/// @param sessions  one per weights file of the package
/// @param timings  receives "resample", "network", "labels"
/// @throws Error bad_input (no contrast, a grid that is too large), model, device
WindowedResult segment_by_windows(std::span<Session> sessions, const WindowedTask& task,
                                  const Progress& progress, Timings& timings);

}  // namespace osler
