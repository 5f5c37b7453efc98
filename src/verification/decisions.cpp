#include "verification/decisions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "core/error.hpp"
#include "reading/content_tree.hpp"

namespace osler::verification {
namespace {

using reading::Measurement;
using reading::MeasurementGroup;

constexpr std::size_t kMostListed = 30;

std::string lower(std::string text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return text;
}

std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < names.size() && i < kMostListed; ++i) {
    text += (i == 0 ? "" : ", ") + names[i];
  }
  if (names.size() > kMostListed) text += fmt::format(" and {} more", names.size() - kMostListed);
  return text.empty() ? "none" : text;
}

/// The group of that name; null if there is none. @throws Error usage if there are several
const MeasurementGroup* find_group(const Groups& groups, const std::string& name) {
  std::vector<const MeasurementGroup*> found;
  for (const MeasurementGroup& g : groups) {
    if (name == fmt::format("#{}", g.number)) return &g;
    if (lower(g.label) == lower(name) || (!name.empty() && g.tracking_uid == name)) {
      found.push_back(&g);
    }
  }
  if (found.size() > 1) {
    std::vector<std::string> numbers;
    for (const auto* g : found) numbers.push_back(fmt::format("#{}", g->number));
    throw Error(ErrorCode::usage, fmt::format("'{}' names several findings", name), {},
                "name it by its number: " + listed(numbers));
  }
  return found.empty() ? nullptr : found.front();
}

const MeasurementGroup& group_of(const Groups& groups, const std::string& name) {
  if (const MeasurementGroup* group = find_group(groups, name)) return *group;
  std::vector<std::string> labels;
  for (const MeasurementGroup& g : groups)
    labels.push_back(fmt::format("#{} {}", g.number, g.label));
  throw Error(ErrorCode::usage, fmt::format("the report has no finding '{}'", name),
              "one of: " + listed(labels), "'osler show' lists them");
}

bool is_called(const Measurement& m, const std::string& name) {
  return lower(name_of(m)) == lower(name) ||
         (m.name && (lower(m.name->meaning) == lower(name) || m.name->value == name));
}

struct Target {
  const MeasurementGroup* group = nullptr;
  std::string measurement;  ///< empty: the only one
};

/// "LABEL" or "LABEL:MEASUREMENT", either of which may hold colons.
Target target_of(const Groups& groups, const std::string& name) {
  if (const MeasurementGroup* group = find_group(groups, name)) return {group, {}};
  for (std::size_t colon = name.rfind(':'); colon != std::string::npos && colon > 0;
       colon = name.rfind(':', colon - 1)) {
    const MeasurementGroup* group = find_group(groups, name.substr(0, colon));
    if (group != nullptr) return {group, name.substr(colon + 1)};
  }
  return {&group_of(groups, name), {}};
}

const Measurement& measurement_of(const Target& target, const std::string& unit) {
  std::vector<const Measurement*> found;
  std::vector<std::string> names;
  for (const Measurement& m : target.group->measurements) {
    if (!m.value || !m.unit) continue;
    names.push_back(fmt::format("{}, {}", name_of(m), m.unit->value));
    const bool is_named = target.measurement.empty() || is_called(m, target.measurement);
    if (is_named && m.unit->value == unit) found.push_back(&m);
  }
  // A name that is whole goes before those that only begin so.
  const auto whole = std::find_if(found.begin(), found.end(), [&](const Measurement* m) {
    return lower(name_of(*m)) == lower(target.measurement);
  });
  const auto twin = whole == found.end()
                        ? found.end()
                        : std::find_if(whole + 1, found.end(), [&](const Measurement* m) {
                            return name_of(*m) == name_of(**whole);
                          });
  if (whole != found.end() && twin == found.end()) return **whole;
  if (found.size() == 1) return *found.front();
  throw Error(ErrorCode::usage,
              fmt::format("'{}' has {} such number in {}", target.group->label,
                          found.empty() ? "no" : "more than one", unit),
              "one of: " + fmt::format("{}", fmt::join(names, "; ")),
              "name it as LABEL:MEASUREMENT (DERIVATION), in the unit that stands there");
}

