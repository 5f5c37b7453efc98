#pragma once
// A phantom with what a classifier says of it: of each of its images, or of all as a volume.

#include <optional>
#include <string>

#include "findings_phantom.hpp"

namespace osler::phantom {

inline const Code kPneumonia{"233604007", "SCT", "Pneumonia"};
inline const Code kNormal{"17621005", "SCT", "Normal"};
inline const Code kQuestion{"PNEUMONIA_OR_NOT", "99TEST", "Pneumonia or normal?"};

inline Evaluation evaluation(const std::string& label, const Code& code, double probability,
                             std::optional<std::size_t> image) {
  Evaluation e;
  e.label = label;
  e.question = kQuestion;
  e.value = code;
  e.probability = probability;
  e.exclusive = true;
  e.calibration = "temperature 1.3, fitted on 100 <other> pictures";
  e.image = image;
  return e;
}

/// The first image shows the class, the second nothing.
inline void put_evaluations(Findings& f, bool pictures) {
  f.segments.clear();
  f.findings.clear();
  f.asymmetries.clear();
  for (std::size_t i = 0; i < (pictures ? 2U : 1U); ++i) {
    const double p = i == 0 ? 0.98765432 : 0.0000071;
    const std::optional<std::size_t> image = pictures ? std::optional(i) : std::nullopt;
    f.evaluations.push_back(evaluation("Pneumonia", kPneumonia, p, image));
    f.evaluations.back().threshold = 0.4;
    f.evaluations.back().present = i == 0;
    f.evaluations.push_back(evaluation("Normal", kNormal, 1 - p, image));
    f.evaluations.back().nothing_found = true;
    f.evaluations.back().present = i == 1;
  }
}

inline Phantom classified(const std::filesystem::path& folder, bool pictures) {
  const Affine affine = Affine::from_columns({1, 0, 0}, {0, 1.25, 0}, {0, 0, 2.5}, {-3, -4, 17});
  Phantom p = make(folder, {15, 10, 2}, affine, [](int, int, int) { return 0; });
  put_evaluations(p.findings, pictures);
  if (pictures) p.volume = Volume{};
  return p;
}

}  // namespace osler::phantom
