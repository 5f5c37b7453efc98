#include "objects/content_items.hpp"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>
#include <fmt/format.h>

#include "core/plain_text.hpp"
#include "objects/elements.hpp"

namespace osler::objects {
namespace {

const char* words(Relationship relationship) {
  switch (relationship) {
    case Relationship::contains:
      return "CONTAINS";
    case Relationship::has_concept_mod:
      return "HAS CONCEPT MOD";
    case Relationship::has_obs_context:
      return "HAS OBS CONTEXT";
    case Relationship::has_acq_context:
      return "HAS ACQ CONTEXT";
    case Relationship::has_properties:
      return "HAS PROPERTIES";
    case Relationship::inferred_from:
      return "INFERRED FROM";
  }
  return "";
}

DcmItem& add_content(DcmItem& parent, Relationship relationship, const char* value_type) {
  DcmItem& item = add_item(parent, DCM_ContentSequence);
  put(item, DCM_RelationshipType, words(relationship));
  put(item, DCM_ValueType, value_type);
  return item;
}

DcmItem& add_named(DcmItem& parent, Relationship relationship, const char* value_type,
                   const Code& name) {
  DcmItem& item = add_content(parent, relationship, value_type);
  add_code(item, DCM_ConceptNameCodeSequence, name);
  return item;
}

}  // namespace

void put_container(DcmItem& item, const Code& name, std::string_view template_id) {
  put(item, DCM_ValueType, "CONTAINER");
  add_code(item, DCM_ConceptNameCodeSequence, name);
  put(item, DCM_ContinuityOfContent, "SEPARATE");
  if (template_id.empty()) return;
  DcmItem& content_template = add_item(item, DCM_ContentTemplateSequence);
  put(content_template, DCM_MappingResource, "DCMR");
  put(content_template, DCM_TemplateIdentifier, template_id);
}

DcmItem& add_container(DcmItem& parent, const Code& name, std::string_view template_id) {
  DcmItem& item = add_item(parent, DCM_ContentSequence);
  put(item, DCM_RelationshipType, words(Relationship::contains));
  put_container(item, name, template_id);
  return item;
}

DcmItem& add_code_item(DcmItem& parent, Relationship relationship, const Code& name,
                       const Code& value) {
  DcmItem& item = add_named(parent, relationship, "CODE", name);
  add_code(item, DCM_ConceptCodeSequence, value);
  return item;
}

DcmItem& add_text_item(DcmItem& parent, Relationship relationship, const Code& name,
                       std::string_view utf8) {
  DcmItem& item = add_named(parent, relationship, "TEXT", name);
  constexpr std::size_t kLongest = 16384;
  const std::string text = shortened(plain_ascii(utf8), kLongest);
  put(item, DCM_TextValue, text.empty() ? "-" : text);  // type 1: never empty
  return item;
}

DcmItem& add_name_item(DcmItem& parent, Relationship relationship, const Code& concept_name,
                       const std::string& name) {
  DcmItem& item = add_named(parent, relationship, "PNAME", concept_name);
  put(item, DCM_PersonName, name);
  return item;
}

DcmItem& add_uid_item(DcmItem& parent, Relationship relationship, const Code& name,
                      const std::string& uid) {
  DcmItem& item = add_named(parent, relationship, "UIDREF", name);
  put(item, DCM_UID, uid);
  return item;
}

DcmItem& add_date_item(DcmItem& parent, Relationship relationship, const Code& name,
                       const std::string& date) {
  DcmItem& item = add_named(parent, relationship, "DATE", name);
  put(item, DCM_Date, date);
  return item;
}

DcmItem& add_point_item(DcmItem& parent, const Code& name, const Vec3& lps_mm,
                        const std::string& frame_of_reference_uid) {
  DcmItem& item = add_named(parent, Relationship::contains, "SCOORD3D", name);
  const Float32 point[] = {static_cast<Float32>(lps_mm[0]), static_cast<Float32>(lps_mm[1]),
                           static_cast<Float32>(lps_mm[2])};
  item.putAndInsertFloat32Array(DCM_GraphicData, point, 3);
  put(item, DCM_GraphicType, "POINT");
  put(item, DCM_ReferencedFrameOfReferenceUID, frame_of_reference_uid);
  return item;
}

DcmItem& add_number_item(DcmItem& parent, Relationship relationship, const Code& name, double value,
                         const Code& unit) {
  DcmItem& item = add_named(parent, relationship, "NUM", name);
  DcmItem& measured = add_item(item, DCM_MeasuredValueSequence);
  put(measured, DCM_NumericValue, decimal_string(value));
  add_code(measured, DCM_MeasurementUnitsCodeSequence, unit);
  return item;
}

DcmItem& add_image_item(DcmItem& parent, const std::optional<Code>& name,
                        const ImageReference& image) {
  DcmItem& item = add_content(parent, Relationship::contains, "IMAGE");
  if (name) add_code(item, DCM_ConceptNameCodeSequence, *name);
  DcmItem& reference =
      add_reference(item, DCM_ReferencedSOPSequence, image.sop_class_uid, image.sop_instance_uid);
  if (!image.frames.empty()) {
    put(reference, DCM_ReferencedFrameNumber, fmt::format("{}", fmt::join(image.frames, "\\")));
  }
  if (!image.segments.empty()) {
    const std::vector<Uint16> numbers(image.segments.begin(), image.segments.end());
    reference.putAndInsertUint16Array(DCM_ReferencedSegmentNumber, numbers.data(), numbers.size());
  }
  return item;
}

DcmItem& add_composite_item(DcmItem& parent, const std::optional<Code>& name,
                            const std::string& sop_class_uid, const std::string& sop_instance_uid) {
  DcmItem& item = add_content(parent, Relationship::contains, "COMPOSITE");
  if (name) add_code(item, DCM_ConceptNameCodeSequence, *name);
  add_reference(item, DCM_ReferencedSOPSequence, sop_class_uid, sop_instance_uid);
  return item;
}

}  // namespace osler::objects
