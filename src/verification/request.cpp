#include <fmt/format.h>

#include <algorithm>

#include "core/error.hpp"
#include "core/files.hpp"
#include "core/json.hpp"
#include "verification/verification.hpp"

namespace osler::verification {
namespace {

constexpr std::size_t kMaxStatesBytes = 16 << 20;
constexpr std::size_t kMaxComponentGroup = 64;  // characters (PS3.5 6.2)
constexpr std::size_t kMaxDecimal = 16;

std::string trimmed(const std::string& text) {
  const std::size_t begin = text.find_first_not_of(' ');
  if (begin == std::string::npos) return {};
  return text.substr(begin, text.find_last_not_of(' ') - begin + 1);
}

std::size_t characters_of(std::string_view utf8) {
  return static_cast<std::size_t>(std::count_if(utf8.begin(), utf8.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

[[noreturn]] void bad_name(const char* what) {
  throw Error(ErrorCode::usage, std::string("--as ") + what,
              "a person's name as DICOM writes it: FAMILY^GIVEN");
}

[[noreturn]] void bad_states(const std::string& what) {
  throw Error(ErrorCode::bad_input, "the file of finding states " + what, {},
              "docs/show.md says what it holds");
}

std::string text_in(const Json& json, const char* key) {
  const auto found = json.find(key);
  if (found == json.end() || found->is_null()) return {};
  if (!found->is_string()) bad_states(fmt::format("has a '{}' that is no text", key));
  return found->get<std::string>();
}

/// A number as the file writes it.
std::string number_in(const Json& json, const char* key) {
  const auto found = json.find(key);
  if (found != json.end() && found->is_number()) return found->dump();
  return text_in(json, key);
}

void add_state(const Json& json, VerificationRequest& request) {
  if (!json.is_object()) bad_states("lists what is no finding");
  const std::string finding = text_in(json, "finding"), state = text_in(json, "state");
  if (finding.empty()) bad_states("has a state of no finding");
  if (state == "accepted") {
    request.accepted.push_back(finding);
  } else if (state == "rejected") {
    request.rejected.push_back({finding, text_in(json, "reason")});
  } else if (state == "corrected") {
    const std::string measurement = text_in(json, "measurement");
    request.corrected.push_back({measurement.empty() ? finding : finding + ":" + measurement,
                                 number_in(json, "value"), text_in(json, "unit")});
  } else {
    bad_states("has a state that is none of accepted, rejected, corrected");
  }
}

}  // namespace

void check_person_name(const std::string& name) {
  const std::string text = trimmed(name);
  if (text.empty()) bad_name("names no one");
  if (std::any_of(text.begin(), text.end(), [](char c) {
        return c == '\\' || static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
      })) {
    bad_name("holds a backslash or a control character");
  }
  std::size_t groups = 0;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find('=', begin), text.size());
    const std::string_view group = std::string_view(text).substr(begin, end - begin);
    if (characters_of(group) > kMaxComponentGroup) bad_name("is longer than 64 characters");
    if (std::count(group.begin(), group.end(), '^') > 4) bad_name("has more than five parts");
    ++groups;
    begin = end + 1;
  }
  if (groups > 3) bad_name("has more than three writings of the name");
  const std::string family = trimmed(text.substr(0, text.find_first_of("^=")));
  const bool has_letter = std::any_of(family.begin(), family.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || static_cast<unsigned char>(c) > 0x7F;
  });
  if (!has_letter) bad_name("has no family name");
  const std::string first = text.substr(0, text.find('='));
  if (first.find('^') == std::string::npos && first.find_first_of(" ,") != std::string::npos) {
    bad_name("has no ^ between family and given name");
  }
}

CorrectedValue parse_correction(const std::string& text) {
  const std::size_t sign = text.rfind('=');
  const std::string right = sign == std::string::npos ? "" : trimmed(text.substr(sign + 1));
  const std::size_t space = right.find(' ');
  CorrectedValue corrected{trimmed(text.substr(0, sign)), right.substr(0, space),
                           space == std::string::npos ? "" : trimmed(right.substr(space))};
  if (corrected.measurement.empty() || corrected.value.empty() || corrected.unit.empty()) {
    throw Error(ErrorCode::usage, "--correct cannot be understood",
                "LABEL=VALUE UNIT, such as \"Left hippocampus=3120.5 mm3\"; the unit 1 for a "
                "number without unit");
  }
  if (corrected.value.size() > kMaxDecimal) {
    throw Error(ErrorCode::usage, "--correct has a value of too many digits",
                fmt::format("at most {} characters", kMaxDecimal));
  }
  return corrected;
}

void read_finding_states(const std::filesystem::path& file, VerificationRequest& request) {
  const auto bytes = read_file(file, kMaxStatesBytes);
  const auto* text = reinterpret_cast<const char*>(bytes.data());
  const Json json = Json::parse(text, text + bytes.size(), nullptr, false);
  if (!json.is_object() || !json.contains("findings") || !json["findings"].is_array()) {
    bad_states("is no JSON object with a list 'findings'");
  }
  for (const Json& state : json["findings"]) add_state(state, request);
  request.every_finding_decided = true;
}

}  // namespace osler::verification
