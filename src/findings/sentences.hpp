#pragma once
// Sentences that several results share, so that they say the same thing.

#include <string>

#include "findings/findings.hpp"

namespace osler {

inline constexpr char kUnverified[] = "AI, unverified; not for clinical use";
/// In a report that a person has verified.
inline constexpr char kVerified[] = "AI, verified by a person; not for clinical use";

/// "mutual_information: 0.08, expected at least 0.12. <meaning>"
std::string sentence_of(const Gate& gate);

/// "at least 0.12", "at most 8", "at least 1500 and at most 6000", or "none".
std::string threshold_of(const Gate& gate);

/// Four significant digits.
std::string short_number(double value);

/// "Pneumonia, image 2", or "Pneumonia" of a volume.
std::string label_of(const Evaluation& evaluation);

/// "present from a probability of 0.4", "present where it is the most probable", ...
std::string rule_of(const Evaluation& evaluation);

/// "Calibrated: temperature ...", or that it was not.
std::string calibration_of(const Evaluation& evaluation);

/// Four decimals; never 0 or 1 for what is neither: "0.0003", "< 0.0001", "> 0.9999".
std::string probability_text(double probability);

}  // namespace osler
