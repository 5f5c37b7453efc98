#include "objects/result_references.hpp"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "core/version.hpp"
#include "findings/report_codes.hpp"
#include "objects/content_items.hpp"
#include "objects/elements.hpp"
#include "objects/evaluation_items.hpp"

namespace osler::objects {
namespace {

using enum Relationship;

struct Kind {
  const char* sop_class_uid;
  const char* name;
  bool image;
};

constexpr Kind kKinds[] = {
    {"1.2.840.10008.5.1.4.1.1.66.4", "Segmentation", true},
    {"1.2.840.10008.5.1.4.1.1.66.7", "Label map segmentation", true},
    {"1.2.840.10008.5.1.4.1.1.30", "Parametric map", true},
    {"1.2.840.10008.5.1.4.1.1.7", "Picture", true},
    {"1.2.840.10008.5.1.4.1.1.7.4", "Picture", true},
    {"1.2.840.10008.5.1.4.1.1.11.1", "Presentation state", false},
    {"1.2.840.10008.5.1.4.1.1.481.3", "Structure set", false},
    {"1.2.840.10008.5.1.4.1.1.104.1", "Report as PDF", false},
    {"1.2.840.10008.5.1.4.1.1.88.34", "Measurement report", false},
    {"1.2.840.10008.5.1.4.1.1.88.59", "Key object selection", false},
};

const Kind* find_kind(const std::string& sop_class_uid) {
  const auto found = std::find_if(std::begin(kKinds), std::end(kKinds), [&](const Kind& kind) {
    return sop_class_uid == kind.sop_class_uid;
  });
  return found == std::end(kKinds) ? nullptr : &*found;
}

const Code& purpose_of(const std::string& sop_class_uid) {
  if (!is_image(sop_class_uid)) return codes::kResult;
  return kind_of(sop_class_uid) == "Parametric map" ? codes::kVisualExplanation
                                                    : codes::kIllustration;
}

}  // namespace

bool is_image(const std::string& sop_class_uid) {
  const Kind* kind = find_kind(sop_class_uid);
  return kind != nullptr && kind->image;
}

std::string kind_of(const std::string& sop_class_uid) {
  const Kind* kind = find_kind(sop_class_uid);
  return kind == nullptr ? "Result" : kind->name;
}

void add_device_context(DcmItem& root, const Findings& findings) {
  add_code_item(root, has_obs_context, codes::kObserverType, codes::kDevice);
  add_uid_item(root, has_obs_context, codes::kDeviceUid, device_uid(findings));
  add_text_item(root, has_obs_context, codes::kDeviceName, "osler " + std::string(kVersion));
  add_text_item(root, has_obs_context, codes::kDeviceManufacturer, "Osler project");
  add_text_item(root, has_obs_context, codes::kDeviceModel, "osler");
  add_text_item(root, has_obs_context, codes::kDeviceSerial, device_serial_number(findings));
}

void put_evidence(DcmItem& document, const Findings& findings, std::span<const SliceSource> images,
                  std::span<const ObjectIds> results) {
  DcmItem& study = add_item(document, DCM_CurrentRequestedProcedureEvidenceSequence);
  put(study, DCM_StudyInstanceUID, findings.source.study_uid);
  std::map<std::string, DcmItem*> series;
  std::set<std::string> seen;
  const auto add = [&](const std::string& series_uid, const std::string& sop_class_uid,
                       const std::string& sop_instance_uid) {
    if (!seen.insert(sop_instance_uid).second) return;
    DcmItem*& item = series[series_uid];
    if (item == nullptr) {
      item = &add_item(study, DCM_ReferencedSeriesSequence);
      put(*item, DCM_SeriesInstanceUID, series_uid);
    }
    add_reference(*item, DCM_ReferencedSOPSequence, sop_class_uid, sop_instance_uid);
  };
  for (const SliceSource& image : images) {
    add(findings.source.series_uid, image.sop_class_uid, image.sop_instance_uid);
  }
  for (const ObjectIds& ids : results) {
    add(ids.series_uid, ids.sop_class_uid, ids.sop_instance_uid);
  }
}

void add_result_groups(DcmItem& measurements, DcmItem& source, const Findings& findings,
                       const std::optional<ObjectIds>& segmentation,
                       std::span<const ObjectIds> results) {
  std::vector<int> segments;
  for (const Segment& segment : findings.segments) segments.push_back(segment.number);
  std::map<std::string, int> count;
  for (const ObjectIds& ids : results) {
    const std::string kind = kind_of(ids.sop_class_uid);
    const std::string label = fmt::format("{} {} of this analysis", kind, ++count[kind]);
    DcmItem& group = add_container(measurements, codes::kMeasurementGroup, "1501");
    add_text_item(group, has_obs_context, codes::kTrackingIdentifier, label);
    add_uid_item(group, has_obs_context, codes::kTrackingUid,
                 tracking_uid(source, findings, "result " + label));
    add_algorithm(group, findings.model);
    if (segmentation) {
      add_image_item(group, codes::kReferencedSegment,
                     {segmentation->sop_class_uid, segmentation->sop_instance_uid, {}, segments});
      add_uid_item(group, contains, codes::kSourceSeries, findings.source.series_uid);
    }
    const Code& purpose = purpose_of(ids.sop_class_uid);
    if (is_image(ids.sop_class_uid)) {
      add_image_item(group, purpose, {ids.sop_class_uid, ids.sop_instance_uid, {}, {}});
    } else {
      add_composite_item(group, purpose, ids.sop_class_uid, ids.sop_instance_uid);
    }
  }
}

}  // namespace osler::objects
