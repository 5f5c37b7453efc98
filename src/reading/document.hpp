#pragma once
// What an SR document says of itself outside of its content (PS3.3 C.17.2).

#include <optional>
#include <string>
#include <vector>

#include "core/code.hpp"
#include "reading/object.hpp"

class DcmItem;

namespace osler::reading {

struct VerifyingObserver {
  std::string name;
  std::string organisation;
  std::string date_time;  ///< DICOM's DT
  std::optional<Code> identification;
};

/// Another document or instance, and where it lies.
struct Evidence {
  std::string study_uid;
  std::string series_uid;
  SopReference object;
};

struct DocumentState {
  std::string completion;  ///< COMPLETE, PARTIAL
  std::string completion_description;
  std::string verification;  ///< VERIFIED, UNVERIFIED
  std::string preliminary;   ///< PRELIMINARY, FINAL, or empty: not stated
  std::vector<VerifyingObserver> verifying_observers;
  std::vector<Evidence> predecessors;
  std::vector<Evidence> evidence;        ///< of this study
  std::vector<Evidence> other_evidence;  ///< "pertinent other": priors
};

DocumentState read_document_state(DcmItem& object, std::vector<Problem>& problems);

}  // namespace osler::reading
