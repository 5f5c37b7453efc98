#pragma once
// What tells results and what they speak of apart: UIDs that are derived of the findings, and the
// program as the equipment that made them.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "findings/findings.hpp"

namespace osler {

/// Private codes, declared in every object that uses one (PS3.3 C.12.1.1.7).
inline constexpr char kOslerScheme[] = "99OSLER";

/// This program as the equipment that made an object.
inline constexpr char kManufacturer[] = "Osler project";
inline constexpr char kModelName[] = "osler";

/// A result that is a DICOM object.
struct ObjectIds {
  std::string sop_class_uid;
  std::string sop_instance_uid;
  std::string series_uid;
};

/// The same inputs, model and settings give the same UID.
std::string object_uid(const Findings& findings, std::string_view role);

/// Tells one structure from another by its codes.
std::string structure_key(const Code& type, const std::optional<Code>& laterality,
                          const std::optional<Code>& part);

/// Stays the same for one structure of one patient from study to study.
/// @param patient_id, issuer  (0010,0020) and (0010,0021) in the bytes of the header
/// @param structure  structure_key, or a name for what is derived of several
std::string tracking_uid(const std::string& patient_id, const std::string& issuer,
                         const Findings& findings, std::string_view structure);

/// A UID of the program with this model, as a device observer.
std::string device_uid(const Findings& findings);
std::string device_serial_number(const Findings& findings);

/// Source instances in slice order, each once.
std::vector<SliceSource> distinct_instances(const Findings& findings);

}  // namespace osler
