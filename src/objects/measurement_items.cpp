#include "objects/measurement_items.hpp"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>

#include <cmath>
#include <map>
#include <string>

#include "core/error.hpp"
#include "findings/report_codes.hpp"
#include "findings/statements.hpp"
#include "objects/content_items.hpp"
#include "objects/elements.hpp"
#include "objects/evaluation_items.hpp"

namespace osler::objects {
namespace {

using enum Relationship;

void add_site(DcmItem& group, const Finding& finding) {
  DcmItem& site = add_code_item(group, has_concept_mod, codes::kFindingSite, finding.code);
  if (finding.laterality) {
    add_code_item(site, has_concept_mod, codes::kLaterality, *finding.laterality);
  }
  if (finding.part) {
    add_code_item(site, has_concept_mod, codes::kTopographicalModifier, *finding.part);
  }
}

void add_segments(DcmItem& group, const Findings& findings, const std::vector<int>& numbers,
                  const ObjectIds& segmentation) {
  add_image_item(group, codes::kReferencedSegment,
                 {segmentation.sop_class_uid, segmentation.sop_instance_uid, {}, numbers});
  add_uid_item(group, contains, codes::kSourceSeries, findings.source.series_uid);
}

/// What the group is of: TID 1410, 1411 or 1501.
enum class Region { planar, volumetric, image };

void add_region(DcmItem& group, const Findings& findings, const Finding& finding,
                const ObjectIds& segmentation, Region region) {
  if (region != Region::planar) {
    return add_segments(group, findings, finding.segments, segmentation);
  }
  add_image_item(group, codes::kReferencedSegmentationFrame,
                 {segmentation.sop_class_uid, segmentation.sop_instance_uid, {}, finding.segments});
  const SliceSource& slice = findings.source.instances.front();
  add_image_item(group, codes::kSourceImageForSegmentation,
                 {slice.sop_class_uid, slice.sop_instance_uid, {}, {}});
}

/// TID 310: the range, the population, and where this value lies.
void add_norm(DcmItem& value, const Norm& norm, double volume_mm3) {
  const Code& normality = volume_mm3 < norm.low    ? codes::kAbnormallyLow
                          : volume_mm3 > norm.high ? codes::kAbnormallyHigh
                                                   : codes::kNormal;
  add_code_item(value, has_properties, codes::kNormality, normality);
  struct Number {
    const Code& name;
    double value;
    const Code& unit;
  };
  for (const Number& n : {Number{codes::kPopulationMean, norm.mean, codes::kCubicMillimetre},
                          Number{codes::kPopulationSd, norm.sd, codes::kCubicMillimetre},
                          Number{codes::kPercentile, norm.percentile, codes::kPercent},
                          Number{codes::kZScore, norm.z, codes::kNoUnits}}) {
    add_number_item(value, has_properties, n.name, n.value, n.unit);
  }
  add_text_item(value, has_properties, codes::kPopulation, norm.population);
  add_text_item(value, has_properties, codes::kReferenceAuthority, norm.authority);
  add_number_item(value, has_properties, codes::kNormalLow, norm.low, codes::kCubicMillimetre);
  add_number_item(value, has_properties, codes::kNormalHigh, norm.high, codes::kCubicMillimetre);
  add_text_item(value, has_properties, codes::kNormalRange, norm.population);
  add_text_item(value, has_properties, codes::kNormalRangeAuthority, norm.authority);
}

/// Mean, SD, minimum and maximum of CT numbers.
void add_intensities(DcmItem& group, const Findings& findings, const Intensities& i) {
  struct Derived {
    const Code& derivation;
    double value;
  };
  for (const Derived& d : {Derived{codes::kMean, i.mean}, Derived{codes::kSd, i.sd},
                           Derived{codes::kMinimum, i.min}, Derived{codes::kMaximum, i.max}}) {
    DcmItem& value = add_number_item(group, contains, codes::kAttenuation,
                                     std::round(d.value * 1000) / 1000, codes::kHounsfield);
    add_code_item(value, has_concept_mod, codes::kDerivation, d.derivation);
    add_algorithm(value, findings.model);
  }
}

/// Of voxels on one slice, to a thousandth as volumes are.
double area_mm2(const Finding& finding, const Grid& grid) {
  const double pixel = norm(cross(grid.index_to_lps.column(0), grid.index_to_lps.column(1)));
  return std::round(static_cast<double>(finding.voxels) * pixel * 1000) / 1000;
}

void add_finding(DcmItem& measurements, DcmItem& source, const Findings& findings,
                 const Finding& finding, const Grid& grid, const ObjectIds& segmentation,
                 Region region, bool points) {
  static const std::map<Region, const char*> kTemplates = {
      {Region::planar, "1410"}, {Region::volumetric, "1411"}, {Region::image, "1501"}};
  DcmItem& group = add_container(measurements, codes::kMeasurementGroup, kTemplates.at(region));
  add_text_item(group, has_obs_context, codes::kTrackingIdentifier, finding.label);
  add_uid_item(group, has_obs_context, codes::kTrackingUid,
               tracking_uid(source, findings, tracking_key(finding)));
  add_code_item(group, contains, codes::kFindingCategory, category_of(findings, finding));
  add_code_item(group, contains, codes::kFinding, finding.code);
  add_region(group, findings, finding, segmentation, region);
  if (region != Region::planar) {
    add_code_item(group, has_concept_mod, codes::kMethod, codes::kSumOfVoxels);
  }
  add_site(group, finding);
  const bool planar = region == Region::planar;
  DcmItem& value = planar ? add_number_item(group, contains, codes::kArea, area_mm2(finding, grid),
                                            codes::kSquareMillimetre)
                          : add_number_item(group, contains, codes::kVolume,
                                            reported_volume_mm3(finding), codes::kCubicMillimetre);
  add_algorithm(value, findings.model);
  if (finding.norm && !planar) add_norm(value, *finding.norm, finding.volume_mm3);
  if (finding.intensities) add_intensities(group, findings, *finding.intensities);
  // TID 1411 and 1501 are extensible: where the structure lies is of use to whoever has no SEG.
  if (points && !findings.source.frame_of_reference_uid.empty()) {
    add_point_item(group, codes::kCenterOfMass, finding.centroid_mm,
                   findings.source.frame_of_reference_uid);
  }
}

void add_asymmetry(DcmItem& measurements, DcmItem& source, const Findings& findings,
                   const Asymmetry& asymmetry, const ObjectIds& segmentation) {
  const Finding* left = side_of(findings, asymmetry, "7771000");
  const Finding* right = side_of(findings, asymmetry, "24028007");
  DcmItem& group = add_container(measurements, codes::kMeasurementGroup, "1501");
  add_text_item(group, has_obs_context, codes::kTrackingIdentifier,
                asymmetry.label + ", left against right");
  add_uid_item(group, has_obs_context, codes::kTrackingUid,
               tracking_uid(source, findings, tracking_key(asymmetry)));
  if (left != nullptr && right != nullptr) {
    add_code_item(group, contains, codes::kFinding, left->code);
    std::vector<int> numbers = left->segments;
    numbers.insert(numbers.end(), right->segments.begin(), right->segments.end());
    add_segments(group, findings, numbers, segmentation);
    Finding both = *left;
    both.laterality = codes::kBoth;
    add_site(group, both);
  }
  DcmItem& index =
      add_number_item(group, contains, codes::kAsymmetryIndex, asymmetry.index, codes::kNoUnits);
  add_algorithm(index, findings.model);
  for (const Finding* side : {left, right}) {
    if (side == nullptr) continue;
    DcmItem& volume = add_number_item(index, inferred_from, codes::kVolume,
                                      reported_volume_mm3(*side), codes::kCubicMillimetre);
    add_site(volume, *side);
  }
}

}  // namespace

void add_measurements(DcmItem& measurements, DcmItem& source, const Findings& findings,
                      const Grid& grid, const ObjectIds& segmentation, bool points) {
  for (const Region region : {Region::planar, Region::volumetric, Region::image}) {
    for (const Finding& finding : findings.findings) {
      if (finding.segments.empty()) {
        throw Error(ErrorCode::bad_argument, "a finding names no segment");
      }
      const Region own = finding.segments.size() > 1 ? Region::image
                         : grid.size[2] == 1         ? Region::planar
                                                     : Region::volumetric;
      if (own == region) {
        add_finding(measurements, source, findings, finding, grid, segmentation, region, points);
      }
    }
  }
  for (const Asymmetry& asymmetry : findings.asymmetries) {
    add_asymmetry(measurements, source, findings, asymmetry, segmentation);
  }
}

}  // namespace osler::objects
