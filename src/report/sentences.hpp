#pragma once
// Sentences that several results share, so that they say the same thing.

#include <string>

#include "findings/findings.hpp"

namespace osler::report {

inline constexpr char kUnverified[] = "AI, unverified; not for clinical use";

/// "mutual_information: 0.08, expected at least 0.12. <meaning>"
std::string sentence_of(const Gate& gate);

/// "at least 0.12", "at most 8", "at least 1500 and at most 6000", or "none".
std::string threshold_of(const Gate& gate);

/// Four significant digits.
std::string short_number(double value);

}  // namespace osler::report
