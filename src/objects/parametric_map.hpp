#pragma once
// Numbers on the source grid -> DICOM Parametric Map, 32-bit Float Pixel Data: what a model
// believes of each voxel, how unsure it is, what it looked at.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>

#include "findings/findings.hpp"
#include "objects/modules.hpp"
#include "volume/volume.hpp"

namespace osler::objects {

inline constexpr char kParametricMapStorage[] = "1.2.840.10008.5.1.4.1.1.30";

/// What the numbers of a map are (CID 7180; no code of the standard says predictive entropy).
namespace quantities {
inline const Code kClassProbability{"110854", "DCM", "Fractional Probabilistic Segmentation"};
inline const Code kPredictiveEntropy{"PREDICTIVE_ENTROPY", kOslerScheme,
                                     "Predictive entropy, as a share of its largest value"};
inline const Code kClassActivation{"130402", "DCM", "Class activation"};
inline const Code kGradientWeightedActivation{"130403", "DCM",
                                              "Gradient-weighted class activation"};
inline const Code kSaliency{"130404", "DCM", "Saliency"};
}  // namespace quantities

struct ParametricMap {
  std::string name;   ///< tells the maps of one run apart, e.g. "uncertainty", "probability-3"
  std::string title;  ///< for people, e.g. "Uncertainty"
  Code quantity;
  Code unit{"1", "UCUM", "no units"};
  double least = 0;  ///< no number is smaller
  double most = 1;   ///< nor larger
  int number = 1;    ///< Instance Number: the maps of one run share a series
};

/// The numbers of a slice, columns fastest; read before the next slice is asked for. Slices are
/// asked for once each, in order.
using MapSlices = std::function<std::span<const float>(std::int64_t slice)>;

/// One frame per source slice, none left out, whatever it holds. A map of all classes is one map
/// for each. Numbers are stored as they are (Real World Value Mapping is the identity) and written
/// slice after slice: the map need not fit into memory. The caller's folder is staged: what an
/// error leaves of the file is not committed.
/// @throws Error bad_argument if grid and source slices do not match, a slice has another size, or
///         a number is NaN or beyond least..most;
///         output if the file cannot be written or would hold 4 GiB of numbers, which no element
///         can
ObjectIds write_parametric_map(const Findings& findings, const ParametricMap& map, const Grid& grid,
                               const MapSlices& slices, const std::filesystem::path& file);

}  // namespace osler::objects
