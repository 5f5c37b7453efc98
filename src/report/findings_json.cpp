#include "report/findings_json.hpp"

#include <cmath>

#include "core/version.hpp"
#include "findings/sentences.hpp"

namespace osler::report {
namespace {

Json to_json(const Code& code) {
  return {{"value", code.value}, {"scheme", code.scheme}, {"meaning", code.meaning}};
}

Json to_json(const std::optional<Code>& code) {
  return code ? to_json(*code) : Json(nullptr);
}

Json side_of(const std::optional<Code>& laterality) {
  if (!laterality) return nullptr;
  if (laterality->value == "7771000") return "left";
  if (laterality->value == "24028007") return "right";
  return nullptr;
}

/// JSON has no infinity and no NaN.
Json number(double value) {
  return std::isfinite(value) ? Json(value) : Json(nullptr);
}

Json to_json(const Vec3& point) {
  return Json::array({number(point[0]), number(point[1]), number(point[2])});
}

Json to_json(const Intensities& i) {
  return {{"unit", "[hnsf'U]"}, {"voxels", i.voxels},   {"mean", number(i.mean)},
          {"sd", number(i.sd)}, {"min", number(i.min)}, {"max", number(i.max)}};
}

Json to_json(const Norm& norm) {
  return {{"population", norm.population}, {"authority", norm.authority},
          {"mean_mm3", number(norm.mean)}, {"sd_mm3", number(norm.sd)},
          {"low_mm3", number(norm.low)},   {"high_mm3", number(norm.high)},
          {"z", number(norm.z)},           {"percentile", number(norm.percentile)}};
}

Json to_json(const Finding& finding) {
  return {{"label", finding.label},
          {"code", to_json(finding.code)},
          {"laterality", side_of(finding.laterality)},
          {"part", to_json(finding.part)},
          {"volume_mm3", number(finding.volume_mm3)},
          {"centroid_mm", to_json(finding.centroid_mm)},
          {"voxels", finding.voxels},
          {"segments", finding.segments},
          {"intensities", finding.intensities ? to_json(*finding.intensities) : Json(nullptr)},
          {"norm", finding.norm ? to_json(*finding.norm) : Json(nullptr)}};
}

Json to_json(const Segment& segment) {
  return {{"number", segment.number},
          {"label", segment.label},
          {"type", to_json(segment.type)},
          {"laterality", side_of(segment.type_modifier)},
          {"part", to_json(segment.part_modifier)}};
}

Json to_json(const Evaluation& e, const SourceSeries& source) {
  Json image = nullptr;
  if (e.image) {
    image = {{"number", *e.image + 1},
             {"sop_instance_uid", source.instances.at(*e.image).sop_instance_uid}};
  }
  return {{"label", e.label},
          {"question", to_json(e.question)},
          {"code", to_json(e.value)},
          {"probability", number(e.probability)},
          {"threshold", e.threshold ? number(*e.threshold) : Json(nullptr)},
          {"present", e.present},
          {"exclusive", e.exclusive},
          {"nothing_found", e.nothing_found},
          {"calibrated", !e.calibration.empty()},
          {"calibration", e.calibration},
          {"image", std::move(image)}};
}

Json to_json(const Gate& gate) {
  Json json = {{"name", gate.name}, {"meaning", gate.meaning}, {"value", number(gate.value)}};
  const bool least = gate.at_least.has_value();
  json["threshold"] =
      least ? number(*gate.at_least) : (gate.at_most ? number(*gate.at_most) : Json(nullptr));
  json["comparison"] = least ? Json(">=") : (gate.at_most ? Json("<=") : Json(nullptr));
  if (least && gate.at_most) json["at_most"] = number(*gate.at_most);
  json["level"] = gate.level == GateLevel::refuse ? "refuse" : "warn";
  json["passed"] = gate.passed;
  return json;
}

Json to_json(const ModelUse& model) {
  Json parameters = Json::object();
  for (const auto& [name, value] : model.parameters) parameters[name] = value;
  return {{"name", model.name},
          {"title", model.title},
          {"version", model.version},
          {"digest", model.digest},
          {"manufacturer", model.manufacturer},
          {"licence", model.licence},
          {"intended_use", model.intended_use},
          {"protocol", model.protocol},
          {"limits", model.limits},
          {"parameters", std::move(parameters)}};
}

Json to_json(const SourceSeries& source) {
  return {{"source", source_json(source.file)}, {"study_uid", source.study_uid},
          {"series_uid", source.series_uid},    {"modality", source.modality},
          {"slices", source.instances.size()},  {"lossy", source.lossy},
          {"pixel_digest", source.pixel_digest}};
}

template <class T>
Json array_of(const std::vector<T>& values) {
  Json array = Json::array();
  for (const T& value : values) array.push_back(to_json(value));
  return array;
}

}  // namespace

Json source_json(const std::string& file) {
  if (file.empty()) return {{"kind", "dicom"}};
  return {{"kind", "file"}, {"file", file}};
}

Json to_json(const Findings& findings, const std::vector<std::string>& outputs) {
  Json json;
  json["status"] = to_string(findings.status);
  json["notice"] = kUnverified;
  json["osler_version"] = kVersion;
  json["model"] = to_json(findings.model);
  json["device"] = findings.device;
  if (findings.device_peak_bytes) json["device_peak_bytes"] = *findings.device_peak_bytes;
  json["configuration_digest"] = findings.configuration_digest;
  json["findings"] = array_of(findings.findings);
  json["segments"] = array_of(findings.segments);
  json["asymmetries"] = Json::array();
  for (const Asymmetry& a : findings.asymmetries) {
    json["asymmetries"].push_back({{"label", a.label}, {"index", number(a.index)}});
  }
  json["evaluations"] = Json::array();
  for (const Evaluation& e : findings.evaluations) {
    json["evaluations"].push_back(to_json(e, findings.source));
  }
  json["gates"] = array_of(findings.gates);
  json["refusals"] = findings.refusals;
  json["warnings"] = Json::array();
  for (const Reason& reason : findings.source.warnings) {
    json["warnings"].push_back({{"code", reason.code}, {"detail", reason.detail}});
  }
  json["not_used"] = findings.not_used;
  json["timings_ms"] = Json::object();
  for (const auto& [stage, ms] : findings.timings.stages_ms) json["timings_ms"][stage] = number(ms);
  json["inputs"] = Json::array({to_json(findings.source)});
  json["outputs"] = outputs;
  return json;
}

}  // namespace osler::report
