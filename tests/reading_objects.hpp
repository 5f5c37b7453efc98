#pragma once
// SR documents and segmentations made by hand with DCMTK, attribute by attribute.

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>

#include <filesystem>
#include <string>
#include <vector>

#include "core/code.hpp"

namespace osler::testing {

inline void set(DcmItem& item, const DcmTag& tag, const std::string& value) {
  item.putAndInsertString(tag, value.c_str());
}

inline DcmItem& added(DcmItem& item, const DcmTag& sequence) {
  DcmItem* made = nullptr;
  item.findOrCreateSequenceItem(sequence, made, -2);
  return *made;
}

inline void set_code(DcmItem& item, const DcmTag& sequence, const Code& code) {
  DcmItem& made = added(item, sequence);
  set(made, code.value.size() > 16 ? DCM_LongCodeValue : DCM_CodeValue, code.value);
  set(made, DCM_CodingSchemeDesignator, code.scheme);
  set(made, DCM_CodeMeaning, code.meaning);
}

inline DcmItem& content(DcmItem& parent, const char* relationship, const char* type,
                        const Code& name) {
  DcmItem& item = added(parent, DCM_ContentSequence);
  set(item, DCM_RelationshipType, relationship);
  set(item, DCM_ValueType, type);
  set_code(item, DCM_ConceptNameCodeSequence, name);
  return item;
}

inline DcmItem& text(DcmItem& parent, const char* relationship, const Code& name,
                     const std::string& value) {
  DcmItem& item = content(parent, relationship, "TEXT", name);
  set(item, DCM_TextValue, value);
  return item;
}

inline DcmItem& code(DcmItem& parent, const char* relationship, const Code& name,
                     const Code& value) {
  DcmItem& item = content(parent, relationship, "CODE", name);
  set_code(item, DCM_ConceptCodeSequence, value);
  return item;
}

inline DcmItem& number(DcmItem& parent, const char* relationship, const Code& name,
                       const std::string& value, const Code& unit) {
  DcmItem& item = content(parent, relationship, "NUM", name);
  DcmItem& measured = added(item, DCM_MeasuredValueSequence);
  set(measured, DCM_NumericValue, value);
  set_code(measured, DCM_MeasurementUnitsCodeSequence, unit);
  return item;
}

inline DcmItem& by_reference(DcmItem& parent, const char* relationship,
                             const std::vector<Uint32>& target) {
  DcmItem& item = added(parent, DCM_ContentSequence);
  set(item, DCM_RelationshipType, relationship);
  item.putAndInsertUint32Array(DCM_ReferencedContentItemIdentifier, target.data(), target.size());
  return item;
}

/// The header of an unverified Comprehensive SR whose root is an Imaging Measurement Report.
inline void make_report(DcmItem& object) {
  set(object, DCM_SOPClassUID, UID_ComprehensiveSRStorage);
  set(object, DCM_SOPInstanceUID, "1.2.3.4.5");
  set(object, DCM_StudyInstanceUID, "1.2.3");
  set(object, DCM_SeriesInstanceUID, "1.2.3.4");
  set(object, DCM_Modality, "SR");
  set(object, DCM_SeriesNumber, "7");
  set(object, DCM_SeriesDescription, "Other maker, Unverified");
  set(object, DCM_Manufacturer, "Other maker");
  set(object, DCM_CompletionFlag, "PARTIAL");
  set(object, DCM_CompletionFlagDescription, "not looked at");
  set(object, DCM_VerificationFlag, "UNVERIFIED");
  set(object, DCM_ValueType, "CONTAINER");
  set(object, DCM_ContinuityOfContent, "SEPARATE");
  set_code(object, DCM_ConceptNameCodeSequence, {"126000", "DCM", "Imaging Measurement Report"});
}

inline const Code kMm{"mm", "UCUM", "millimeter"};

/// A Measurement Group of one diameter. @param spelling  SNOMED's codes: "SCT" or "SRT"
inline DcmItem& add_group(DcmItem& measurements, const std::string& label, const std::string& uid,
                          const std::string& diameter, const std::string& spelling = "SCT") {
  const bool old = spelling == "SRT";
  DcmItem& group =
      content(measurements, "CONTAINS", "CONTAINER", {"125007", "DCM", "Measurement Group"});
  text(group, "HAS OBS CONTEXT", {"112039", "DCM", "Tracking Identifier"}, label);
  DcmItem& item =
      content(group, "HAS OBS CONTEXT", "UIDREF", {"112040", "DCM", "Tracking Unique Identifier"});
  set(item, DCM_UID, uid);
  code(group, "CONTAINS", {"121071", "DCM", "Finding"},
       old ? Code{"M-03010", "SRT", "Nodule"} : Code{"27925004", "SCT", "Nodule"});
  DcmItem& site =
      code(group, "HAS CONCEPT MOD", {old ? "G-C0E3" : "363698007", spelling, "Finding Site"},
           old ? Code{"T-28000", "SRT", "Lung"} : Code{"39607008", "SCT", "Lung"});
  code(site, "HAS CONCEPT MOD", {old ? "G-C171" : "272741003", spelling, "Laterality"},
       old ? Code{"G-A101", "SRT", "Left"} : Code{"7771000", "SCT", "Left"});
  number(group, "CONTAINS", {old ? "M-02550" : "81827009", spelling, "Diameter"}, diameter, kMm);
  return group;
}

inline DcmItem& add_measurements(DcmItem& object) {
  return content(object, "CONTAINS", "CONTAINER", {"126010", "DCM", "Imaging Measurements"});
}

inline void write_object(DcmFileFormat& format, const std::filesystem::path& file,
                         E_TransferSyntax syntax = EXS_LittleEndianExplicit) {
  format.saveFile(file.c_str(), syntax);
}

}  // namespace osler::testing
