#include "reading/measurement_report.hpp"

#include <algorithm>

#include "reading/concepts.hpp"

namespace osler::reading {
namespace {

using concepts::Concept;

bool is(const ContentItem& item, const Concept& what) {
  return item.name && what.is(*item.name);
}

struct Role {
  const Concept& what;
  const char* name;
};
constexpr Role kRoles[] = {{concepts::kReferencedSegment, "segment"},
                           {concepts::kReferencedFrame, "segmentation_frame"},
                           {concepts::kImageRegion, "region"},
                           {concepts::kRegionInSpace, "region_in_space"},
                           {concepts::kVolumeSurface, "volume_surface"},
                           {concepts::kSourceImage, "source_image"},
                           {concepts::kSourceSeries, "source_series"},
                           {concepts::kSourceOfMeasurement, "source_of_measurement"},
                           {concepts::kValueMap, "value_map"}};

bool is_object(const ContentItem& item) {
  return !item.references.empty() || item.value_type == "IMAGE" || item.value_type == "COMPOSITE" ||
         item.value_type == "WAVEFORM";
}

bool is_reference(const ContentItem& item) {
  return is_object(item) || item.graphic || is(item, concepts::kSourceSeries);
}

/// References of an item and of all below it.
void add_objects(const ContentItem& item, std::vector<ContentReference>& objects) {
  objects.insert(objects.end(), item.references.begin(), item.references.end());
  for (const ContentItem& child : item.children) add_objects(child, objects);
}

/// @return whether the item is a part of the description of an algorithm (TID 4019)
bool add_to_algorithm(const ContentItem& item, Algorithm& algorithm) {
  if (is(item, concepts::kAlgorithmName)) {
    algorithm.name = item.text;
  } else if (is(item, concepts::kAlgorithmVersion)) {
    algorithm.version = item.text;
  } else if (is(item, concepts::kAlgorithmManufacturer)) {
    algorithm.manufacturer = item.text;
  } else if (is(item, concepts::kAlgorithmParameters)) {
    algorithm.parameters.push_back(item.text);
  } else if (is(item, concepts::kAlgorithmFamily)) {
    algorithm.family = item.code;
  } else {
    return false;
  }
  return true;
}

Site site_of(const ContentItem& item) {
  Site site{item.code.value_or(Code{}), {}, {}};
  for (const ContentItem& child : item.children) {
    if (!child.code) continue;
    if (is(child, concepts::kLaterality)) {
      site.laterality = child.code;
    } else {
      site.modifiers.push_back(*child.code);
    }
  }
  return site;
}

/// Items and references of an item and all below it, with the numbers of its graphics or without;
/// what is more than `most` is not counted.
std::size_t weight(const ContentItem& item, bool with_graphics, std::size_t most) {
  std::size_t sum = 1 + item.references.size();
  if (with_graphics && item.graphic) sum += item.graphic->data.size();
  for (const ContentItem& child : item.children) {
    if (sum >= most) break;
    sum += weight(child, with_graphics, most - sum);
  }
  return sum;
}

Evaluation evaluation_of(const ContentItem& item) {
  return {item.path, item.name, item.code, item.text};
}

class Reader {
 public:
  explicit Reader(const ContentItem& root) : root_(root) {}

  /// The item itself, or the one that it stands for.
  const ContentItem& resolved(const ContentItem& item) {
    if (item.refers_to.empty()) return item;
    const ContentItem* target = content_at(root_, item.refers_to);
    if (target == nullptr) return item;
    return spend(*target, true) ? *target : item;
  }

  bool is_cut_off() const { return budget_ == 0; }

