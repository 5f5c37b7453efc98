#pragma once
// A person's verification of a report: a new SR instance that follows an unverified one (PS3.3
// C.17.2), ours or another maker's. What was accepted stays as it is.

#include <filesystem>
#include <string>
#include <vector>

#include "dicom/scan.hpp"

namespace osler::verification {

/// A finding is named by its label as `osler show` lists it, by its tracking UID, or as "#2".
struct RejectedFinding {
  std::string finding;
  std::string reason;  ///< may be empty
};

struct CorrectedValue {
  /// The finding; where it has several numbers of one unit, ":" and the name of the measurement
  /// behind it, and " (derivation)" behind that.
  std::string measurement;
  std::string value;  ///< as it is to stand in the report: a Decimal String
  std::string unit;   ///< UCUM; must be the one that stands there
};

struct VerificationRequest {
  std::string observer;                ///< Person Name, UTF-8: "Family^Given"
  std::string organisation;            ///< UTF-8; empty: not stated
  std::vector<std::string> accepted;   ///< findings that must be there
  bool every_finding_decided = false;  ///< each must be named in one of the three lists
  std::vector<RejectedFinding> rejected;
  std::vector<CorrectedValue> corrected;
  bool again = false;  ///< also what is verified already
};

struct VerificationOutcome {
  std::string sop_instance_uid;
  std::string series_uid;
  std::string predecessor_uid;
  std::size_t accepted = 0;            ///< findings that stand as they did
  std::vector<std::string> rejected;   ///< labels
  std::vector<std::string> corrected;  ///< "label, name: old -> new unit"
  /// Findings that were computed from a value before its correction, or of a rejected finding.
  std::vector<std::string> not_recomputed;
};

/// "LABEL=VALUE UNIT" or "LABEL:MEASUREMENT=VALUE UNIT". @throws Error usage
CorrectedValue parse_correction(const std::string& text);

/// Adds what a file of finding states says (docs/show.md); every finding must stand in it then.
/// @throws Error bad_input
void read_finding_states(const std::filesystem::path& file, VerificationRequest& request);

/// @throws Error usage if it is no Person Name of PS3.5 6.2 with a family name, or a name in the
/// order of speech: "Jane Doe" would be one family
void check_person_name(const std::string& name);

/// Writes the successor: verified, complete, final, with the observer as a person, in a series of
/// its own in the same study. Its UID follows from predecessor, observer and decisions.
/// @throws Error usage: a bad name; no such finding or measurement, or several of that name
///         (those that there are, are listed); another unit; a text that cannot be written in the
///         report's character set. bad_input: not an SR, or a Key Object Selection; verified
///         already. output: the file exists or cannot be written
VerificationOutcome verify_report(const std::filesystem::path& report,
                                  const VerificationRequest& request,
                                  const std::filesystem::path& out,
                                  const dicom::Limits& limits = {});

}  // namespace osler::verification
