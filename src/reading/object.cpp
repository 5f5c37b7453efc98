#include "reading/object.hpp"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>
#include <dcmtk/oflog/oflog.h>

#include <mutex>

#include "core/error.hpp"
#include "dicom/structure.hpp"
#include "reading/attributes.hpp"

namespace osler::reading {
namespace {

constexpr char kKeyObjectSelection[] = "1.2.840.10008.5.1.4.1.1.88.59";
constexpr std::string_view kStructuredReports = "1.2.840.10008.5.1.4.1.1.88.";
constexpr char kSegmentation[] = "1.2.840.10008.5.1.4.1.1.66.4";
constexpr char kLabelMap[] = "1.2.840.10008.5.1.4.1.1.66.7";

ObjectKind kind_of(DcmItem& object, const std::string& sop_class) {
  if (sop_class == kKeyObjectSelection) return ObjectKind::key_objects;
  if (sop_class == kSegmentation || sop_class == kLabelMap) return ObjectKind::segmentation;
  // Others that hold content, such as dose reports, lie below other UIDs.
  DcmItem* content = first_item(object, DCM_ContentSequence);
  const bool has_content = content != nullptr && has_value(object, DCM_ValueType);
  return sop_class.starts_with(kStructuredReports) || has_content ? ObjectKind::structured_report
                                                                  : ObjectKind::other;
}

}  // namespace

std::unique_ptr<DcmFileFormat> load_object(const std::filesystem::path& file,
                                           const dicom::Limits& limits) {
  static std::once_flag once;
  // DCMTK writes values of headers into its log.
  std::call_once(once, [] { OFLog::configure(OFLogger::OFF_LOG_LEVEL); });
  // DCMTK recurses as deep as a file is nested and believes the lengths in it.
  dicom::check_structure(file, limits);
  auto object = std::make_unique<DcmFileFormat>();
  const OFCondition read = object->loadFile(file.c_str());
  if (read.bad()) {
    throw Error(ErrorCode::bad_input,
                file.filename().string() + " cannot be read: " + std::string(read.text()));
  }
  return object;
}

ObjectSummary summarise_object(DcmItem& object, std::vector<Problem>& problems) {
  ObjectSummary s;
  s.character_set = bytes_of(object, DCM_SpecificCharacterSet);
  const dicom::CharacterSet set(s.character_set);
  const auto text = [&](const DcmTagKey& tag) {
    Texts texts{set, {}};
    std::string value = text_of(object, tag, texts);
    if (texts.notes.any()) {
      problems.push_back({DcmTag(tag).getTagName(), words_of(texts.notes)});
    }
    return value;
  };
  s.sop_class_uid = text(DCM_SOPClassUID);
  const char* name = dcmFindNameOfUID(s.sop_class_uid.c_str());
  s.sop_class = name == nullptr ? "" : name;
  s.kind = kind_of(object, s.sop_class_uid);
  s.sop_instance_uid = text(DCM_SOPInstanceUID);
  s.study_uid = text(DCM_StudyInstanceUID);
  s.series_uid = text(DCM_SeriesInstanceUID);
  s.modality = text(DCM_Modality);
  s.study_date = text(DCM_StudyDate);
  s.study_time = text(DCM_StudyTime);
  s.study_description = text(DCM_StudyDescription);
  s.series_description = text(DCM_SeriesDescription);
  s.series_number = text(DCM_SeriesNumber);
  s.instance_number = text(DCM_InstanceNumber);
  s.content_date = text(DCM_ContentDate);
  s.content_time = text(DCM_ContentTime);
  s.timezone = text(DCM_TimezoneOffsetFromUTC);
  s.manufacturer = text(DCM_Manufacturer);
  s.model = text(DCM_ManufacturerModelName);
  s.software_versions = values_of(text(DCM_SoftwareVersions));
  s.institution = text(DCM_InstitutionName);
  s.content_label = text(DCM_ContentLabel);
  s.content_description = text(DCM_ContentDescription);
  s.content_creator = text(DCM_ContentCreatorName);
  s.patient = {text(DCM_PatientName), text(DCM_PatientID), text(DCM_PatientBirthDate),
               text(DCM_PatientSex)};
  return s;
}

}  // namespace osler::reading