  Measurement measurement(const ContentItem& item) {
    Measurement m;
    m.path = item.path;
    m.name = item.name;
    m.value = item.number;
    m.text = item.text;
    m.unit = item.unit;
    m.qualifier = item.qualifier;
    for (const ContentItem& listed : item.children) {
      const ContentItem& child = resolved(listed);
      if (!child.refers_to.empty() || add_to_algorithm(child, m.algorithm)) continue;
      if (child.value_type == "NUM") {
        // What is only referred to is shown where it stands: references may run in circles.
        if (&child == &listed) m.related.push_back(measurement(child));
      } else if (is_reference(child)) {
        m.references.push_back(reference_of(child));
      } else if (child.code && is(child, concepts::kDerivation)) {
        m.derivation = child.code;
      } else if (child.code && is(child, concepts::kMethod)) {
        m.methods.push_back(*child.code);
      } else if (child.code && is(child, concepts::kFindingSite)) {
        m.sites.push_back(site_of(child));
      } else if (child.value_type != "CONTAINER") {
        m.properties.push_back(evaluation_of(child));
      }
    }
    return m;
  }

  MeasurementGroup group(const ContentItem& item) {
    MeasurementGroup g;
    g.path = item.path;
    g.name = item.name;
    g.content_template = item.content_template;
    // Of a CAD report the finding is the item itself, and what it holds are its properties.
    if (item.value_type == "CODE") g.finding = item.code;
    for (const ContentItem& listed : item.children) add(resolved(listed), g);
    g.label = label(g);
    return g;
  }

 private:
  /// Whether so much more may be repeated.
  bool spend(const ContentItem& item, bool with_graphics) {
    if (budget_ > 0) budget_ -= std::min(budget_, weight(item, with_graphics, budget_));
    return budget_ > 0;
  }

  Reference reference_of(const ContentItem& item) {
    Reference reference;
    reference.role = "other";
    for (const Role& role : kRoles) {
      if (is(item, role.what)) reference.role = role.name;
    }
    reference.name = item.name;
    reference.value_type = item.value_type;
    if (item.value_type == "UIDREF") reference.series_uid = item.text;
    reference.graphic = item.graphic;
    // The images that a region was drawn on, however deep they stand.
    if (item.children.empty() || spend(item, false)) {
      add_objects(item, reference.objects);
    } else {
      reference.objects = item.references;
    }
    return reference;
  }

  void add(const ContentItem& child, MeasurementGroup& g) {
    if (!child.refers_to.empty()) return;
    if (add_to_algorithm(child, g.algorithm)) return;
    if (child.value_type == "NUM") {
      g.measurements.push_back(measurement(child));
    } else if (is(child, concepts::kTrackingIdentifier)) {
      g.tracking_identifier = child.text;
    } else if (is(child, concepts::kTrackingUid)) {
      g.tracking_uid = child.text;
    } else if (is(child, concepts::kSession)) {
      g.session = child.text;
    } else if (is(child, concepts::kTimePoint)) {
      g.time_point = child.text;
    } else if (is_reference(child)) {
      g.references.push_back(reference_of(child));
    } else if (child.code && is(child, concepts::kFindingCategory)) {
      g.category = child.code;
    } else if (is(child, concepts::kFinding) && !g.finding && g.finding_text.empty()) {
      g.finding = child.code;
      g.finding_text = child.text;
    } else if (child.code && is(child, concepts::kFindingSite)) {
      g.sites.push_back(site_of(child));
    } else if (child.code && is(child, concepts::kMethod)) {
      g.methods.push_back(*child.code);
    } else if (child.value_type != "CONTAINER") {
      g.evaluations.push_back(evaluation_of(child));
    }
  }

  static std::string label(const MeasurementGroup& g) {
    if (!g.tracking_identifier.empty()) return g.tracking_identifier;
    if (g.finding) return g.finding->meaning;
    if (!g.finding_text.empty()) return g.finding_text;
    return g.name ? g.name->meaning : "";
  }

