#pragma once
// What a package does with an image, step by step. Each step is known or the package is refused.

#include <array>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "core/affine.hpp"
#include "core/code.hpp"

namespace osler {

// ---------------------------------------------------------------- one structure, found and
// measured

/// An image in which a place is known, made from a system package at set-up.
struct TemplateUse {
  std::string file;  ///< in the template folder
  std::string sha256;
  std::string package;  ///< Debian package that it is made from
};

/// One side of a paired structure, cut out around a known place of the template.
struct Side {
  std::string name;  ///< "left" or "right"
  Code laterality;
  Vec3 centre_mm{};       ///< in the template, LPS
  bool mirrored = false;  ///< shown to the network left for right
};

/// Step "localise-in-template": where the template's places lie in this head.
struct LocaliseStep {
  TemplateUse template_use;
  std::vector<Side> sides;
};

/// Step "find": the network on real context around the expected place.
struct FindStep {
  Size3 frame{};       ///< voxels of 1 mm
  Size3 statistics{};  ///< central part whose intensities normalise the crop
  double threshold = 0.5;
};

/// Step "measure": the network on the box around what was found, nothing outside of it.
struct MeasureStep {
  Size3 frame{};
  std::int64_t margin = 0;  ///< voxels around what was found
  Size3 min_box{};
  Size3 max_box{};
  double threshold = 0.5;  ///< on the summed probability of the classes
};

/// From the centroid of one output to that of another, in the crop's axes: what is usual.
struct ShapeRule {
  int from = 0;
  int to = 0;
  Vec3 mean_mm{};
  Vec3 sd_mm{};
};

/// The steps of a package in the order in which they run; each is known or the package is refused.
struct LocalisedTwoPass {
  LocaliseStep localise;
  FindStep find;
  MeasureStep measure;
  ShapeRule shape;
  std::array<double, 2> clip_percentiles{0, 100};
};

// ---------------------------------------------------------------- the whole image, window by
// window

/// Step "resample": source voxels to those that the network knows.
struct ResampleStep {
  enum class Interpolation { nearest, linear, cubic };
  /// Where the network's grid lies on the source's, and how many voxels it has along an axis of n
  /// voxels of s mm:
  /// - edges: the fields of view are the same; round(n s / spacing) voxels (scikit-image's resize,
  ///   nnU-Net);
  /// - first_voxel: the first centres are the same; round((n - 1) s / spacing) + 1 voxels (MONAI's
  ///   Spacing).
  enum class Alignment { edges, first_voxel };

  /// Along the network's axes; 0: as the source has it.
  Vec3 spacing_mm{0, 0, 0};
  /// Directions of increasing x, y, z, e.g. "LPS" or "RAS"; the source's axes are reordered and
  /// turned to the nearest. Empty: the source's own.
  std::string axes;
  Interpolation interpolation = Interpolation::linear;
  Alignment alignment = Alignment::edges;
};

/// Step "normalise", after resampling: (clamp(v, low, high) - shift) / scale.
struct NormaliseStep {
  double low = -3.4e38;
  double high = 3.4e38;
  double shift = 0;
  double scale = 1;
  /// Shift and scale are mean and standard deviation of the source's voxels instead: of all, or of
  /// those that are not 0.
  enum class Statistics { none, all, nonzero } statistics = Statistics::none;
};

/// Step "sliding-window" (see infer/windows.hpp).
struct WindowStep {
  enum class Rule { monai, nnunet } rule = Rule::nnunet;
  Size3 patch{0, 0, 0};
  Vec3 step{0.5, 0.5, 0.5};
  bool gaussian = true;
  double sigma_scale = 0.125;
  std::array<bool, 3> mirrored{};
  enum class Beyond { value, outermost, mirrored } beyond = Beyond::value;
  double value = 0;
};

/// Step "labels": scores, interpolated linearly, to labels on the source's grid.
struct LabelStep {
  /// Each class for itself, those later in the order win; else the highest wins.
  bool regions = false;
  double threshold = 0;  ///< of a region's score: 0 for logits, .5 for probabilities
};

struct WindowedSegmentation {
  ResampleStep resample;
  NormaliseStep normalise;
  WindowStep window;
  LabelStep labels;
};

class MemberReader;

/// Members "steps" of a description, and what goes with them.
/// @throws Error model: an unknown step (named), another order, a member that is missing or wrong
std::variant<LocalisedTwoPass, WindowedSegmentation> read_steps(const MemberReader& root);

}  // namespace osler
