#include "objects/modules.hpp"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>
#include <dcmtk/oflog/oflog.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <mutex>

#include "core/error.hpp"
#include "core/plain_text.hpp"
#include "core/uid.hpp"
#include "core/version.hpp"
#include "objects/elements.hpp"

namespace osler::objects {
namespace {

// Type 2: there even if the source has none. Type 3 is copied where it is there.
const DcmTagKey kRequiredOfPatientAndStudy[] = {
    DCM_PatientName, DCM_PatientID, DCM_PatientBirthDate,       DCM_PatientSex,     DCM_StudyDate,
    DCM_StudyTime,   DCM_StudyID,   DCM_ReferringPhysicianName, DCM_AccessionNumber};

const DcmTagKey kOptionalOfPatientAndStudy[] = {
    DCM_SpecificCharacterSet, DCM_TimezoneOffsetFromUTC,
    // Patient
    DCM_IssuerOfPatientID, DCM_IssuerOfPatientIDQualifiersSequence, DCM_TypeOfPatientID,
    DCM_PatientBirthTime, DCM_OtherPatientIDsSequence, DCM_OtherPatientNames, DCM_EthnicGroup,
    DCM_PatientComments, DCM_PatientSpeciesDescription, DCM_PatientSpeciesCodeSequence,
    DCM_PatientBreedDescription, DCM_PatientBreedCodeSequence, DCM_BreedRegistrationSequence,
    DCM_ResponsiblePerson, DCM_ResponsiblePersonRole, DCM_ResponsibleOrganization,
    DCM_PatientIdentityRemoved, DCM_DeidentificationMethod, DCM_DeidentificationMethodCodeSequence,
    DCM_QualityControlSubject, DCM_ReferencedPatientSequence,
    // General Study
    DCM_StudyDescription, DCM_PhysiciansOfRecord, DCM_PhysiciansOfRecordIdentificationSequence,
    DCM_NameOfPhysiciansReadingStudy, DCM_ReferringPhysicianIdentificationSequence,
    DCM_ConsultingPhysicianName, DCM_IssuerOfAccessionNumberSequence, DCM_ProcedureCodeSequence,
    DCM_ReferencedStudySequence, DCM_RequestingServiceCodeSequence,
    // Patient Study
    DCM_AdmittingDiagnosesDescription, DCM_AdmittingDiagnosesCodeSequence, DCM_PatientAge,
    DCM_PatientSize, DCM_PatientWeight, DCM_PatientSexNeutered, DCM_PregnancyStatus,
    DCM_SmokingStatus, DCM_MedicalAlerts, DCM_Allergies, DCM_LastMenstrualDate, DCM_Occupation,
    DCM_AdditionalPatientHistory, DCM_AdmissionID, DCM_IssuerOfAdmissionIDSequence,
    DCM_ServiceEpisodeID, DCM_PatientState,
    // Clinical Trial Subject and Study
    DCM_ClinicalTrialSponsorName, DCM_ClinicalTrialProtocolID, DCM_ClinicalTrialProtocolName,
    DCM_ClinicalTrialSiteID, DCM_ClinicalTrialSiteName, DCM_ClinicalTrialSubjectID,
    DCM_ClinicalTrialSubjectReadingID, DCM_ClinicalTrialProtocolEthicsCommitteeName,
    DCM_ClinicalTrialProtocolEthicsCommitteeApprovalNumber, DCM_ClinicalTrialTimePointID,
    DCM_ClinicalTrialTimePointDescription, DCM_ConsentForClinicalTrialUseSequence};

/// The stored bytes, as they are; false if the source has no such element.
bool copy_element(DcmItem& to, DcmItem& from, const DcmTagKey& tag) {
  DcmElement* found = nullptr;
  if (from.findAndGetElement(tag, found).bad() || found == nullptr) return false;
  auto* copy = dynamic_cast<DcmElement*>(found->clone());
  if (copy == nullptr || to.insert(copy, OFTrue).bad()) {
    delete copy;
    throw Error(ErrorCode::internal, "an attribute of the source cannot be copied");
  }
  return true;
}

/// Optional attributes that break their own value representation are left out: a copy would make
/// the new object invalid.
bool is_valid(DcmItem& from, const DcmTagKey& tag) {
  DcmElement* found = nullptr;
  if (from.findAndGetElement(tag, found).bad() || found == nullptr) return false;
  switch (found->ident()) {
    case EVR_AS:
    case EVR_CS:
    case EVR_DA:
    case EVR_DS:
    case EVR_DT:
    case EVR_IS:
    case EVR_TM:
    case EVR_UI:
      return tag == DCM_SpecificCharacterSet || found->checkValue("1-n", OFFalse).good();
    default:
      return true;  // free text: its validity hangs on the character set, which is copied too
  }
}

std::tm local_now(DcmItem& object) {
  std::time_t now = std::time(nullptr);
  const std::string offset = string_of(object, DCM_TimezoneOffsetFromUTC);
  std::tm time{};
  int hours = 0, minutes = 0;
  char sign = '+';
  if (std::sscanf(offset.c_str(), "%c%2d%2d", &sign, &hours, &minutes) == 3) {
    const std::time_t offset_s = std::time_t{60} * (hours * 60 + minutes);
    now += sign == '-' ? -offset_s : offset_s;
    gmtime_r(&now, &time);
  } else {
    localtime_r(&now, &time);
  }
  return time;
}

std::string formatted(const std::tm& time, const char* format) {
  char text[32] = {};
  std::strftime(text, sizeof text, format, &time);
  return text;
}

void put_equipment(DcmItem& item, const Findings& findings) {
  put(item, DCM_Manufacturer, kManufacturer);
  put(item, DCM_ManufacturerModelName, kModelName);
  put(item, DCM_DeviceSerialNumber, device_serial_number(findings));
  const std::string model = findings.model.name + " " + findings.model.version;
  put(item, DCM_SoftwareVersions,
      fmt::format("osler {}\\{}", kVersion, shortened(plain_ascii(model), 64)));
}

void put_coding_scheme(DcmItem& object) {
  DcmItem& scheme = add_item(object, DCM_CodingSchemeIdentificationSequence);
  put(scheme, DCM_CodingSchemeDesignator, kOslerScheme);
  put(scheme, DCM_CodingSchemeName, "Osler project codes");
  put(scheme, DCM_CodingSchemeResponsibleOrganization, kManufacturer);
}

}  // namespace

bool copy_if_valid(DcmItem& to, DcmItem& from, const DcmTagKey& tag) {
  return is_valid(from, tag) && copy_element(to, from, tag);
}

void put_patient_and_study(DcmItem& object, DcmItem& source) {
  for (const DcmTagKey& tag : kRequiredOfPatientAndStudy) {
    if (!copy_element(object, source, tag)) put_empty(object, tag);
  }
  for (const DcmTagKey& tag : kOptionalOfPatientAndStudy) copy_if_valid(object, source, tag);
}

std::string series_number(DcmItem& source, int offset) {
  Sint32 number = 0;
  constexpr Sint32 kLargestSourceNumber = 20'000'000;
  if (source.findAndGetSint32(DCM_SeriesNumber, number).bad() || number <= 0 ||
      number > kLargestSourceNumber) {
    return std::to_string(9000 + offset);
  }
  return std::to_string(number * 100 + offset);
}

std::string tracking_uid(DcmItem& source, const Findings& findings, std::string_view structure) {
  return osler::tracking_uid(string_of(source, DCM_PatientID),
                             string_of(source, DCM_IssuerOfPatientID), findings, structure);
}

void silence_dcmtk() {
  static std::once_flag once;
  std::call_once(once, [] { OFLog::configure(OFLogger::OFF_LOG_LEVEL); });
}

std::unique_ptr<DcmFileFormat> read_header(const std::filesystem::path& file) {
  silence_dcmtk();
  auto header = std::make_unique<DcmFileFormat>();
  const OFCondition read = header->loadFileUntilTag(
      file.c_str(), EXS_Unknown, EGL_noChange, DCM_MaxReadLength, ERM_autoDetect, DCM_PixelData);
  if (read.bad()) {
    throw Error(ErrorCode::bad_input,
                "a source instance cannot be read again: " + std::string(read.text()), {},
                "keep the input in place until the run has ended");
  }
  header->loadAllDataIntoMemory();
  return header;
}

std::unique_ptr<DcmFileFormat> read_source_header(const Findings& findings) {
  if (findings.source.instances.empty()) {
    throw Error(ErrorCode::bad_argument, "findings without a source series");
  }
  return read_header(findings.source.instances.front().file);
}

ObjectIds put_common_modules(DcmItem& object, DcmItem& source, const Findings& findings,
                             const ObjectKind& kind) {
  put_patient_and_study(object, source);
  put(object, DCM_StudyInstanceUID, findings.source.study_uid);

  ObjectIds ids{kind.sop_class_uid, object_uid(findings, kind.role),
                object_uid(findings, "series " + kind.series_role)};
  put(object, DCM_Modality, kind.modality);
  put(object, DCM_SeriesInstanceUID, ids.series_uid);
  put(object, DCM_SeriesNumber, series_number(source, kind.series_offset));
  put_text(object, DCM_SeriesDescription, kind.series_description, 64);
  put(object, DCM_InstanceNumber, std::to_string(kind.instance_number));
  put(object, DCM_SOPClassUID, ids.sop_class_uid);
  put(object, DCM_SOPInstanceUID, ids.sop_instance_uid);

  const std::tm now = local_now(object);
  for (const DcmTagKey& tag : {DCM_SeriesDate, DCM_InstanceCreationDate}) {
    put(object, tag, formatted(now, "%Y%m%d"));
  }
  for (const DcmTagKey& tag : {DCM_SeriesTime, DCM_InstanceCreationTime}) {
    put(object, tag, formatted(now, "%H%M%S"));
  }
  put_equipment(object, findings);
  put_coding_scheme(object);

  DcmItem& equipment = add_item(object, DCM_ContributingEquipmentSequence);
  add_code(equipment, DCM_PurposeOfReferenceCodeSequence,
           {"109102", "DCM", "Processing Equipment"});
  put_equipment(equipment, findings);
  put(equipment, DCM_ContributionDateTime, formatted(now, "%Y%m%d%H%M%S"));
  put_text(equipment, DCM_ContributionDescription,
           "Automatic analysis, AI, unverified: " + findings.model.title, 1024);
  return ids;
}

void put_content_time(DcmItem& object) {
  const std::tm now = local_now(object);
  put(object, DCM_ContentDate, formatted(now, "%Y%m%d"));
  put(object, DCM_ContentTime, formatted(now, "%H%M%S"));
}

void put_frame_of_reference(DcmItem& object, DcmItem& source, std::string frame_of_reference_uid,
                            const std::string& series_uid) {
  if (frame_of_reference_uid.empty()) {
    const std::vector<std::string> parts = {"frame of reference", series_uid};
    frame_of_reference_uid = derived_uid(parts);
  }
  put(object, DCM_FrameOfReferenceUID, frame_of_reference_uid);
  if (!copy_element(object, source, DCM_PositionReferenceIndicator)) {
    put_empty(object, DCM_PositionReferenceIndicator);
  }
}

std::string role_naming(std::string role, std::span<const ObjectIds> named) {
  for (const ObjectIds& ids : named) role += ", " + ids.sop_instance_uid;
  return role;
}

void put_lossy_compression(DcmItem& object, DcmItem& source, bool lossy) {
  put(object, DCM_LossyImageCompression, lossy ? "01" : "00");
  if (!lossy) return;
  copy_element(object, source, DCM_LossyImageCompressionRatio);
  copy_element(object, source, DCM_LossyImageCompressionMethod);
}

bool is_multi_frame(const Findings& findings) {
  return distinct_instances(findings).size() < findings.source.instances.size() ||
         std::any_of(findings.source.instances.begin(), findings.source.instances.end(),
                     [](const SliceSource& slice) { return slice.frame > 1; });
}

void put_referenced_series(DcmItem& object, const Findings& findings,
                           const std::vector<ObjectIds>& others) {
  DcmItem& source = add_item(object, DCM_ReferencedSeriesSequence);
  put(source, DCM_SeriesInstanceUID, findings.source.series_uid);
  for (const SliceSource& slice : distinct_instances(findings)) {
    add_reference(source, DCM_ReferencedInstanceSequence, slice.sop_class_uid,
                  slice.sop_instance_uid);
  }
  for (const ObjectIds& ids : others) {
    DcmItem& series = add_item(object, DCM_ReferencedSeriesSequence);
    put(series, DCM_SeriesInstanceUID, ids.series_uid);
    add_reference(series, DCM_ReferencedInstanceSequence, ids.sop_class_uid, ids.sop_instance_uid);
  }
}

void save(DcmFileFormat& object, const std::filesystem::path& file, Encoding encoding) {
  const E_TransferSyntax syntax =
      encoding == Encoding::implicit_vr ? EXS_LittleEndianImplicit : EXS_LittleEndianExplicit;
  errno = 0;
  const OFCondition saved =
      object.saveFile(file.c_str(), syntax, EET_ExplicitLength, EGL_recalcGL, EPD_withoutPadding);
  const int error = errno;
  std::error_code size_error;
  const auto size = std::filesystem::file_size(file, size_error);
  // DCMTK does not look at fclose: a full disk shows only as a file that is too short.
  const auto expected = object.calcElementLength(syntax, EET_ExplicitLength);
  if (saved.bad() || size_error || size < expected) {
    throw Error(ErrorCode::output,
                fmt::format("cannot write {}: {}", file.filename().string(),
                            error != 0 ? std::strerror(error)
                                       : (saved.bad() ? saved.text() : "file is too short")),
                {}, "free disk space, or give an --out folder that can be written");
  }
}

}  // namespace osler::objects
