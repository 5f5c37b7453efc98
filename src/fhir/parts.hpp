#pragma once
// The resources of the bundle. Inside the room only.

#include <string>
#include <string_view>
#include <vector>

#include "fhir/elements.hpp"
#include "fhir/fhir.hpp"

namespace osler::fhir {

/// What all resources of one report share.
struct Report {
  const Findings& findings;
  const Identity& identity;
  const FhirReferences& references;
  std::string issued;     ///< instant
  std::string effective;  ///< dateTime of the study; empty: not known
  std::string patient;    ///< UUIDs of resources
  std::string study;      ///< empty: the source is not DICOM
  std::string model;
  Json entries = Json::array();
};

/// A UUID that the same run gives again.
std::string id_of(const Findings& findings, std::string_view role);

/// Appends a resource. @param body  what follows resourceType and id
void add(Report& report, const char* type, const std::string& uuid, const Json& body);

/// meta.security: asserted by an artificial intelligence.
Json ai_label();

void add_patient(Report& report);
void add_imaging_study(Report& report);
/// The program, and the model as its part.
void add_devices(Report& report);

/// What an observation is about. @return its reference
Json add_body_structure(Report& report, const std::string& key, std::string_view label,
                        const Finding* site);

/// Instances of one series (R5 ImagingSelection). @return its reference
struct Selection {
  std::string key;
  Code purpose;  ///< (121191, DCM, Referenced Segment)
  std::string series_uid;
  std::string sop_class_uid;
  std::string sop_instance_uid;
  std::vector<int> segments;
};
Json add_selection(Report& report, const Selection& selection);

/// @return references to all observations
Json add_observations(Report& report);

}  // namespace osler::fhir
