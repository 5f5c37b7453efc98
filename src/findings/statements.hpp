#pragma once
// What the structured report and FHIR say alike: codes, keys and figures.

#include <string>
#include <vector>

#include "findings/findings.hpp"

namespace osler {

/// A voxel volume has no more than a micrometre cubed of truth: shorter numbers read better.
double reported_volume_mm3(const Finding& finding);

/// CID 7150, of the finding's first segment.
Code category_of(const Findings& findings, const Finding& finding);

/// One of the two sides that an asymmetry is of: the whole finding of its structure; null if it
/// was not measured. @param side  (7771000, SCT, Left) or (24028007, SCT, Right): the code's value
const Finding* side_of(const Findings& findings, const Asymmetry& asymmetry, const char* side);

/// (MR, DCM, "Magnetic Resonance")
Code modality_code(const std::string& modality);

/// What tracking UIDs are made for: the same for the same statement about later studies, except
/// that a classified image is no other image.
std::string tracking_key(const Finding& finding);
std::string tracking_key(const Asymmetry& asymmetry);
std::string tracking_key(const Findings& findings, const Evaluation& evaluation);

/// What qualifies the results: why there are none, gates that failed or warn, warnings on the
/// source, limits of the model, and that nobody has verified them.
struct Remark {
  Code name;
  std::string text;
};
std::vector<Remark> remarks_of(const Findings& findings);

}  // namespace osler
