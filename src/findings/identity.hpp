#pragma once
// Whose images these are, as the source's header says it, for what people read.

#include <string>

namespace osler {

/// UTF-8; empty where the header has nothing. Never logged, never part of an error.
struct Identity {
  std::string patient_name;
  std::string patient_id;
  std::string birth_date;
  std::string sex;
  std::string study_date;
  std::string series_description;
  std::string issuer_of_patient_id{};
  std::string study_time{};  ///< as in DICOM: HHMMSS.FFFFFF or less
  std::string timezone{};    ///< as in DICOM: +0100; empty: not said
  std::string accession_number{};
  /// The bytes of the header, whatever their character set: tracking UIDs are derived from them.
  std::string stored_patient_id{};
  std::string stored_issuer{};
};

}  // namespace osler
