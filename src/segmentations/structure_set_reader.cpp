#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "core/error.hpp"
#include "dicom/items.hpp"
#include "segmentations/frame_grid.hpp"
#include "segmentations/label_maps.hpp"
#include "segmentations/polygon_fill.hpp"
#include "segmentations/segmentations.hpp"
#include "segmentations/stored_text.hpp"
#include "volume/plan.hpp"

namespace osler::segmentations {
namespace {

using dicom::Instance;
using dicom::Item;

constexpr std::uint32_t kFrames = 0x30060010;
constexpr std::uint32_t kStudies = 0x30060012;
constexpr std::uint32_t kSeries = 0x30060014;
constexpr std::uint32_t kSeriesUid = 0x0020000E;
constexpr std::uint32_t kRegions = 0x30060020;
constexpr std::uint32_t kNumber = 0x30060022;
constexpr std::uint32_t kFrameOfReference = 0x30060024;
constexpr std::uint32_t kName = 0x30060026;
constexpr std::uint32_t kDescription = 0x30060028;
constexpr std::uint32_t kColour = 0x3006002A;
constexpr std::uint32_t kAlgorithm = 0x30060036;
constexpr std::uint32_t kAlgorithmDescription = 0x30060038;
constexpr std::uint32_t kRegionContours = 0x30060039;
constexpr std::uint32_t kContours = 0x30060040;
constexpr std::uint32_t kGeometricType = 0x30060042;
constexpr std::uint32_t kPoints = 0x30060046;
constexpr std::uint32_t kData = 0x30060050;
constexpr std::uint32_t kObservations = 0x30060080;
constexpr std::uint32_t kReferencedNumber = 0x30060084;
constexpr std::uint32_t kIdentification = 0x30060086;
constexpr std::uint32_t kInterpretedType = 0x300600A4;
constexpr std::uint32_t kModifiers = 0x00620011;

const std::set<std::uint32_t> kWanted = {0x00080005,        0x00080100,      0x00080102,
                                         0x00080104,        0x00080119,      0x00080120,
                                         kFrames,           kStudies,        kSeries,
                                         kSeriesUid,        kRegions,        kNumber,
                                         kFrameOfReference, kName,           kDescription,
                                         kColour,           kAlgorithm,      kAlgorithmDescription,
                                         kRegionContours,   kContours,       kGeometricType,
                                         kPoints,           kData,           kObservations,
                                         kReferencedNumber, kIdentification, kInterpretedType,
                                         kModifiers};

/// The reference whose series the structure set names.
const Reference& reference_of(const Item& header, std::span<const Reference> references) {
  std::set<std::string> named;
  for (const Item& frame : header.items(kFrames)) {
    for (const Item& study : frame.items(kStudies)) {
      for (const Item& series : study.items(kSeries)) named.insert(series.text(kSeriesUid));
    }
  }
  for (const Reference& reference : references) {
    if (named.contains(reference.series_uid)) return reference;
  }
  std::string expected;
  for (const std::string& uid : named) expected += (expected.empty() ? "series " : " or ") + uid;
  throw Error(ErrorCode::bad_input,
              references.empty() ? "a structure set without its images"
                                 : "none of the references is the series that was contoured",
              expected, "give that series with --reference");
}

std::optional<std::array<std::uint8_t, 3>> rgb_of(const Item& region) {
  const auto values = region.numbers(kColour);
  if (!values || values->size() != 3) return std::nullopt;
  std::array<std::uint8_t, 3> rgb{};
  for (std::size_t i = 0; i < 3; ++i) {
    const double v = (*values)[i];
    if (!(v >= 0 && v <= 255)) return std::nullopt;
    rgb[i] = static_cast<std::uint8_t>(v);
  }
  return rgb;
}

/// Contours and observations of the regions, by ROI Number.
struct Parts {
  std::map<long, const Item*> contours;
  std::map<long, const Item*> observations;
};

Parts parts_of(const Item& header) {
  Parts parts;
  for (const Item& item : header.items(kRegionContours)) {
    if (const auto number = item.integer(kReferencedNumber)) parts.contours[*number] = &item;
  }
  for (const Item& item : header.items(kObservations)) {
    if (const auto number = item.integer(kReferencedNumber)) parts.observations[*number] = &item;
  }
  return parts;
}

StoredSegment described(const Item& region, long number, const Parts& parts, const Texts& texts) {
  StoredSegment s;
  s.number = static_cast<int>(number);
  s.label = texts.of(region, kName);
  s.description = texts.of(region, kDescription);
  s.algorithm_type = texts.of(region, kAlgorithm);
  s.algorithm_name = texts.of(region, kAlgorithmDescription);
  if (const auto at = parts.contours.find(number); at != parts.contours.end()) {
    s.rgb = rgb_of(*at->second);
  }
  if (const auto at = parts.observations.find(number); at != parts.observations.end()) {
    s.interpreted_type = texts.of(*at->second, kInterpretedType);
    s.type = texts.code(*at->second, kIdentification);
    s.type_modifiers = texts.codes(at->second->item(kIdentification), kModifiers);
  }
  return s;
}

bool is_closed(const std::string& type) {
  return type == "CLOSED_PLANAR" || type == "CLOSEDPLANAR_XOR";
}

/// Contours of a region by slice, in index coordinates.
struct Drawn {
  std::map<std::int64_t, std::vector<Polygon>> polygons;
  bool leaves_image = false;
  std::string reason;  ///< not empty: the region cannot be read
};

/// @return why not
std::string draw(const Item& contour, const Grid& grid, const Affine& to_index, Drawn& drawn) {
  const auto values = contour.numbers(kData);
  if (!values || values->size() % 3 != 0 || values->size() < 9 ||
      contour.integer(kPoints).value_or(-1) != static_cast<long>(values->size() / 3)) {
    return "a contour has no points or not as many as it says";
  }
  Polygon polygon;
  std::optional<std::int64_t> slice;
  for (std::size_t i = 0; i < values->size(); i += 3) {
    const Vec3 point{(*values)[i], (*values)[i + 1], (*values)[i + 2]};
    if (!(norm(point) <= kFurthestPositionMm)) {
      return "a contour lies over a kilometre from the origin";
    }
    const NearestSlice nearest = nearest_slice(grid, point);
    if (!(nearest.distance_mm <= kOffSliceMm)) {
      return fmt::format("a contour lies {:.3g} mm from the nearest slice", nearest.distance_mm);
    }
    if (slice && *slice != nearest.slice) return "a contour lies in more than one slice";
    slice = nearest.slice;
    const Vec3 index =
        to_index(point - (grid.centre_mm(0, 0, nearest.slice) - grid.index_to_lps.origin()));
    polygon.push_back({index[0], index[1]});
    for (std::size_t a = 0; a < 2; ++a) {
      if (!(index[a] >= -0.5 && index[a] <= static_cast<double>(grid.size[a]) - 0.5)) {
        drawn.leaves_image = true;
      }
    }
  }
  drawn.polygons[*slice].push_back(std::move(polygon));
  return {};
}

Drawn drawn_of(const Item* region, const Grid& grid, const Affine& to_index) {
  Drawn drawn;
  if (region == nullptr || region->items(kContours).empty()) return drawn;
  std::size_t closed = 0;
  for (const Item& contour : region->items(kContours)) {
    if (!is_closed(contour.text(kGeometricType))) continue;
    ++closed;
    drawn.reason = draw(contour, grid, to_index, drawn);
    if (!drawn.reason.empty()) return drawn;
  }
  if (closed < region->items(kContours).size()) {
    drawn.reason = "it holds points or open lines, which enclose nothing";
  }
  return drawn;
}

}  // namespace

Segmentation read_structure_set(const Instance& instance, std::span<const Reference> references,
                                const dicom::Limits& limits) {
  if (!instance.damage.empty()) throw Error(ErrorCode::bad_input, instance.damage);
  const Item header = dicom::read_items(instance, kWanted, limits);
  const Reference& reference = reference_of(header, references);
  const Grid& grid = reference.grid;
  const Affine to_index = inverse(grid.index_to_lps);
  const Parts parts = parts_of(header);
  const Texts texts(header);

  Segmentation result;
  result.kind = Kind::structure_set;
  result.sop_class_uid = instance.sop_class_uid;
  result.sop_instance_uid = instance.sop_instance_uid;
  result.series_uid = instance.series_uid;
  result.frame_of_reference_uid = reference.frame_of_reference_uid;
  result.grid = grid;
  LabelMaps maps(grid, limits);
  std::set<long> numbers;
  for (const Item& region : header.items(kRegions)) {
    const auto number = region.integer(kNumber);
    if (!number || !numbers.insert(*number).second) {
      throw Error(ErrorCode::bad_input, "regions without numbers of their own");
    }
    StoredSegment segment = described(region, *number, parts, texts);
    const auto contours = parts.contours.find(*number);
    Drawn drawn =
        drawn_of(contours == parts.contours.end() ? nullptr : contours->second, grid, to_index);
    const std::string frame = region.text(kFrameOfReference);
    if (!frame.empty() && !reference.frame_of_reference_uid.empty() &&
        frame != reference.frame_of_reference_uid) {
      drawn.reason = "it is in another frame of reference than the images";
    }
    if (!drawn.reason.empty()) {
      result.not_read.push_back({segment.number, segment.label, drawn.reason});
      continue;
    }
    for (const auto& [k, polygons] : drawn.polygons) {
      fill_even_odd(polygons, grid.size[0], grid.size[1], maps.slice_of_mask(k));
    }
    if (drawn.leaves_image) {
      result.warnings.push_back(
          fmt::format("region {} reaches outside of the images: what lies there has no voxels",
                      segment.number));
    }
    maps.take_mask(segment);
    result.segments.push_back(std::move(segment));
  }
  result.maps = maps.release();
  return result;
}

}  // namespace osler::segmentations
