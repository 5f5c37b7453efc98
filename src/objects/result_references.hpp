#pragma once
// What documents (SR, Key Object Selection) say of the device that made them and of other objects.
// The report is the root of all results of a run (IHE AI Results). Inside the room only.

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "findings/findings.hpp"
#include "objects/modules.hpp"

class DcmItem;

namespace osler::objects {

/// SOP classes of Image IODs are referred to as IMAGE, all others as COMPOSITE (PS3.3 C.17.3.2.1).
bool is_image(const std::string& sop_class_uid);

/// "Parametric map", "Presentation state" ...; "Result" for a class that is not known here.
std::string kind_of(const std::string& sop_class_uid);

/// TID 1001 of TID 1002: this program with the model observed, a device.
void add_device_context(DcmItem& root, const Findings& findings);

/// Current Requested Procedure Evidence: every instance once, those of a series together.
/// @param images  of the source series
void put_evidence(DcmItem& document, const Findings& findings, std::span<const SliceSource> images,
                  std::span<const ObjectIds> results);

/// One TID 1501 group for each result, with a tracking identifier and the algorithm: a Parametric
/// Map as Visual explanation (row 9d), another image as Illustration of ROI (row 9c, one in a
/// group). The template has no row for what is not an image, but can be extended: a COMPOSITE named
/// (RESULT, 99OSLER). Where there is a segmentation a group names all its segments, as what the
/// result is of: readers that tell templates by such references take all groups of a report alike.
/// @param measurements  the container Imaging Measurements
void add_result_groups(DcmItem& measurements, DcmItem& source, const Findings& findings,
                       const std::optional<ObjectIds>& segmentation,
                       std::span<const ObjectIds> results);

}  // namespace osler::objects
