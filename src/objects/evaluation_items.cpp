#include "objects/evaluation_items.hpp"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>
#include <fmt/format.h>

#include "core/error.hpp"
#include "findings/report_codes.hpp"
#include "findings/sentences.hpp"
#include "findings/statements.hpp"
#include "objects/content_items.hpp"
#include "objects/modules.hpp"

namespace osler::objects {
namespace {

using enum Relationship;

/// The images that an evaluation is of.
std::vector<SliceSource> images_of(const Findings& findings, const Evaluation& evaluation) {
  if (!evaluation.image) return distinct_instances(findings);
  if (*evaluation.image >= findings.source.instances.size()) {
    throw Error(ErrorCode::bad_argument, "an evaluation of an image that is not in its series");
  }
  return {findings.source.instances[*evaluation.image]};
}

void add_group(DcmItem& measurements, DcmItem& source, const Findings& findings,
               const Evaluation& evaluation) {
  const std::vector<SliceSource> images = images_of(findings, evaluation);
  DcmItem& group = add_container(measurements, codes::kMeasurementGroup, "1501");
  add_text_item(group, has_obs_context, codes::kTrackingIdentifier, label_of(evaluation));
  add_uid_item(group, has_obs_context, codes::kTrackingUid,
               tracking_uid(source, findings, tracking_key(findings, evaluation)));
  add_code_item(group, contains, codes::kFinding, evaluation.value);
  for (const SliceSource& image : images) {
    add_image_item(group, codes::kSourceOfMeasurement,
                   {image.sop_class_uid, image.sop_instance_uid, {}, {}});
  }
  DcmItem& probability = add_number_item(group, contains, codes::kProbability,
                                         evaluation.probability, codes::kNoUnits);
  add_algorithm(probability, findings.model, {rule_of(evaluation), calibration_of(evaluation)});
  add_code_item(group, contains, codes::kPresence,
                evaluation.present ? codes::kPresent : codes::kAbsent);
  if (evaluation.exclusive && evaluation.present && evaluation.question != codes::kFinding) {
    add_code_item(group, contains, evaluation.question, evaluation.value);
  }
}

}  // namespace

void add_algorithm(DcmItem& parent, const ModelUse& model, const std::vector<std::string>& more) {
  add_text_item(parent, has_concept_mod, codes::kAlgorithmName, model.name);
  add_text_item(parent, has_concept_mod, codes::kAlgorithmVersion, model.version);
  if (!model.manufacturer.empty()) {
    add_text_item(parent, has_concept_mod, codes::kAlgorithmManufacturer, model.manufacturer);
  }
  add_text_item(parent, has_concept_mod, codes::kAlgorithmParameters,
                "package SHA-256 " + model.digest);
  for (const auto& [name, value] : model.parameters) {
    add_text_item(parent, has_concept_mod, codes::kAlgorithmParameters,
                  fmt::format("{} = {}", name, value));
  }
  for (const std::string& text : more) {
    add_text_item(parent, has_concept_mod, codes::kAlgorithmParameters, text);
  }
  add_code_item(parent, has_concept_mod, codes::kAlgorithmFamily, codes::kArtificialIntelligence);
}

void add_evaluation_groups(DcmItem& measurements, DcmItem& source, const Findings& findings) {
  for (const Evaluation& evaluation : findings.evaluations) {
    add_group(measurements, source, findings, evaluation);
  }
}

}  // namespace osler::objects
