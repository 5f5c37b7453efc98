#include "fhir/fhir.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>

#include "core/base64.hpp"
#include "core/uid.hpp"
#include "fhir/parts.hpp"
#include "findings/report_codes.hpp"
#include "findings/sentences.hpp"

namespace osler::fhir {
namespace {

std::string conclusion_of(const Findings& findings) {
  std::string text = std::string(kUnverified) + ". ";
  if (findings.status == Status::complete) {
    text += fmt::format("Automatic analysis by {} {}: {} volumes, {} asymmetries, {} classes.",
                        findings.model.title, findings.model.version, findings.findings.size(),
                        findings.asymmetries.size(), findings.evaluations.size());
  } else {
    text += "No measurements.";
    for (const std::string& reason : findings.refusals) text += " " + reason;
  }
  return text;
}

Json attachment(const PresentedForm& form, const std::string& issued) {
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(form.bytes.data());
  Json json = {{"contentType", form.content_type},
               {"data", base64({bytes, form.bytes.size()})},
               {"size", form.bytes.size()}};
  put_text(json, "title", form.title);
  json["creation"] = issued;
  return json;
}

void add_diagnostic_report(Report& report, const Json& results) {
  const FhirReferences& references = report.references;
  Json body = {{"meta", ai_label()}};
  if (references.structured_report) {
    body["identifier"] = Json::array({uid_identifier(references.structured_report->sop_instance_uid,
                                                     text_only("SOP Instance UID"))});
  }
  body["status"] = "preliminary";
  body["category"] = Json::array(
      {Json{{"coding", Json::array({{{"system", "http://terminology.hl7.org/CodeSystem/v2-0074"},
                                     {"code", "IMG"},
                                     {"display", "Diagnostic Imaging"}}})}}});
  body["code"] = concept_of(codes::kImagingMeasurementReport);
  body["subject"] = reference(report.patient, "Patient");
  if (!report.effective.empty()) body["effectiveDateTime"] = report.effective;
  body["issued"] = report.issued;
  body["result"] = results;
  if (!report.study.empty()) {
    body["imagingStudy"] = Json::array({reference(report.study, "ImagingStudy")});
  }
  put_text(body, "conclusion", conclusion_of(report.findings));
  if (references.presented_form) {
    body["presentedForm"] = Json::array({attachment(*references.presented_form, report.issued)});
  }
  add(report, "DiagnosticReport", id_of(report.findings, "diagnostic report"), body);
}

/// The same for one patient, and for one study, whatever was found in it.
std::string shared_id(const std::vector<std::string>& parts) {
  return uuid_of(derived_uid(parts));
}

}  // namespace

Json to_fhir(const Findings& findings, const Identity& identity, const FhirReferences& references) {
  const SourceSeries& source = findings.source;
  const std::string& patient_id = identity.stored_patient_id;
  const bool has_patient = !patient_id.empty() || !source.study_uid.empty();
  Report report{
      .findings = findings,
      .identity = identity,
      .references = references,
      .issued = fmt::format("{:%Y-%m-%dT%H:%M:%SZ}",
                            fmt::gmtime(std::chrono::system_clock::to_time_t(references.issued))),
      .effective = date_time(identity.study_date, identity.study_time, identity.timezone),
      .patient = has_patient ? shared_id({"fhir patient",
                                          patient_id.empty() ? source.study_uid : patient_id,
                                          identity.stored_issuer})
                             : id_of(findings, "patient"),
      .study = is_valid_uid(source.study_uid) ? shared_id({"fhir study", source.study_uid}) : "",
      .model = uuid_of(device_uid(findings))};
  add_patient(report);
  add_imaging_study(report);
  add_devices(report);
  const Json results = add_observations(report);
  add_diagnostic_report(report, results);
  // The report first, as in a document.
  std::rotate(report.entries.begin(), std::prev(report.entries.end()), report.entries.end());
  const std::string id = id_of(findings, "bundle");
  return {{"resourceType", "Bundle"},
          {"id", id},
          {"identifier", {{"system", "urn:ietf:rfc:3986"}, {"value", "urn:uuid:" + id}}},
          {"type", "collection"},
          {"timestamp", report.issued},
          {"entry", std::move(report.entries)}};
}

}  // namespace osler::fhir
