#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "core/uid.hpp"
#include "core/utf8.hpp"
#include "core/version.hpp"
#include "fhir/parts.hpp"
#include "findings/report_codes.hpp"
#include "findings/sentences.hpp"
#include "findings/statements.hpp"

// Resources that the observations hang on: whose they are, of which images, by what.

namespace osler::fhir {
namespace {

constexpr char kCrossVersion[] = "http://hl7.org/fhir/5.0/StructureDefinition/";
constexpr char kSegmentation[] = "1.2.840.10008.5.1.4.1.1.66.";
constexpr char kStructuredReports[] = "1.2.840.10008.5.1.4.1.1.88.";
constexpr char kEncapsulatedDocuments[] = "1.2.840.10008.5.1.4.1.1.104.";

std::vector<std::string> split(std::string_view text, char delimiter) {
  std::vector<std::string> parts;
  for (;;) {
    const auto cut = text.find(delimiter);
    parts.emplace_back(text.substr(0, cut));
    if (cut == std::string_view::npos) return parts;
    text.remove_prefix(cut + 1);
  }
}

/// Family^Given^Middle^Prefix^Suffix (PS3.5 6.2.1.1). @param representation  ABC, IDE or SYL
Json human_name(std::string_view group, const char* representation) {
  std::vector<std::string> parts = split(group, '^');
  parts.resize(std::max<std::size_t>(parts.size(), 5));
  Json name = Json::object();
  put_text(name, "family", parts[0]);
  Json given = Json::array();
  for (const std::size_t i : {1, 2}) {
    const std::string line = one_line(parts[i]);
    if (!line.empty()) given.push_back(line);
  }
  if (!given.empty()) name["given"] = given;
  for (const auto& [key, i] : {std::pair{"prefix", 3}, {"suffix", 4}}) {
    const std::string line = one_line(parts[static_cast<std::size_t>(i)]);
    if (!line.empty()) name[key] = Json::array({line});
  }
  if (name.empty()) return nullptr;
  name["extension"] =
      Json::array({extension("http://hl7.org/fhir/StructureDefinition/iso21090-EN-representation",
                             "valueCode", representation)});
  return name;
}

Json names_of(const std::string& person_name) {
  static constexpr const char* kRepresentations[] = {"ABC", "IDE", "SYL"};
  Json names = Json::array();
  const std::vector<std::string> groups = split(person_name, '=');
  for (std::size_t i = 0; i < std::min<std::size_t>(groups.size(), 3); ++i) {
    Json name = human_name(groups[i], kRepresentations[i]);
    if (!name.is_null()) names.push_back(std::move(name));
  }
  return names;
}

/// Modality of an object that this program writes.
const char* modality_of(const std::string& sop_class_uid) {
  if (sop_class_uid.starts_with(kSegmentation)) return "SEG";
  if (sop_class_uid.starts_with(kStructuredReports)) return "SR";
  return sop_class_uid.starts_with(kEncapsulatedDocuments) ? "DOC" : "OT";
}

Json instance(const std::string& sop_class_uid, const std::string& sop_instance_uid) {
  Json json = {{"uid", sop_instance_uid}};
  json["sopClass"] = {{"system", "urn:ietf:rfc:3986"}, {"code", "urn:oid:" + sop_class_uid}};
  return json;
}

Json source_series(const Findings& findings) {
  Json series = {{"uid", findings.source.series_uid},
                 {"modality", coding(modality_code(findings.source.modality))}};
  Json instances = Json::array();
  for (const SliceSource& slice : distinct_instances(findings)) {
    if (!is_valid_uid(slice.sop_class_uid) || !is_valid_uid(slice.sop_instance_uid)) continue;
    instances.push_back(instance(slice.sop_class_uid, slice.sop_instance_uid));
  }
  if (!instances.empty()) series["instance"] = std::move(instances);
  return series;
}

std::vector<ObjectIds> objects_of(const FhirReferences& references) {
  std::vector<ObjectIds> objects;
  if (references.segmentation) objects.push_back(*references.segmentation);
  if (references.structured_report) objects.push_back(*references.structured_report);
  objects.insert(objects.end(), references.others.begin(), references.others.end());
  return objects;
}

Json property(const Code& type, std::string_view text) {
  return {{"type", concept_of(type)}, {"valueCode", Json::array({text_only(text)})}};
}

}  // namespace

std::string id_of(const Findings& findings, std::string_view role) {
  return uuid_of(object_uid(findings, "fhir " + std::string(role)));
}

void add(Report& report, const char* type, const std::string& uuid, const Json& body) {
  Json resource = {{"resourceType", type}, {"id", uuid}};
  resource.update(body);
  report.entries.push_back({{"fullUrl", "urn:uuid:" + uuid}, {"resource", std::move(resource)}});
}

Json ai_label() {
  return {{"security",
           Json::array({{{"system", "http://terminology.hl7.org/CodeSystem/v3-ObservationValue"},
                         {"code", "AIAST"},
                         {"display", "Artificial Intelligence asserted"}}})}};
}

void add_patient(Report& report) {
  const Identity& identity = report.identity;
  Json body = Json::object();
  Json identifier = Json::object();
  put_text(identifier, "value", identity.patient_id);
  if (!identifier.empty()) {
    Json assigner = Json::object();
    put_text(assigner, "display", identity.issuer_of_patient_id);
    if (!assigner.empty()) identifier["assigner"] = std::move(assigner);
    body["identifier"] = Json::array({std::move(identifier)});
  }
  Json names = names_of(identity.patient_name);
  if (!names.empty()) body["name"] = std::move(names);
  static const std::map<std::string, std::string> kGenders = {
      {"M", "male"}, {"F", "female"}, {"O", "other"}};
  if (!identity.sex.empty()) {
    const auto known = kGenders.find(identity.sex);
    body["gender"] = known == kGenders.end() ? "unknown" : known->second;
  }
  if (is_date(identity.birth_date)) body["birthDate"] = identity.birth_date;
  add(report, "Patient", report.patient, body);
}

void add_imaging_study(Report& report) {
  const Findings& findings = report.findings;
  if (report.study.empty()) return;
  Json body = {{"identifier",
                Json::array({uid_identifier(findings.source.study_uid,
                                            concept_of({"110180", "DCM", "Study Instance UID"}))})},
               {"status", "available"},
               {"modality", Json::array({coding(modality_code(findings.source.modality))})},
               {"subject", reference(report.patient, "Patient")}};
  Json accession = Json::object();
  put_text(accession, "value", report.identity.accession_number);
  if (!accession.empty()) {
    accession["type"] = concept_of({"ACSN", "", "Accession ID"});
    accession["type"]["coding"][0]["system"] = "http://terminology.hl7.org/CodeSystem/v2-0203";
    body["identifier"].push_back(std::move(accession));
  }
  if (!report.effective.empty()) body["started"] = report.effective;
  Json series = Json::array();
  if (is_valid_uid(findings.source.series_uid)) series.push_back(source_series(findings));
  for (const ObjectIds& ids : objects_of(report.references)) {
    const Json one = instance(ids.sop_class_uid, ids.sop_instance_uid);
    const auto known = std::find_if(series.begin(), series.end(), [&](const Json& json) {
      return json["uid"] == ids.series_uid;
    });
    if (known != series.end()) {
      (*known)["instance"].push_back(one);
      continue;
    }
    series.push_back({{"uid", ids.series_uid},
                      {"modality", coding(modality_code(modality_of(ids.sop_class_uid)))},
                      {"description", kUnverified},
                      {"instance", Json::array({one})}});
  }
  if (!series.empty()) body["series"] = std::move(series);
  add(report, "ImagingStudy", report.study, body);
}

void add_devices(Report& report) {
  const ModelUse& model = report.findings.model;
  const std::vector<std::string> parts = {"fhir program", kVersion};
  const std::string program = uuid_of(derived_uid(parts));
  add(report, "Device", program,
      {{"status", "active"},
       {"manufacturer", kManufacturer},
       {"deviceName", Json::array({{{"name", kModelName}, {"type", "model-name"}}})},
       {"version", Json::array({{{"value", kVersion}}})}});

  Json body = {{"identifier", Json::array({uid_identifier(device_uid(report.findings))})},
               {"status", "active"}};
  put_text(body, "manufacturer", model.manufacturer);
  body["serialNumber"] = device_serial_number(report.findings);
  Json names = Json::array();
  for (const auto& [name, type] :
       {std::pair{&model.name, "model-name"}, {&model.title, "user-friendly-name"}}) {
    Json json = Json::object();
    put_text(json, "name", *name);
    if (json.empty()) continue;
    json["type"] = type;
    names.push_back(std::move(json));
  }
  if (!names.empty()) body["deviceName"] = std::move(names);
  body["type"] = concept_of(codes::kArtificialIntelligence);
  Json version = Json::object();
  put_text(version, "value", model.version);
  if (!version.empty()) body["version"] = Json::array({std::move(version)});
  Json properties =
      Json::array({property(codes::kAlgorithmParameters, "package SHA-256 " + model.digest)});
  for (const auto& [name, value] : model.parameters) {
    properties.push_back(
        property(codes::kAlgorithmParameters, fmt::format("{} = {}", name, value)));
  }
  body["property"] = std::move(properties);
  body["note"] = Json::array({text_only(std::string(kUnverified) + ". " + model.intended_use)});
  body["parent"] = reference(program, "Device");
  add(report, "Device", report.model, body);
}

Json add_body_structure(Report& report, const std::string& key, std::string_view label,
                        const Finding* site) {
  const Identity& identity = report.identity;
  const std::string uid =
      tracking_uid(identity.stored_patient_id, identity.stored_issuer, report.findings, key);
  Json tracking = {{"type", concept_of(codes::kTrackingIdentifier)}};
  put_text(tracking, "value", label);
  Json body = {{"identifier",
                Json::array({tracking, uid_identifier(uid, concept_of(codes::kTrackingUid))})}};
  if (site != nullptr) {
    body["location"] = concept_of(site->code);
    Json qualifiers = Json::array();
    for (const auto* modifier : {&site->laterality, &site->part}) {
      if (*modifier) qualifiers.push_back(concept_of(**modifier));
    }
    if (!qualifiers.empty()) body["locationQualifier"] = std::move(qualifiers);
  }
  put_text(body, "description", label);
  body["patient"] = reference(report.patient, "Patient");
  const std::string id = id_of(report.findings, "body structure " + key);
  add(report, "BodyStructure", id, body);
  return reference(id, "BodyStructure");
}

Json add_selection(Report& report, const Selection& selection) {
  const auto url = [](const char* element) {
    return std::string(kCrossVersion) + "extension-ImagingSelection." + element;
  };
  const SourceSeries& source = report.findings.source;
  Json extensions = Json::array(
      {extension(url("code"), "valueCodeableConcept", concept_of(selection.purpose)),
       extension(url("studyUid"), "valueId", source.study_uid),
       extension(url("derivedFrom"), "valueReference", reference(report.study, "ImagingStudy")),
       extension(url("seriesUid"), "valueId", selection.series_uid)});
  if (is_valid_uid(source.frame_of_reference_uid)) {
    extensions.push_back(
        extension(url("frameOfReferenceUid"), "valueId", source.frame_of_reference_uid));
  }
  Json parts = Json::array(
      {extension("uid", "valueId", selection.sop_instance_uid),
       extension(
           "sopClass", "valueCoding",
           {{"system", "https://dicom.nema.org/medical/dicom/current/output/chtml/part04/sect_B.5"},
            {"code", selection.sop_class_uid}})});
  for (const int segment : selection.segments) {
    parts.push_back(extension("subset", "valueString", std::to_string(segment)));
  }
  extensions.push_back({{"url", url("instance")}, {"extension", std::move(parts)}});

  Json type = {{"system", "http://hl7.org/fhir/fhir-types"}, {"code", "ImagingSelection"}};
  const std::string id = id_of(report.findings, "selection " + selection.key);
  add(report, "Basic", id,
      {{"meta",
        {{"profile", Json::array({std::string(kCrossVersion) + "profile-ImagingSelection"})}}},
       {"extension", std::move(extensions)},
       {"modifierExtension", Json::array({extension(url("status"), "valueCode", "available")})},
       {"code", {{"coding", Json::array({std::move(type)})}}},
       {"subject", reference(report.patient, "Patient")}});
  return reference(id, "Basic");
}

}  // namespace osler::fhir
