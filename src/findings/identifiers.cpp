#include "findings/identifiers.hpp"

#include <fmt/format.h>

#include <set>

#include "core/uid.hpp"
#include "core/version.hpp"

namespace osler {

std::string object_uid(const Findings& findings, std::string_view role) {
  std::set<std::string> inputs;
  for (const SliceSource& slice : findings.source.instances) inputs.insert(slice.sop_instance_uid);
  std::vector<std::string> parts(inputs.begin(), inputs.end());
  parts.insert(parts.end(), {findings.source.pixel_digest, findings.model.digest,
                             findings.configuration_digest, std::string(role)});
  return derived_uid(parts);
}

std::string structure_key(const Code& type, const std::optional<Code>& laterality,
                          const std::optional<Code>& part) {
  std::string key = type.scheme + ":" + type.value;
  for (const auto& modifier : {laterality, part}) {
    key += modifier ? "|" + modifier->scheme + ":" + modifier->value : "|";
  }
  return key;
}

std::string tracking_uid(const std::string& patient_id, const std::string& issuer,
                         const Findings& findings, std::string_view structure) {
  const std::vector<std::string> parts = {
      "tracking", patient_id.empty() ? findings.source.study_uid : patient_id, issuer,
      std::string(structure)};
  return derived_uid(parts);
}

std::string device_uid(const Findings& findings) {
  const std::vector<std::string> parts = {"device", kVersion, findings.model.digest};
  return derived_uid(parts);
}

std::string device_serial_number(const Findings& findings) {
  // Program and model together are the device: either changes what is measured.
  return fmt::format("{}-{}", kVersion, findings.model.digest.substr(0, 12));
}

std::vector<SliceSource> distinct_instances(const Findings& findings) {
  std::vector<SliceSource> distinct;
  std::set<std::string> seen;
  for (const SliceSource& slice : findings.source.instances) {
    if (seen.insert(slice.sop_instance_uid).second) distinct.push_back(slice);
  }
  return distinct;
}

}  // namespace osler
