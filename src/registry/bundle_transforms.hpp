#pragma once
// What a MONAI bundle does with an image before and behind its network, as this program's steps.
// MONAI's tensors are (channel, x, y, z) with x the slowest: its triples are turned round, and axes
// are named from the last to the first.

#include <optional>
#include <string>
#include <vector>

#include "registry/bundle_component.hpp"
#include "registry/steps.hpp"

namespace osler::bundle {

/// "preprocessing" of a bundle.
struct Preprocessing {
  ImageSteps image;
  std::string key;     ///< of the image in the dictionary; empty: no dictionary
  int dimensions = 3;  ///< 2: pictures
  /// Where pictures hold their colours: 0, or the last axis.
  std::optional<std::int64_t> channel_axis;
  std::optional<StepInterpolation> resampled;  ///< Spacing
  std::optional<StepInterpolation> resized;    ///< Resize
  bool moved_edges = false;                    ///< cropped or padded
};

/// @throws Error model: a transform or an argument that this program does not know, by its name
Preprocessing read_preprocessing(const Config& config, const NodePtr& preprocessing,
                                 int dimensions);

/// "inferer": windows, or the whole image at once. A size of 0 is the image's.
WindowStep read_inferer(const Config& config, const NodePtr& inferer, int dimensions);

/// "postprocessing" of a bundle that segments.
struct Postprocessing {
  LabelStep labels;
  /// The number in the label file of each channel; empty: the channel's own, or of regions its
  /// place from 1.
  std::vector<int> values;
};

/// @param preprocessing  the node that Invertd must name
Postprocessing read_postprocessing(const Config& config, const NodePtr& postprocessing,
                                   const NodePtr& preprocessing, const Preprocessing& before,
                                   int classes);

/// "postprocessing" of a bundle that classifies.
struct ClassDecision {
  Activation activation = Activation::none;
  bool highest = false;  ///< AsDiscrete argmax
  std::optional<double>
      threshold;  ///< AsDiscrete threshold: classes that do not exclude each other
};
ClassDecision read_class_decision(const Config& config, const NodePtr& postprocessing);

/// Components whose work this program does by itself, or that only write or tell. They may stand
/// anywhere. @param deciding  numbers are labels by now: any type may hold them
bool is_without_effect(Component& component, bool deciding);

}  // namespace osler::bundle