void add_dependent(const std::vector<Measurement>& all, const Measurement& source,
                   const MeasurementGroup& group, std::vector<std::string>& labels) {
  for (const Measurement& m : all) {
    const bool same = m.name && source.name && *m.name == *source.name && m.text == source.text;
    if (same && std::find(labels.begin(), labels.end(), group.label) == labels.end()) {
      labels.push_back(group.label);
    }
    add_dependent(m.related, source, group, labels);
  }
}

}  // namespace

std::string name_of(const Measurement& m) {
  std::string name = m.name ? m.name->meaning : "";
  if (m.derivation) name += " (" + m.derivation->meaning + ")";
  return name;
}

Decisions decide(const Groups& groups, const VerificationRequest& request) {
  Decisions decisions;
  std::set<const MeasurementGroup*> decided;
  for (const std::string& name : request.accepted) decided.insert(&group_of(groups, name));
  const std::set<const MeasurementGroup*> accepted = decided;
  for (const RejectedFinding& r : request.rejected) {
    const MeasurementGroup& group = group_of(groups, r.finding);
    if (!decisions.rejected.emplace(&group, r.reason).second || accepted.contains(&group)) {
      throw Error(ErrorCode::usage, fmt::format("'{}' is decided twice", group.label));
    }
    decided.insert(&group);
  }
  for (const CorrectedValue& c : request.corrected) {
    const Target target = target_of(groups, c.measurement);
    const Measurement& m = measurement_of(target, c.unit);
    const bool is_twice = std::any_of(decisions.corrected.begin(), decisions.corrected.end(),
                                      [&](const Correction& x) { return x.measurement == &m; });
    if (is_twice || decisions.rejected.contains(target.group) || accepted.contains(target.group)) {
      throw Error(ErrorCode::usage, fmt::format("'{}' is decided twice", target.group->label));
    }
    if (!reading::is_decimal_string(c.value)) {
      throw Error(ErrorCode::usage, fmt::format("'{}' is no number", c.value),
                  "a decimal number of at most 16 characters");
    }
    decisions.corrected.push_back({target.group, &m, c.value});
    decided.insert(target.group);
  }
  for (const MeasurementGroup& g : groups) {
    if (request.every_finding_decided && !decided.contains(&g)) {
      throw Error(ErrorCode::usage, fmt::format("nothing is said of '{}'", g.label),
                  "a state of every finding of the report");
    }
  }
  return decisions;
}

std::vector<std::string> not_recomputed(const Groups& groups, const Decisions& decisions) {
  std::vector<const Measurement*> gone;
  for (const Correction& c : decisions.corrected) gone.push_back(c.measurement);
  for (const auto& [group, reason] : decisions.rejected) {
    for (const Measurement& m : group->measurements) gone.push_back(&m);
  }
  std::vector<std::string> labels;
  for (const MeasurementGroup& g : groups) {
    if (decisions.rejected.contains(&g)) continue;
    for (const Measurement& m : g.measurements) {
      for (const Measurement* source : gone) {
        if (source != &m) add_dependent(m.related, *source, g, labels);
      }
    }
  }
  return labels;
}

std::vector<std::string> identity_of(const std::string& predecessor_uid,
                                     const VerificationRequest& request,
                                     const Decisions& decisions) {
  std::vector<std::string> parts{"verification", predecessor_uid, request.observer,
                                 request.organisation};
  std::set<std::string> decided;
  for (const auto& [group, reason] : decisions.rejected) {
    decided.insert("rejected " + group->path + " " + reason);
  }
  for (const Correction& c : decisions.corrected) {
    decided.insert("corrected " + c.measurement->path + " " + c.value);
  }
  parts.insert(parts.end(), decided.begin(), decided.end());
  return parts;
}

}  // namespace osler::verification
