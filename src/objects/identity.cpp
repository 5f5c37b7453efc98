#include "objects/identity.hpp"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>

#include "core/error.hpp"
#include "dicom/character_set.hpp"
#include "objects/elements.hpp"
#include "objects/modules.hpp"

namespace osler::objects {
namespace {

/// 20200102 -> 2020-01-02; anything else stays.
std::string dashed(const std::string& date) {
  if (date.size() != 8 || date.find_first_not_of("0123456789") != std::string::npos) return date;
  return date.substr(0, 4) + "-" + date.substr(4, 2) + "-" + date.substr(6, 2);
}

}  // namespace

Identity read_identity(const Findings& findings) {
  if (findings.source.instances.empty() || !findings.source.file.empty()) return {};
  try {
    const auto header = read_source_header(findings);
    DcmItem& source = *header->getDataset();
    const dicom::CharacterSet set(string_of(source, DCM_SpecificCharacterSet));
    const auto text = [&](const DcmTagKey& tag) {
      return set.to_utf8(string_of(source, tag)).utf8;
    };
    return {set.to_utf8(string_of(source, DCM_PatientName), dicom::TextKind::person_name).utf8,
            text(DCM_PatientID),
            dashed(text(DCM_PatientBirthDate)),
            text(DCM_PatientSex),
            dashed(text(DCM_StudyDate)),
            text(DCM_SeriesDescription),
            text(DCM_IssuerOfPatientID),
            text(DCM_StudyTime),
            text(DCM_TimezoneOffsetFromUTC),
            text(DCM_AccessionNumber),
            string_of(source, DCM_PatientID),
            string_of(source, DCM_IssuerOfPatientID)};
  } catch (const Error&) {
    return {};
  }
}

}  // namespace osler::objects
