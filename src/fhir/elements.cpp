#include "fhir/elements.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>
#include <vector>

#include "core/plain_text.hpp"
#include "core/uid.hpp"
#include "core/utf8.hpp"
#include "findings/identifiers.hpp"

namespace osler::fhir {
namespace {

bool is_number(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

int number(std::string_view text) {
  return std::stoi(std::string(text));
}

/// +0100 -> +01:00; empty if it is no offset of PS3.3 C.12.1.1.8.
std::string offset_of(const std::string& timezone) {
  if (timezone.size() != 5 || (timezone[0] != '+' && timezone[0] != '-') ||
      !is_number(std::string_view(timezone).substr(1)) || number(timezone.substr(1, 2)) > 14 ||
      number(timezone.substr(3)) > 59) {
    return "";
  }
  return timezone.substr(0, 3) + ":" + timezone.substr(3);
}

}  // namespace

std::string system_of(const std::string& scheme) {
  static const std::map<std::string, std::string> kSystems = {
      {"SCT", "http://snomed.info/sct"},
      {"DCM", "http://dicom.nema.org/resources/ontology/DCM"},
      {"LN", "http://loinc.org"},
      {"UCUM", "http://unitsofmeasure.org"},
      {"UMLS", "http://terminology.hl7.org/CodeSystem/umls"},
      {"NCIt", "http://ncicb.nci.nih.gov/xml/owl/EVS/Thesaurus.owl"},
      {"RADLEX", "http://radlex.org"},
      {"I10", "http://hl7.org/fhir/sid/icd-10"}};
  const auto known = kSystems.find(scheme);
  if (known != kSystems.end()) return known->second;
  if (scheme != kOslerScheme) return "";
  const std::vector<std::string> parts = {"coding scheme", kOslerScheme};
  return "urn:oid:" + derived_uid(parts);
}

Json coding(const Code& code) {
  Json json = Json::object();
  const std::string system = system_of(code.scheme);
  if (!system.empty()) json["system"] = system;
  put_text(json, "code", code.value);
  put_text(json, "display", code.meaning);
  return json;
}

Json concept_of(const Code& code) {
  return {{"coding", Json::array({coding(code)})}};
}

Json concept_of(const Code& code, std::string_view text) {
  Json json = concept_of(code);
  put_text(json, "text", text);
  return json;
}

Json text_only(std::string_view text) {
  Json json = Json::object();
  put_text(json, "text", text);
  return json;
}

Json quantity(double value, const Code& unit) {
  if (!std::isfinite(value)) return nullptr;
  // With the digits of the structured report, so that both say the same number.
  return {{"value", std::stod(decimal_string(value))},
          {"unit", unit.value},
          {"system", system_of(unit.scheme)},
          {"code", unit.value}};
}

Json uid_identifier(const std::string& uid, const Json& type) {
  Json json = Json::object();
  if (!type.is_null()) json["type"] = type;
  json["system"] = "urn:dicom:uid";
  json["value"] = "urn:oid:" + uid;
  return json;
}

Json reference(const std::string& uuid, const char* type) {
  return {{"reference", "urn:uuid:" + uuid}, {"type", type}};
}

void put_text(Json& object, const char* key, std::string_view text) {
  std::string line = one_line(text);
  if (!line.empty()) object[key] = std::move(line);
}

bool is_date(std::string_view dashed) {
  if (dashed.size() != 10 || dashed[4] != '-' || dashed[7] != '-' ||
      !is_number(dashed.substr(0, 4)) || !is_number(dashed.substr(5, 2)) ||
      !is_number(dashed.substr(8))) {
    return false;
  }
  using namespace std::chrono;
  const year_month_day date(year(number(dashed.substr(0, 4))),
                            month(static_cast<unsigned>(number(dashed.substr(5, 2)))),
                            day(static_cast<unsigned>(number(dashed.substr(8)))));
  return date.ok() && date.year() > year(0);
}

std::string date_time(const std::string& date, const std::string& time,
                      const std::string& timezone) {
  if (!is_date(date)) return "";
  const std::string offset = offset_of(timezone);
  const std::string_view digits = std::string_view(time).substr(0, 6);
  if (offset.empty() || digits.size() != 6 || !is_number(digits) ||
      number(digits.substr(0, 2)) > 23 || number(digits.substr(2, 2)) > 59 ||
      number(digits.substr(4)) > 59) {
    return date;
  }
  return fmt::format("{}T{}:{}:{}{}", date, digits.substr(0, 2), digits.substr(2, 2),
                     digits.substr(4), offset);
}

Json extension(std::string_view url, const char* value_key, Json value) {
  return {{"url", url}, {value_key, std::move(value)}};
}

}  // namespace osler::fhir
