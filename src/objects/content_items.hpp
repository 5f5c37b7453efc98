#pragma once
// SR content items (PS3.3 C.17.3), appended to the Content Sequence of their parent.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/affine.hpp"
#include "core/code.hpp"

class DcmItem;

namespace osler::objects {

enum class Relationship {
  contains,
  has_concept_mod,
  has_obs_context,
  has_acq_context,
  has_properties,
  inferred_from,
};

DcmItem& add_container(DcmItem& parent, const Code& name, std::string_view template_id = {});
DcmItem& add_code_item(DcmItem& parent, Relationship relationship, const Code& name,
                       const Code& value);
DcmItem& add_text_item(DcmItem& parent, Relationship relationship, const Code& name,
                       std::string_view utf8);
/// @param name  a Person Name in the object's character set
DcmItem& add_name_item(DcmItem& parent, Relationship relationship, const Code& concept_name,
                       const std::string& name);
DcmItem& add_uid_item(DcmItem& parent, Relationship relationship, const Code& name,
                      const std::string& uid);
DcmItem& add_date_item(DcmItem& parent, Relationship relationship, const Code& name,
                       const std::string& date);
DcmItem& add_number_item(DcmItem& parent, Relationship relationship, const Code& name, double value,
                         const Code& unit);

/// SCOORD3D of one point (PS3.3 C.18.9), LPS mm in a frame of reference.
DcmItem& add_point_item(DcmItem& parent, const Code& name, const Vec3& lps_mm,
                        const std::string& frame_of_reference_uid);

struct ImageReference {
  std::string sop_class_uid;
  std::string sop_instance_uid;
  std::vector<int> frames;    ///< empty: all
  std::vector<int> segments;  ///< empty: all
};

/// @param name  absent in an image library (TID 1601) and a key object selection (TID 2010)
DcmItem& add_image_item(DcmItem& parent, const std::optional<Code>& name,
                        const ImageReference& image);

/// A document or another object that is no image.
DcmItem& add_composite_item(DcmItem& parent, const std::optional<Code>& name,
                            const std::string& sop_class_uid, const std::string& sop_instance_uid);

/// Container attributes of a root or nested CONTAINER; the template is of the DICOM Content Mapping
/// Resource.
void put_container(DcmItem& item, const Code& name, std::string_view template_id);

}  // namespace osler::objects
