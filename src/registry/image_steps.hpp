#pragma once
// What a package does with an image before its network sees it. All triples are {x, y, z} of the
// network's grid, x the fastest: the last dimension of its tensor.

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/affine.hpp"

namespace osler {

inline constexpr int kAllChannels = -1;

/// Step "orient": which of the source's axes x, y and z of the network are.
struct OrientStep {
  /// Directions of increasing x, y, z in the patient, e.g. "LPS" or "RAS": the source's axes are
  /// reordered and turned to the nearest, never sheared. Or the source's own axes by name: i
  /// columns, j rows, k slices, e.g. "kji".
  std::string axes = "ijk";

  bool operator==(const OrientStep&) const = default;
};

/// Step "crop": the image becomes a box of itself.
struct CropStep {
  enum class To {
    nonzero,  ///< voxels that are not 0 in any channel (nnU-Net's crop_to_nonzero)
    above,    ///< voxels above a value in any channel (MONAI's CropForeground)
    labels,   ///< what an earlier stage of the package has found
  } to = To::nonzero;
  double value = 0;            ///< of `above`
  Size3 margin{0, 0, 0};       ///< of `above`, voxels; the image's edge ends it
  Size3 multiple_of{1, 1, 1};  ///< of `above`: sizes are rounded up, the box stays about its middle
  std::string stage;           ///< of `labels`
  std::vector<std::string> labels;  ///< of `labels`: names of segments; empty: all
  double margin_mm = 0;             ///< of `labels`

  bool operator==(const CropStep&) const = default;
};

/// Step "normalise": (clamp(v, low, high) - shift) / scale.
struct NormaliseStep {
  double low = -std::numeric_limits<float>::max();
  double high = std::numeric_limits<float>::max();
  double shift = 0;
  double scale = 1;
  /// Shift and scale are mean and standard deviation (of the population) of these voxels of the
  /// image as it is then: all, those that are not 0, or those inside the holes-filled mask that
  /// "crop to nonzero" has made. A deviation of 0 divides by 1.
  enum class Statistics { none, all, nonzero, content } statistics = Statistics::none;
  bool only_counted = false;  ///< voxels that were not counted stay as they are
  bool per_channel = true;    ///< statistics; else of all channels together
  int channel = kAllChannels;

  bool operator==(const NormaliseStep&) const = default;
};

/// Step "rescale": (v - a) / (b - a) * (d - c) + c. Where a = b, as MONAI: v * c of a range
/// (ScaleIntensity), else v - a + c (ScaleIntensityRange, unclipped).
struct RescaleStep {
  enum class From { values, range, percentiles } from = From::range;
  double a = 0;  ///< values, or percentiles 0 to 100 (linear between order statistics)
  double b = 1;
  double c = 0;
  double d = 1;
  bool clip = false;  ///< the result is held to c...d
  bool per_channel = true;
  int channel = kAllChannels;

  bool operator==(const RescaleStep&) const = default;
};

enum class StepInterpolation { nearest, linear, cubic, area };

/// Step "resample": to other distances between voxels.
struct ResampleStep {
  /// Where the new grid lies on the old one, and how many voxels it has along an axis of n voxels
  /// of s mm:
  /// - edges: the fields of view are the same; round(n s / spacing) voxels (scikit-image's resize,
  ///   nnU-Net);
  /// - first_voxel: the first centres are the same; round((n - 1) s / spacing + 1) voxels, half to
  ///   even (MONAI's Spacing).
  enum class Alignment { edges, first_voxel };

  Vec3 spacing_mm{0, 0, 0};  ///< 0: as it is
  StepInterpolation interpolation = StepInterpolation::linear;
  Alignment alignment = Alignment::edges;
  /// MONAI's places are rounded, so that a 0 beside what is not 0 comes out as 1e-14 or so, and
  /// "nonzero" counts it. True: such voxels become the least that is not 0.
  bool no_zero_beside_others = false;

  bool operator==(const ResampleStep&) const = default;
};

/// Step "resample" by nnU-Net's rule (resample_data_or_seg_to_shape): edges aligned, scikit-image's
/// resize of order 0, 1 or 3 whose result is held to the range of what went in; where spacings are
/// too unequal, slices across the coarse axis are resized one by one, then `order_across` is taken
/// along it. Nothing is done where no axis changes its number of voxels.
struct NnunetResampleStep {
  Vec3 spacing_mm{0, 0, 0};  ///< 0: as it is
  int order = 3;
  int order_across = 0;
  std::optional<bool> separate;  ///< not given: by `anisotropy`
  double anisotropy = 3;         ///< largest spacing to smallest above which it is separate

  bool operator==(const NnunetResampleStep&) const = default;
};

/// What lies beyond an image.
enum class PadWith { value, outermost, mirrored };

/// Step "pad": voxels are added where the image is smaller.
struct PadStep {
  Size3 to{0, 0, 0};           ///< 0: that axis stays
  Size3 multiple_of{1, 1, 1};  ///< after `to`
  bool at_end = false;         ///< else on both sides, the odd one at the end
  PadWith with = PadWith::value;
  double value = 0;

  bool operator==(const PadStep&) const = default;
};

/// Step "resize": edges aligned, to a number of voxels (torch's interpolate, align_corners False).
struct ResizeStep {
  Size3 size{0, 0, 0};
  StepInterpolation interpolation = StepInterpolation::linear;

  bool operator==(const ResizeStep&) const = default;
};

/// Step "add-labels": the labels of an earlier stage as channels of 0 and 1 behind the image's own,
/// one per value, resampled as batchgenerators' resize_segmentation of order 1 does: the value of
/// which most is there, of equal ones the nearest.
struct AddLabelsStep {
  std::string stage;
  std::vector<int> values;

  bool operator==(const AddLabelsStep&) const = default;
};

using ImageStep = std::variant<CropStep, NormaliseStep, RescaleStep, ResampleStep,
                               NnunetResampleStep, PadStep, ResizeStep, AddLabelsStep>;

/// Everything between an image and a network.
struct ImageSteps {
  OrientStep orient;
  std::vector<ImageStep> steps;  ///< in the order in which they are done

  bool operator==(const ImageSteps&) const = default;
};

}  // namespace osler
