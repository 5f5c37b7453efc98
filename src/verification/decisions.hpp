#pragma once
// What a person decided of the findings of a report, held against those that there are. Inside the
// room only.

#include <map>
#include <string>
#include <vector>

#include "reading/measurement_report.hpp"
#include "verification/verification.hpp"

namespace osler::verification {

using Groups = std::vector<reading::MeasurementGroup>;

struct Correction {
  const reading::MeasurementGroup* group;
  const reading::Measurement* measurement;
  std::string value;
};

/// Of groups that must live.
struct Decisions {
  std::map<const reading::MeasurementGroup*, std::string> rejected;  ///< to reason
  std::vector<Correction> corrected;
};

/// @throws Error usage: as verify_report
Decisions decide(const Groups& groups, const VerificationRequest& request);

/// Labels of groups that quote a number that was changed or taken out (INFERRED FROM).
std::vector<std::string> not_recomputed(const Groups& groups, const Decisions& decisions);

/// What the UID of the successor follows from.
std::vector<std::string> identity_of(const std::string& predecessor_uid,
                                     const VerificationRequest& request,
                                     const Decisions& decisions);

/// "Volume", "CT number (Mean)"
std::string name_of(const reading::Measurement& m);

}  // namespace osler::verification
