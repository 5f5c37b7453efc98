#pragma once
// Data types of FHIR R4 as JSON. Inside the room only.

#include <string>
#include <string_view>

#include "core/code.hpp"
#include "core/json.hpp"

namespace osler::fhir {

/// The code system of a Coding Scheme Designator (PS3.16 Table 8-1); of this project's own codes an
/// OID; empty for others.
std::string system_of(const std::string& scheme);

Json coding(const Code& code);
Json concept_of(const Code& code);
Json concept_of(const Code& code, std::string_view text);
Json text_only(std::string_view text);

/// Value and unit; a value that is not finite is no value: null.
Json quantity(double value, const Code& unit);

/// Type DICOM UID: system urn:dicom:uid, value urn:oid:... @param type  null: none
Json uid_identifier(const std::string& uid, const Json& type = nullptr);

/// {"reference": "urn:uuid:..."}
Json reference(const std::string& uuid, const char* type);

/// Puts one line of valid text; nothing if it is empty.
void put_text(Json& object, const char* key, std::string_view text);

/// 2020-01-02, or 2020-01-02T03:04:05+01:00 if time and zone are known; empty if it is no date.
/// @param date  dashed; time and timezone as in DICOM
std::string date_time(const std::string& date, const std::string& time,
                      const std::string& timezone);

/// A date of the calendar as FHIR writes it.
bool is_date(std::string_view dashed);

/// Extension with a simple value: {"url", "value<Type>"}.
Json extension(std::string_view url, const char* value_key, Json value);

}  // namespace osler::fhir
