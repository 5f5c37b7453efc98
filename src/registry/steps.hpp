#pragma once
// What a package does with an image, step by step. Each step is known or the package is refused.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/affine.hpp"
#include "core/code.hpp"
#include "registry/classification.hpp"
#include "registry/image_steps.hpp"

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

/// Step "sliding-window" (see infer/windows.hpp), or "whole-image": one window as large as the
/// image.
struct WindowStep {
  enum class Rule { monai, nnunet } rule = Rule::nnunet;
  bool whole_image = false;
  bool planar = false;  ///< the network takes N x C x H x W, slice by slice
  Size3 patch{0, 0, 0};
  Vec3 step{0.5, 0.5, 0.5};
  bool gaussian = true;
  double sigma_scale = 0.125;
  std::array<bool, 3> mirrored{};
  PadWith beyond = PadWith::value;
  double value = 0;
  bool in_halves = false;  ///< means are rounded as nnU-Net rounds them (infer/sliding_window.hpp)
};

enum class Activation { none, softmax, sigmoid };

/// What is changed in labels after they were decided; values are those of SegmentRule::value.
struct LabelFilter {
  enum class Kind { keep_largest, fill_holes, remove_small, keep_values } kind = Kind::keep_largest;
  std::vector<int> values;      ///< empty: every one
  bool together = false;        ///< the values as one structure; else each for itself
  int connectivity = 26;        ///< 6, 18 or 26 neighbours
  std::int64_t min_voxels = 0;  ///< of remove_small
  bool on_network_grid = false;
};

/// Step "labels": scores to labels on the source's grid.
struct LabelStep {
  Activation activation = Activation::none;  ///< on the network's grid, before interpolation
  /// Each class for itself, those later in the order win; else the highest wins.
  bool regions = false;
  double threshold = 0;    ///< of a region's score: 0 for logits, .5 for probabilities
  std::vector<int> order;  ///< of regions: channels, the last wins; empty: 0, 1, 2, ...
  /// Labels are decided on the network's grid and taken to the source's by nearest neighbour; else
  /// scores are interpolated and decided on the source's.
  bool on_network_grid = false;
  /// Of labels decided on the network's grid: their numbers are interpolated linearly and rounded,
  /// which makes numbers between two labels where they meet (MONAI's Invert of labels with
  /// nearest_interp False). A model that was tried so gives its own answer only so.
  bool interpolate_numbers = false;
  /// Scores by nnU-Net's rule, which may take the nearest slice; else linear along all axes.
  std::optional<NnunetResampleStep> nnunet_rule;
  std::vector<LabelFilter> filters;
};

/// The whole image, window by window, to labels.
struct WindowedSegmentation {
  ImageSteps image;
  WindowStep window;
  LabelStep labels;
};

// ---------------------------------------------------------------- several models

/// Step "ensemble", then "labels": the mean of what several packages inside the package give, each
/// by its own image steps and windows. As nnUNetv2_ensemble: class probabilities on the source's
/// grid are added in single precision, in this order, and divided by their number; then labels are
/// decided. Members' own decisions, filters, gates and wants are not used.
struct Ensemble {
  std::vector<std::string> of;  ///< names of stages, at least two
  LabelStep labels;             ///< on the source's grid; thresholds are of probabilities
};

using PackageSteps = std::variant<LocalisedTwoPass, WindowedSegmentation, Classification, Ensemble>;

/// Members "steps" of a description, and what goes with them.
/// @throws Error model: an unknown step (named), another order, a member that is missing or wrong
PackageSteps read_steps(const MemberReader& root);

}  // namespace osler
