#include "report/identity.hpp"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>

#include "core/error.hpp"
#include "report/elements.hpp"
#include "report/modules.hpp"

namespace osler::report {
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
    // Where DCMTK cannot convert, bytes stay as they are; the page escapes what is not UTF-8.
    static_cast<void>(header->getDataset()->convertToUTF8());
    return {string_of(source, DCM_PatientName),
            string_of(source, DCM_PatientID),
            dashed(string_of(source, DCM_PatientBirthDate)),
            string_of(source, DCM_PatientSex),
            dashed(string_of(source, DCM_StudyDate)),
            string_of(source, DCM_SeriesDescription)};
  } catch (const Error&) {
    return {};
  }
}

}  // namespace osler::report
