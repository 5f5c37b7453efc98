#include "verification/header.hpp"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>
#include <fmt/format.h>

#include <ctime>

#include "core/uid.hpp"
#include "core/version.hpp"
#include "objects/elements.hpp"
#include "objects/modules.hpp"

namespace osler::verification {
namespace {

using objects::add_code;
using objects::add_item;
using objects::add_reference;
using objects::copy_if_valid;
using objects::put;
using objects::put_content_time;
using objects::put_empty_sequence;
using objects::series_number;
using objects::string_of;

constexpr char kNotStated[] = "Not stated";  // Verifying Organization must hold something

std::string lower_ascii(std::string text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return text;
}

/// Content Date and Time, and where they are in UTC.
std::string verification_time(DcmItem& object) {
  std::string zone = string_of(object, DCM_TimezoneOffsetFromUTC);
  if (zone.empty()) {
    const std::time_t now = std::time(nullptr);
    std::tm local{};
    localtime_r(&now, &local);
    char text[8] = {};
    std::strftime(text, sizeof text, "%z", &local);
    zone = text;
  }
  return string_of(object, DCM_ContentDate) + string_of(object, DCM_ContentTime) + zone;
}

void put_predecessor(DcmItem& object, const reading::ObjectSummary& of) {
  object.findAndDeleteElement(DCM_PredecessorDocumentsSequence);
  DcmItem& study = add_item(object, DCM_PredecessorDocumentsSequence);
  put(study, DCM_StudyInstanceUID, of.study_uid);
  DcmItem& series = add_item(study, DCM_ReferencedSeriesSequence);
  put(series, DCM_SeriesInstanceUID, of.series_uid);
  add_reference(series, DCM_ReferencedSOPSequence, of.sop_class_uid, of.sop_instance_uid);
}

/// This program made the new instance; what made the first one is told as having contributed.
void put_equipment(DcmItem& object) {
  static const DcmTagKey kTags[] = {DCM_Manufacturer, DCM_ManufacturerModelName,
                                    DCM_DeviceSerialNumber, DCM_SoftwareVersions, DCM_StationName};
  if (!string_of(object, DCM_Manufacturer).empty()) {
    DcmItem& former = add_item(object, DCM_ContributingEquipmentSequence);
    add_code(former, DCM_PurposeOfReferenceCodeSequence, {"109102", "DCM", "Processing Equipment"});
    for (const DcmTagKey& tag : kTags) copy_if_valid(former, object, tag);
    put(former, DCM_ContributionDescription, "Made the report that was verified");
  }
  for (const DcmTagKey& tag : kTags) object.findAndDeleteElement(tag);
  put(object, DCM_Manufacturer, kManufacturer);
  put(object, DCM_ManufacturerModelName, kModelName);
  put(object, DCM_DeviceSerialNumber, kVersion);
  put(object, DCM_SoftwareVersions, fmt::format("osler {}", kVersion));
}

/// "AI, unverified: ..." -> "AI, verified: ..."
void put_description(DcmItem& object) {
  std::string text = string_of(object, DCM_SeriesDescription);
  const std::size_t at = lower_ascii(text).find("unverified");
  if (at != std::string::npos) put(object, DCM_SeriesDescription, text.erase(at, 2));
}

}  // namespace

ObjectIds put_successor_header(DcmItem& object, const reading::ObjectSummary& predecessor,
                               const std::vector<std::string>& identity) {
  // Signatures were of the predecessor, and so is what it was identical with.
  for (const DcmTagKey& tag : {DCM_DigitalSignaturesSequence, DCM_MACParametersSequence,
                               DCM_IdenticalDocumentsSequence, DCM_CompletionFlagDescription}) {
    object.findAndDeleteElement(tag);
  }
  std::vector<std::string> of_series = identity;
  of_series.push_back("series");
  const ObjectIds ids{predecessor.sop_class_uid, derived_uid(identity), derived_uid(of_series)};
  put(object, DCM_SOPInstanceUID, ids.sop_instance_uid);
  put(object, DCM_SeriesInstanceUID, ids.series_uid);
  put(object, DCM_SeriesNumber, series_number(object, 1));
  put(object, DCM_InstanceNumber, "1");
  put_description(object);
  put_content_time(object);
  for (const DcmTagKey& tag : {DCM_SeriesDate, DCM_InstanceCreationDate}) {
    put(object, tag, string_of(object, DCM_ContentDate));
  }
  for (const DcmTagKey& tag : {DCM_SeriesTime, DCM_InstanceCreationTime}) {
    put(object, tag, string_of(object, DCM_ContentTime));
  }
  put(object, DCM_CompletionFlag, "COMPLETE");
  put(object, DCM_VerificationFlag, "VERIFIED");
  put(object, DCM_PreliminaryFlag, "FINAL");
  put_equipment(object);
  put_predecessor(object, predecessor);
  return ids;
}

void put_verifying_observer(DcmItem& object, const std::string& name,
                            const std::string& organisation) {
  DcmItem& observer = add_item(object, DCM_VerifyingObserverSequence);
  put(observer, DCM_VerifyingOrganization, organisation.empty() ? kNotStated : organisation);
  put(observer, DCM_VerificationDateTime, verification_time(object));
  put(observer, DCM_VerifyingObserverName, name);
  put_empty_sequence(observer, DCM_VerifyingObserverIdentificationCodeSequence);
}

void put_osler_scheme(DcmItem& object) {
  DcmSequenceOfItems* schemes = nullptr;
  if (object.findAndGetSequence(DCM_CodingSchemeIdentificationSequence, schemes).good()) {
    for (unsigned long i = 0; i < schemes->card(); ++i) {
      if (string_of(*schemes->getItem(i), DCM_CodingSchemeDesignator) == kOslerScheme) return;
    }
  }
  DcmItem& scheme = add_item(object, DCM_CodingSchemeIdentificationSequence);
  put(scheme, DCM_CodingSchemeDesignator, kOslerScheme);
  put(scheme, DCM_CodingSchemeName, "Osler project codes");
  put(scheme, DCM_CodingSchemeResponsibleOrganization, kManufacturer);
}

}  // namespace osler::verification
