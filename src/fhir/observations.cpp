#include <fmt/format.h>

#include "fhir/parts.hpp"
#include "findings/report_codes.hpp"
#include "findings/sentences.hpp"
#include "findings/statements.hpp"

namespace osler::fhir {
namespace {

constexpr char kCategories[] = "http://terminology.hl7.org/CodeSystem/observation-category";
constexpr char kAbsentReasons[] = "http://terminology.hl7.org/CodeSystem/data-absent-reason";

Json absent(const char* code, const char* display) {
  return {{"coding",
           Json::array({{{"system", kAbsentReasons}, {"code", code}, {"display", display}}})}};
}

/// The value, or why there is none.
void put_quantity(Json& json, double value, const Code& unit) {
  Json measured = quantity(value, unit);
  if (measured.is_null()) {
    json["dataAbsentReason"] = absent("not-a-number", "Not a Number (NaN)");
  } else {
    json["valueQuantity"] = std::move(measured);
  }
}

/// An observation can be read without the others: what qualifies it goes with it.
Json notes_of(const Findings& findings, const std::vector<std::string>& more = {}) {
  Json notes = Json::array({text_only(kUnverified)});
  for (const std::string& text : more) notes.push_back(text_only(text));
  for (const Gate& gate : findings.gates) {
    if (!gate.passed) notes.push_back(text_only("Quality check: " + sentence_of(gate)));
  }
  return notes;
}

/// The structure's code and, where it has a side, SNOMED CT's expression of both.
Json body_site(const Finding& site, std::string_view label) {
  Json json = concept_of(site.code, label);
  if (site.laterality && site.code.scheme == "SCT" && site.laterality->scheme == "SCT") {
    json["coding"].push_back(coding(
        {fmt::format("{}:{}={}", site.code.value, codes::kLaterality.value, site.laterality->value),
         "SCT", fmt::format("{}: {}", site.code.meaning, site.laterality->meaning)}));
  }
  return json;
}

/// Everything but code and value.
Json observation(const Report& report, const Code& category) {
  Json imaging = {{"system", kCategories}, {"code", "imaging"}, {"display", "Imaging"}};
  Json body = {{"meta", ai_label()}};
  if (!report.study.empty()) {
    body["partOf"] = Json::array({reference(report.study, "ImagingStudy")});
  }
  body["status"] = "preliminary";
  body["category"] =
      Json::array({Json{{"coding", Json::array({std::move(imaging)})}}, concept_of(category)});
  body["code"] = nullptr;  // its place
  body["subject"] = reference(report.patient, "Patient");
  if (!report.effective.empty()) body["effectiveDateTime"] = report.effective;
  body["issued"] = report.issued;
  body["device"] = reference(report.model, "Device");
  return body;
}

void put_source(Json& body, const Report& report) {
  if (!report.study.empty()) {
    body["derivedFrom"] = Json::array({reference(report.study, "ImagingStudy")});
  }
}

/// The segments of a measurement, if there is a segmentation that is in DICOM.
void add_segments(Report& report, Json& focus, const std::string& key, std::vector<int> segments) {
  if (report.study.empty() || !report.references.segmentation) return;
  const ObjectIds& seg = *report.references.segmentation;
  focus.push_back(
      add_selection(report, {key, codes::kReferencedSegment, seg.series_uid, seg.sop_class_uid,
                             seg.sop_instance_uid, std::move(segments)}));
}

std::string add_volume(Report& report, const Finding& finding) {
  const std::string key = tracking_key(finding);
  Json body = observation(report, codes::kMeasurementGroup);
  body["code"] = concept_of(codes::kVolume, "Volume: " + finding.label);
  put_quantity(body, reported_volume_mm3(finding), codes::kCubicMillimetre);
  Json focus = Json::array({add_body_structure(report, key, finding.label, &finding)});
  add_segments(report, focus, key, finding.segments);
  body["focus"] = std::move(focus);
  body["bodySite"] = body_site(finding, finding.label);
  body["method"] = concept_of(codes::kSumOfVoxels);
  body["note"] = notes_of(report.findings);
  put_source(body, report);
  std::string id = id_of(report.findings, "observation " + key);
  add(report, "Observation", id, body);
  return id;
}

std::string add_asymmetry(Report& report, const Asymmetry& asymmetry) {
  const std::string key = tracking_key(asymmetry);
  const std::string label = asymmetry.label + ", left against right";
  const Finding* left = side_of(report.findings, asymmetry, "7771000");
  const Finding* right = side_of(report.findings, asymmetry, "24028007");
  Json body = observation(report, codes::kMeasurementGroup);
  body["code"] = concept_of(codes::kAsymmetryIndex, label);
  put_quantity(body, asymmetry.index, codes::kNoUnits);
  put_source(body, report);
  Json focus = Json::array();
  if (left != nullptr && right != nullptr) {
    Finding both = *left;
    both.laterality = codes::kBoth;
    body["bodySite"] = body_site(both, asymmetry.label);
    focus.push_back(add_body_structure(report, key, label, &both));
    std::vector<int> segments = left->segments;
    segments.insert(segments.end(), right->segments.begin(), right->segments.end());
    add_segments(report, focus, key, std::move(segments));
    for (const Finding* side : {left, right}) {
      body["derivedFrom"].push_back(
          reference(id_of(report.findings, "observation " + tracking_key(*side)), "Observation"));
    }
  } else {
    focus.push_back(add_body_structure(report, key, label, nullptr));
  }
  body["focus"] = std::move(focus);
  body["note"] = notes_of(report.findings);
  std::string id = id_of(report.findings, "observation " + key);
  add(report, "Observation", id, body);
  return id;
}

/// What was asked is the class, the answer whether it is there: a class that is absent must not be
/// read as a diagnosis.
std::string add_evaluation(Report& report, const Evaluation& evaluation) {
  const Findings& findings = report.findings;
  const std::string key = tracking_key(findings, evaluation);
  Json body = observation(report, codes::kMeasurementGroup);
  body["code"] = concept_of(evaluation.value, label_of(evaluation));
  body["valueCodeableConcept"] = concept_of(evaluation.present ? codes::kPresent : codes::kAbsent);
  Json probability = {{"code", concept_of(codes::kProbability)}};
  put_quantity(probability, evaluation.probability, codes::kNoUnits);
  Json components = Json::array({std::move(probability)});
  if (evaluation.exclusive && evaluation.present && evaluation.question != codes::kFinding) {
    components.push_back({{"code", concept_of(evaluation.question)},
                          {"valueCodeableConcept", concept_of(evaluation.value)}});
  }
  body["component"] = std::move(components);
  Json focus = Json::array({add_body_structure(report, key, label_of(evaluation), nullptr)});
  if (evaluation.image && !report.study.empty()) {
    const SliceSource& image = findings.source.instances[*evaluation.image];
    focus.push_back(add_selection(report, {key,
                                           codes::kSourceOfMeasurement,
                                           findings.source.series_uid,
                                           image.sop_class_uid,
                                           image.sop_instance_uid,
                                           {}}));
  }
  body["focus"] = std::move(focus);
  body["note"] = notes_of(findings, {rule_of(evaluation), calibration_of(evaluation)});
  put_source(body, report);
  std::string id = id_of(findings, "observation " + key);
  add(report, "Observation", id, body);
  return id;
}

std::string add_remark(Report& report, const Remark& remark, std::size_t number) {
  Json body = observation(report, codes::kQualitativeEvaluations);
  body["code"] = concept_of(remark.name);
  body["valueCodeableConcept"] = text_only(remark.text);
  std::string id = id_of(report.findings, fmt::format("remark {}", number));
  add(report, "Observation", id, body);
  return id;
}

/// Stands where the measurements would.
std::string add_no_measurements(Report& report) {
  Json body = observation(report, codes::kMeasurementGroup);
  body["code"] = concept_of(codes::kImagingMeasurements);
  body["dataAbsentReason"] = absent("not-performed", "Not Performed");
  body["note"] = notes_of(report.findings, report.findings.refusals);
  put_source(body, report);
  std::string id = id_of(report.findings, "no measurements");
  add(report, "Observation", id, body);
  return id;
}

}  // namespace

Json add_observations(Report& report) {
  const Findings& findings = report.findings;
  std::vector<std::string> ids;
  if (findings.status == Status::complete) {
    for (const Finding& finding : findings.findings) ids.push_back(add_volume(report, finding));
    for (const Asymmetry& one : findings.asymmetries) ids.push_back(add_asymmetry(report, one));
    for (const Evaluation& one : findings.evaluations) ids.push_back(add_evaluation(report, one));
  } else {
    ids.push_back(add_no_measurements(report));
  }
  std::size_t number = 0;
  for (const Remark& remark : remarks_of(findings)) {
    ids.push_back(add_remark(report, remark, ++number));
  }
  Json references = Json::array();
  for (const std::string& id : ids) references.push_back(reference(id, "Observation"));
  return references;
}

}  // namespace osler::fhir
