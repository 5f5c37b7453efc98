#include "findings/statements.hpp"

#include <cctype>
#include <cmath>
#include <map>

#include "core/error.hpp"
#include "findings/identifiers.hpp"
#include "findings/report_codes.hpp"
#include "findings/sentences.hpp"

namespace osler {
namespace {

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

}  // namespace

double reported_volume_mm3(const Finding& finding) {
  return std::round(finding.volume_mm3 * 1000) / 1000;
}

Code category_of(const Findings& findings, const Finding& finding) {
  const auto number = static_cast<std::size_t>(finding.segments.front());
  return number >= 1 && number <= findings.segments.size() ? findings.segments[number - 1].category
                                                           : codes::kAnatomicalStructure;
}

const Finding* side_of(const Findings& findings, const Asymmetry& asymmetry, const char* side) {
  const std::string structure = lower(asymmetry.label);
  for (const Finding& finding : findings.findings) {
    if (!finding.part && finding.laterality && finding.laterality->value == side &&
        (lower(finding.code.meaning) == structure || lower(finding.label).ends_with(structure))) {
      return &finding;
    }
  }
  return nullptr;
}

Code modality_code(const std::string& modality) {
  static const std::map<std::string, std::string> kMeanings = {
      {"MR", "Magnetic Resonance"},
      {"CT", "Computed Tomography"},
      {"PT", "Positron emission tomography"},
      {"NM", "Nuclear Medicine"},
      {"CR", "Computed Radiography"},
      {"DX", "Digital Radiography"},
      {"MG", "Mammography"},
      {"US", "Ultrasound"},
      {"OP", "Ophthalmic Photography"},
      {"XC", "External-camera Photography"},
      {"ES", "Endoscopy"}};
  const auto known = kMeanings.find(modality);
  return {modality, "DCM", known == kMeanings.end() ? modality : known->second};
}

std::string tracking_key(const Finding& finding) {
  return structure_key(finding.code, finding.laterality, finding.part);
}

std::string tracking_key(const Asymmetry& asymmetry) {
  return "asymmetry of " + asymmetry.label;
}

std::string tracking_key(const Findings& findings, const Evaluation& evaluation) {
  if (evaluation.image && *evaluation.image >= findings.source.instances.size()) {
    throw Error(ErrorCode::bad_argument, "an evaluation of an image that is not in its series");
  }
  return "evaluation " + structure_key(evaluation.value, std::nullopt, std::nullopt) + " of " +
         (evaluation.image ? findings.source.instances[*evaluation.image].sop_instance_uid
                           : findings.source.series_uid);
}

std::vector<Remark> remarks_of(const Findings& findings) {
  std::vector<Remark> remarks;
  const auto add = [&](const Code& name, const std::string& text) {
    remarks.push_back({name, text});
  };
  if (findings.status != Status::complete) {
    for (const std::string& reason : findings.refusals) add(codes::kNoMeasurements, reason);
    if (findings.refusals.empty()) add(codes::kNoMeasurements, "The analysis did not finish.");
  }
  for (const Gate& gate : findings.gates) {
    if (gate.passed) continue;
    add(gate.level == GateLevel::refuse ? codes::kGateFailed : codes::kGateWarned,
        sentence_of(gate));
  }
  for (const Reason& warning : findings.source.warnings) {
    add(codes::kSourceWarning, warning.code + ": " + warning.detail);
  }
  for (const std::string& text : findings.not_used) add(codes::kNotUsed, text);
  for (const std::string& text : findings.model.limits) add(codes::kLimitation, text);
  add(codes::kIntendedUse, std::string(kUnverified) + ". " + findings.model.intended_use);
  return remarks;
}

}  // namespace osler