  const ContentItem& root_;
  /// What is referred to may be large and be referred to often, and what is deep stands below many:
  /// only so much is repeated.
  std::size_t budget_ = 4 * kMaxContentItems;
};

bool is_group(const ContentItem& item) {
  if (is(item, concepts::kMeasurementGroup)) return true;
  if (item.value_type == "NUM" || item.graphic) return false;
  return std::any_of(item.children.begin(), item.children.end(), [](const ContentItem& c) {
    const bool is_content = c.relationship == "CONTAINS" || c.relationship == "HAS PROPERTIES" ||
                            c.relationship == "INFERRED FROM";
    const bool is_marked = c.value_type == "SCOORD" || c.value_type == "SCOORD3D";
    return is_content && (c.value_type == "NUM" || is_marked);
  });
}

void add_groups(const ContentItem& item, Reader& reader, MeasurementReport& report) {
  if (is(item, concepts::kImageLibrary)) return;
  if (is_group(item)) {
    report.groups.push_back(reader.group(item));
    report.groups.back().number = report.groups.size();
  }
  // A group of numbers may hold further ones.
  for (const ContentItem& child : item.children) {
    if (child.value_type != "NUM") add_groups(child, reader, report);
  }
}

std::size_t count_images(const ContentItem& item) {
  std::size_t count = item.value_type == "IMAGE" ? 1 : 0;
  for (const ContentItem& child : item.children) count += count_images(child);
  return count;
}

std::vector<Observer> observers_of(const ContentItem& root) {
  std::vector<Observer> observers;
  bool is_open = false;
  const auto current = [&](bool is_person) -> Observer& {
    if (!is_open || observers.back().is_person != is_person) {
      observers.emplace_back().is_person = is_person;
    }
    is_open = true;
    return observers.back();
  };
  struct Field {
    const Concept& what;
    bool is_person;
    std::string Observer::*member;
  };
  static const Field kFields[] = {{concepts::kPersonName, true, &Observer::name},
                                  {concepts::kPersonOrganisation, true, &Observer::organisation},
                                  {concepts::kPersonRole, true, &Observer::role},
                                  {concepts::kPersonRoleInProcedure, true, &Observer::role},
                                  {concepts::kDeviceUid, false, &Observer::uid},
                                  {concepts::kDeviceName, false, &Observer::name},
                                  {concepts::kDeviceManufacturer, false, &Observer::manufacturer},
                                  {concepts::kDeviceModel, false, &Observer::model},
                                  {concepts::kDeviceSerial, false, &Observer::serial_number},
                                  {concepts::kDeviceLocation, false, &Observer::location}};
  for (const ContentItem& item : root.children) {
    if (is(item, concepts::kObserverType)) {
      observers.emplace_back().is_person = item.code && concepts::kPerson.is(*item.code);
      is_open = true;
      continue;
    }
    for (const Field& field : kFields) {
      if (!is(item, field.what)) continue;
      current(field.is_person).*field.member = item.code ? item.code->meaning : item.text;
    }
  }
  return observers;
}

}  // namespace

bool names_patient(const ContentItem& item) {
  return is(item, concepts::kSubjectName) || is(item, concepts::kSubjectId) ||
         is(item, concepts::kSubjectBirthDate) || is(item, concepts::kMotherOfFetus);
}

MeasurementReport read_measurement_report(const ContentTree& tree) {
  const ContentItem& root = tree.root;
  MeasurementReport report;
  report.title = root.name;
  report.content_template = root.content_template;
  report.observers = observers_of(root);
  for (const ContentItem& item : root.children) {
    if (item.code && is(item, concepts::kLanguage)) report.language = item.code;
    if (item.code && is(item, concepts::kProcedure)) report.procedures.push_back(*item.code);
    if (is(item, concepts::kImageLibrary)) report.library_images += count_images(item);
    if (is(item, concepts::kQualitativeEvaluations)) {
      for (const ContentItem& child : item.children) {
        report.evaluations.push_back(evaluation_of(child));
      }
    }
  }
  Reader reader(root);
  add_groups(root, reader, report);
  report.is_cut_off = reader.is_cut_off();
  return report;
}

KeyObjects read_key_objects(const ContentTree& tree) {
  KeyObjects keys;
  keys.title = tree.root.name;
  keys.observers = observers_of(tree.root);
  for (const ContentItem& item : tree.root.children) {
    if (item.code && is(item, concepts::kTitleModifier)) keys.modifiers.push_back(*item.code);
    if (is(item, concepts::kKeyObjectDescription)) keys.descriptions.push_back(item.text);
    add_objects(item, keys.references);
  }
  return keys;
}

}  // namespace osler::reading
