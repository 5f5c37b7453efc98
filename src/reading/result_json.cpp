#include <fmt/format.h>

#include "reading/result.hpp"

namespace osler::reading {
namespace {

Json json_of(const Code& code) {
  return {{"value", code.value}, {"scheme", code.scheme}, {"meaning", code.meaning}};
}

Json json_of(const std::optional<Code>& code) {
  return code ? json_of(*code) : Json(nullptr);
}

template <typename T>
Json json_of(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json json_of(const SopReference& sop) {
  return {{"sop_class_uid", sop.sop_class_uid}, {"sop_instance_uid", sop.sop_instance_uid}};
}

template <typename T, typename F>
Json array_of(const std::vector<T>& items, F&& make) {
  Json array = Json::array();
  for (const T& item : items) array.push_back(make(item));
  return array;
}

Json codes_json(const std::vector<Code>& codes) {
  return array_of(codes, [](const Code& c) { return json_of(c); });
}

Json json_of(const Evidence& e) {
  return {{"study_uid", e.study_uid},
          {"series_uid", e.series_uid},
          {"sop_class_uid", e.object.sop_class_uid},
          {"sop_instance_uid", e.object.sop_instance_uid}};
}

Json evidence_json(const std::vector<Evidence>& evidence) {
  return array_of(evidence, [](const Evidence& e) { return json_of(e); });
}

Json json_of(const ContentReference& reference) {
  Json json = json_of(reference.object);
  json["frames"] = reference.frames;
  json["segments"] = reference.segments;
  if (!reference.channels.empty()) json["channels"] = reference.channels;
  if (reference.presentation_state) {
    json["presentation_state"] = json_of(*reference.presentation_state);
  }
  return json;
}

Json references_json(const std::vector<ContentReference>& references) {
  return array_of(references, [](const ContentReference& r) { return json_of(r); });
}

Json json_of(const ContentGraphic& graphic) {
  Json json = {{"type", graphic.type}};
  if (graphic.dimensions > 0) {
    const auto n = static_cast<std::size_t>(graphic.dimensions);
    Json points = Json::array();
    for (std::size_t i = 0; i < graphic.data.size(); i += n) {
      Json point = Json::array();
      for (std::size_t d = i; d < std::min(i + n, graphic.data.size()); ++d) {
        point.push_back(graphic.data[d]);
      }
      points.push_back(std::move(point));
    }
    json["points"] = std::move(points);
    if (graphic.dimensions == 3) json["frame_of_reference_uid"] = graphic.frame_of_reference_uid;
  } else {
    json["sample_positions"] = graphic.sample_positions;
    json["time_offsets_s"] = graphic.time_offsets_s;
    json["date_times"] = graphic.date_times;
  }
  return json;
}

Json object_json(const ObjectSummary& o, bool with_patient) {
  Json json = {{"sop_class_uid", o.sop_class_uid},
               {"sop_class", o.sop_class},
               {"sop_instance_uid", o.sop_instance_uid},
               {"study_uid", o.study_uid},
               {"series_uid", o.series_uid},
               {"modality", o.modality},
               {"study_date", o.study_date},
               {"study_time", o.study_time},
               {"study_description", o.study_description},
               {"series_description", o.series_description},
               {"series_number", o.series_number},
               {"instance_number", o.instance_number},
               {"content_date", o.content_date},
               {"content_time", o.content_time},
               {"timezone", o.timezone},
               {"manufacturer", o.manufacturer},
               {"model", o.model},
               {"software_versions", o.software_versions},
               {"institution", o.institution},
               {"content_label", o.content_label},
               {"content_description", o.content_description},
               {"content_creator", o.content_creator},
               {"character_set", o.character_set}};
  if (with_patient) {
    json["patient"] = {{"name", o.patient.name},
                       {"id", o.patient.id},
                       {"birth_date", o.patient.birth_date},
                       {"sex", o.patient.sex}};
  }
  return json;
}

Json document_json(const DocumentState& d) {
  return {{"completion", d.completion},
          {"completion_description", d.completion_description},
          {"verification", d.verification},
          {"preliminary", d.preliminary},
          {"verifying_observers", array_of(d.verifying_observers,
                                           [](const VerifyingObserver& o) -> Json {
                                             return {{"name", o.name},
                                                     {"organisation", o.organisation},
                                                     {"date_time", o.date_time},
                                                     {"identification", json_of(o.identification)}};
                                           })},
          {"predecessors", evidence_json(d.predecessors)},
          {"evidence", evidence_json(d.evidence)},
          {"other_evidence", evidence_json(d.other_evidence)}};
}

Json observers_json(const std::vector<Observer>& observers) {
  return array_of(observers, [](const Observer& o) -> Json {
    if (o.is_person) {
      return {
          {"type", "person"}, {"name", o.name}, {"organisation", o.organisation}, {"role", o.role}};
    }
    return {{"type", "device"},      {"name", o.name},
            {"uid", o.uid},          {"manufacturer", o.manufacturer},
            {"model", o.model},      {"serial_number", o.serial_number},
            {"location", o.location}};
  });
}

Json sites_json(const std::vector<Site>& sites) {
  return array_of(sites, [](const Site& s) -> Json {
    return {{"code", json_of(s.code)},
            {"laterality", json_of(s.laterality)},
            {"modifiers", codes_json(s.modifiers)}};
  });
}

Json json_of(const Algorithm& a) {
  if (!a.is_stated()) return nullptr;
  return {{"name", a.name},
          {"version", a.version},
          {"manufacturer", a.manufacturer},
          {"family", json_of(a.family)},
          {"parameters", a.parameters}};
}

Json evaluations_json(const std::vector<Evaluation>& evaluations) {
  return array_of(evaluations, [](const Evaluation& e) -> Json {
    return {
        {"path", e.path}, {"name", json_of(e.name)}, {"code", json_of(e.code)}, {"text", e.text}};
  });
}

Json regions_json(const std::vector<Reference>& references) {
  return array_of(references, [](const Reference& r) -> Json {
    Json json = {{"role", r.role},
                 {"name", json_of(r.name)},
                 {"value_type", r.value_type},
                 {"objects", references_json(r.objects)}};
    if (!r.series_uid.empty()) json["series_uid"] = r.series_uid;
    if (r.graphic) json["graphic"] = json_of(*r.graphic);
    return json;
  });
}

Json measurements_json(const std::vector<Measurement>& measurements) {
  return array_of(measurements, [](const Measurement& m) -> Json {
    return {{"path", m.path},
            {"name", json_of(m.name)},
            {"value", json_of(m.value)},
            {"text", m.text},
            {"unit", json_of(m.unit)},
            {"qualifier", json_of(m.qualifier)},
            {"derivation", json_of(m.derivation)},
            {"methods", codes_json(m.methods)},
            {"sites", sites_json(m.sites)},
            {"algorithm", json_of(m.algorithm)},
            {"properties", evaluations_json(m.properties)},
            {"references", regions_json(m.references)},
            {"related", measurements_json(m.related)}};
  });
}

Json group_json(const MeasurementGroup& g) {
  return {{"number", g.number},
          {"path", g.path},
          {"label", g.label},
          {"name", json_of(g.name)},
          {"template", g.content_template},
          {"tracking_identifier", g.tracking_identifier},
          {"tracking_uid", g.tracking_uid},
          {"session", g.session},
          {"time_point", g.time_point},
          {"category", json_of(g.category)},
          {"finding", json_of(g.finding)},
          {"finding_text", g.finding_text},
          {"sites", sites_json(g.sites)},
          {"methods", codes_json(g.methods)},
          {"algorithm", json_of(g.algorithm)},
          {"measurements", measurements_json(g.measurements)},
          {"evaluations", evaluations_json(g.evaluations)},
          {"references", regions_json(g.references)}};
}

Json report_json(const MeasurementReport& r) {
  return {{"title", json_of(r.title)},
          {"template", r.content_template},
          {"language", json_of(r.language)},
          {"observers", observers_json(r.observers)},
          {"procedures", codes_json(r.procedures)},
          {"library_images", r.library_images},
          {"groups", array_of(r.groups, [](const MeasurementGroup& g) { return group_json(g); })},
          {"evaluations", evaluations_json(r.evaluations)}};
}

Json key_objects_json(const KeyObjects& k) {
  return {{"title", json_of(k.title)},
          {"modifiers", codes_json(k.modifiers)},
          {"descriptions", k.descriptions},
          {"observers", observers_json(k.observers)},
          {"references", references_json(k.references)}};
}

Json segment_json(const SegmentSummary& s) {
  Json json = {{"number", s.number},
               {"label", s.label},
               {"description", s.description},
               {"category", json_of(s.category)},
               {"type", json_of(s.type)},
               {"type_modifiers", codes_json(s.type_modifiers)},
               {"region", json_of(s.region)},
               {"region_modifiers", codes_json(s.region_modifiers)},
               {"algorithm_type", s.algorithm_type},
               {"algorithm_name", s.algorithm_name},
               {"algorithm_version", s.algorithm_version},
               {"tracking_identifier", s.tracking_identifier},
               {"tracking_uid", s.tracking_uid},
               {"colour", nullptr},
               {"frames", json_of(s.frames)},
               {"voxels", json_of(s.voxels)},
               {"volume_mm3", json_of(s.volume_mm3)},
               {"centroid_mm", json_of(s.centroid_mm)}};
  if (s.colour) {
    json["colour"] =
        fmt::format("#{:02x}{:02x}{:02x}", (*s.colour)[0], (*s.colour)[1], (*s.colour)[2]);
  }
  return json;
}

Json segmentation_json(const SegmentationSummary& s) {
  return {
      {"type", s.type},
      {"fractional_type", s.fractional_type},
      {"overlap", s.overlap},
      {"grid",
       {{"rows", s.rows},
        {"columns", s.columns},
        {"frames", s.frames},
        {"bits_allocated", s.bits_allocated},
        {"pixel_spacing_mm", s.pixel_spacing_mm},
        {"slice_thickness_mm", json_of(s.slice_thickness_mm)},
        {"slice_spacing_mm", json_of(s.slice_spacing_mm)},
        {"orientation", s.orientation},
        {"frame_of_reference_uid", s.frame_of_reference_uid},
        {"tiled", s.tiled}}},
      {"segments", array_of(s.segments, [](const SegmentSummary& x) { return segment_json(x); })},
      {"sources", evidence_json(s.sources)}};
}

/// What the item's value is, by its value type (docs/show.md).
void put_value(const ContentItem& item, Json& json) {
  if (item.value_type == "CODE") {
    json["value"] = json_of(item.code);
  } else if (item.value_type == "NUM") {
    json["value"] = json_of(item.number);
    json["text"] = item.text;
    json["unit"] = json_of(item.unit);
    if (item.qualifier) json["qualifier"] = json_of(item.qualifier);
  } else if (item.value_type == "CONTAINER") {
    json["continuity"] = item.continuity;
    json["template"] = item.content_template;
  } else if (item.graphic) {
    json["value"] = json_of(*item.graphic);
  } else if (item.value_type == "IMAGE" || item.value_type == "COMPOSITE" ||
             item.value_type == "WAVEFORM") {
    json["value"] = references_json(item.references);
  } else {
    json["value"] = item.text;
  }
}

Json content_json(const ContentItem& item, bool with_patient) {
  Json json = {
      {"path", item.path}, {"relationship", item.relationship}, {"value_type", item.value_type}};
  if (!item.refers_to.empty()) {
    json["refers_to"] = item.refers_to;
    return json;
  }
  json["name"] = json_of(item.name);
  if (with_patient || !names_patient(item)) {
    put_value(item, json);
  } else {
    json["value"] = nullptr;
    json["withheld"] = true;
  }
  if (!item.observed.empty()) json["observed"] = item.observed;
  if (!item.children.empty()) {
    json["children"] = array_of(
        item.children, [&](const ContentItem& c) { return content_json(c, with_patient); });
  }
  return json;
}

const char* name_of(ObjectKind kind) {
  switch (kind) {
    case ObjectKind::structured_report:
      return "structured_report";
    case ObjectKind::key_objects:
      return "key_objects";
    case ObjectKind::segmentation:
      return "segmentation";
    case ObjectKind::other:
      return "other";
  }
  return "";
}

}  // namespace

Json to_json(const Result& result, bool with_patient) {
  Json json = {{"kind", name_of(result.object.kind)},
               {"object", object_json(result.object, with_patient)}};
  if (result.document) json["document"] = document_json(*result.document);
  if (result.report) json["report"] = report_json(*result.report);
  if (result.key_objects) json["key_objects"] = key_objects_json(*result.key_objects);
  if (result.segmentation) json["segmentation"] = segmentation_json(*result.segmentation);
  if (result.object.kind == ObjectKind::other) {
    json["details"] = array_of(result.details, [](const Detail& d) -> Json {
      return {{"name", d.name}, {"values", d.values}};
    });
  }
  if (result.content) json["content"] = content_json(result.content->root, with_patient);
  json["problems"] = array_of(result.problems, [](const Problem& p) -> Json {
    return {{"where", p.where}, {"what", p.what}};
  });
  return json;
}

}  // namespace osler::reading
