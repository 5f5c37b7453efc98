#include "reading/document.hpp"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>

#include "reading/attributes.hpp"

namespace osler::reading {
namespace {

std::vector<Evidence> evidence_of(DcmItem& object, const DcmTagKey& sequence) {
  std::vector<Evidence> evidence;
  for (DcmItem* study : items_of(object, sequence)) {
    const std::string study_uid = bytes_of(*study, DCM_StudyInstanceUID);
    for (DcmItem* series : items_of(*study, DCM_ReferencedSeriesSequence)) {
      const std::string series_uid = bytes_of(*series, DCM_SeriesInstanceUID);
      for (DcmItem* sop : items_of(*series, DCM_ReferencedSOPSequence)) {
        evidence.push_back({study_uid,
                            series_uid,
                            {bytes_of(*sop, DCM_ReferencedSOPClassUID),
                             bytes_of(*sop, DCM_ReferencedSOPInstanceUID)}});
      }
    }
  }
  return evidence;
}

}  // namespace

DocumentState read_document_state(DcmItem& object, std::vector<Problem>& problems) {
  const dicom::CharacterSet set(bytes_of(object, DCM_SpecificCharacterSet));
  Texts texts{set, {}};
  const auto text = [&](DcmItem& item, const DcmTagKey& tag) { return text_of(item, tag, texts); };
  DocumentState state;
  state.completion = text(object, DCM_CompletionFlag);
  state.completion_description = text(object, DCM_CompletionFlagDescription);
  state.verification = text(object, DCM_VerificationFlag);
  state.preliminary = text(object, DCM_PreliminaryFlag);
  for (DcmItem* observer : items_of(object, DCM_VerifyingObserverSequence)) {
    state.verifying_observers.push_back(
        {text(*observer, DCM_VerifyingObserverName), text(*observer, DCM_VerifyingOrganization),
         text(*observer, DCM_VerificationDateTime),
         code_of(*observer, DCM_VerifyingObserverIdentificationCodeSequence, texts)});
  }
  state.predecessors = evidence_of(object, DCM_PredecessorDocumentsSequence);
  state.evidence = evidence_of(object, DCM_CurrentRequestedProcedureEvidenceSequence);
  state.other_evidence = evidence_of(object, DCM_PertinentOtherEvidenceSequence);
  if (texts.notes.any()) problems.push_back({"document", words_of(texts.notes)});
  if (state.verification == "VERIFIED" && state.verifying_observers.empty()) {
    problems.push_back({"document", "is called verified and names no one who did so"});
  }
  return state;
}

}  // namespace osler::reading
