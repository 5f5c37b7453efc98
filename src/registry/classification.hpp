#pragma once
// What a package that classifies does: an image goes in, one score per class comes out, and scores
// become probabilities that are held against thresholds.

#include <optional>
#include <string>
#include <vector>

#include "core/code.hpp"
#include "registry/image_steps.hpp"

namespace osler {

enum class Activation;  // registry/steps.hpp
class MemberReader;

/// What turns scores into probabilities that are as often right as they say. It was fitted on data
/// that the network was not trained on, and the package names them.
struct Calibration {
  enum class Kind {
    none,
    temperature,  ///< scores / temperature, then the activation
    platt,        ///< sigmoid(a * score + b), a and b of each class; instead of the activation
  } kind = Kind::none;
  double temperature = 1;
  std::string fitted_on;  ///< the data, in the package's words; empty only where there is none
};

/// One class that a result names.
struct ClassRule {
  std::string label;
  int output = 0;  ///< channel of the network's output
  Code code;       ///< where no vocabulary has one: a scheme of one's own, "99..."
  /// Present where its probability is at least this. Classes that exclude each other may go
  /// without: present is then the most probable of all outputs.
  std::optional<double> threshold;
  /// This class is "nothing found": it has no threshold and is present where no other class is.
  bool nothing_found = false;
  double platt_a = 1;
  double platt_b = 0;
};

/// Steps of a package that classifies: image steps, then "classify".
struct Classification {
  ImageSteps image;
  /// The network takes N x C x H x W: each picture of a series for itself. Else N x C x D x H x W:
  /// a volume.
  bool planar = true;
  /// Pictures in colour, as red, green and blue from 0 to the largest value of their bits. Else
  /// monochrome: stored values after the Modality LUT, larger is brighter.
  bool colour = false;
  /// 3: a monochrome picture is shown to the network three times over, as red, green and blue.
  int repeat_to = 1;
  Activation activation{};
  /// Classes do not exclude each other, and each has a threshold. Else each output is a class, and
  /// at most one is present: the most probable of those that may be.
  bool multi_label = false;
  Calibration calibration;
  std::vector<ClassRule> classes;  ///< in the order in which results name them
  Code question;                   ///< what is asked, e.g. (121071, DCM, "Finding")
};

/// Members "steps" and "gives" of a description whose last step is "classify".
/// @throws Error model: another order, a member that is missing or wrong (named)
Classification read_classification(const MemberReader& root);

}  // namespace osler
