#include "objects/presentation_state.hpp"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <memory>
#include <numeric>
#include <span>
#include <vector>

#include "core/error.hpp"
#include "objects/contours.hpp"
#include "objects/elements.hpp"
#include "objects/presentation_window.hpp"

namespace osler::objects {
namespace {

constexpr char kMarkLayer[] = "AI UNVERIFIED";
constexpr std::array<std::uint8_t, 3> kMarkColour{255, 190, 60};

/// Outlines of a segment in a slice.
struct Piece {
  std::vector<Outline> outlines;
  double area = 0;  ///< of outer outlines less holes, pixels
};

/// [slice][segment]
using Pieces = std::map<std::int64_t, std::map<int, Piece>>;

double area_of(const Outline& outline) {
  double twice = 0;
  for (std::size_t i = 0; i < outline.points.size(); ++i) {
    const auto &a = outline.points[i], &b = outline.points[(i + 1) % outline.points.size()];
    twice += a[0] * b[1] - a[1] * b[0];
  }
  return twice / 2;
}

void check(const Findings& findings, const LabelMap& labels, const Volume& volume,
           const std::optional<DisplayWindow>& window) {
  if (!(labels.grid == volume.grid) || voxel_count(labels.grid.size) <= 0 ||
      static_cast<std::int64_t>(labels.labels.size()) != voxel_count(labels.grid.size) ||
      static_cast<std::int64_t>(findings.source.instances.size()) != labels.grid.size[2]) {
    throw Error(ErrorCode::bad_argument, "labels, volume and source slices do not match");
  }
  if (window &&
      !(window->width > 0 && std::isfinite(window->width) && std::isfinite(window->centre))) {
    throw Error(ErrorCode::bad_argument, "a window without width");
  }
}

void refuse_colour(const ImageSource& source) {
  const std::string colours = string_of(source.header(), DCM_PhotometricInterpretation);
  if (!colours.starts_with("MONOCHROME")) {
    throw Error(ErrorCode::bad_argument, "a greyscale presentation state of colour images");
  }
}

/// Why the outlines do not fit into one object, or an empty text.
std::string find_pieces(const LabelMap& labels, std::size_t segments, Pieces& pieces) {
  std::size_t polylines = 0, points = 0;
  for (std::int64_t k = 0; k < labels.grid.size[2]; ++k) {
    for (Outline& outline : outlines_of_slice(labels, k)) {
      if (static_cast<std::size_t>(outline.segment) > segments) {
        throw Error(ErrorCode::bad_argument, "a label has no segment");
      }
      polylines += outline.points.size() / (kMostPointsOfPolyline - 1) + 1;
      points += outline.points.size() + 1;
      if (polylines > kMostPolylines || points > kMostGraphicPoints) {
        return "the segments have more outlines than a presentation state can show";
      }
      Piece& piece = pieces[k][outline.segment];
      piece.area += area_of(outline);
      piece.outlines.push_back(std::move(outline));
    }
  }
  if (pieces.empty()) return "no voxel has a label";
  return {};
}

std::string layer_of(int segment) {
  return fmt::format("AI SEGMENT {}", segment);
}

void put_layer(DcmItem& object, const std::string& name, int order, const std::string& description,
               const std::array<std::uint8_t, 3>& rgb) {
  DcmItem& layer = add_item(object, DCM_GraphicLayerSequence);
  put(layer, DCM_GraphicLayer, name);
  put(layer, DCM_GraphicLayerOrder, std::to_string(order));
  put_us(layer, DCM_GraphicLayerRecommendedDisplayGrayscaleValue, 0xFFFF);
  const std::array<std::uint16_t, 3> lab = cielab_of(rgb);
  layer.putAndInsertUint16Array(DCM_GraphicLayerRecommendedDisplayCIELabValue, lab.data(), 3);
  put_text(layer, DCM_GraphicLayerDescription, description, 64);
}

DcmItem& add_annotation(DcmItem& object, const ImageNames& names, const std::string& layer,
                        std::span<const std::int64_t> slices) {
  DcmItem& annotation = add_item(object, DCM_GraphicAnnotationSequence);
  put_image_references(annotation, names, slices);
  put(annotation, DCM_GraphicLayer, layer);
  return annotation;
}

void put_floats(DcmItem& item, const DcmTagKey& tag, const std::vector<float>& values) {
  item.putAndInsertFloat32Array(tag, values.data(), values.size());
}

/// Closed; in joined parts if it has too many points for one.
void add_polylines(DcmItem& annotation, const Outline& outline) {
  const std::size_t n = outline.points.size();
  for (std::size_t first = 0; first < n; first += kMostPointsOfPolyline - 1) {
    const std::size_t last = std::min(first + kMostPointsOfPolyline - 1, n);
    std::vector<float> data;
    for (std::size_t i = first; i <= last; ++i) {
      for (const double at : outline.points[i % n]) data.push_back(static_cast<float>(at + 0.5));
    }
    DcmItem& graphic = add_item(annotation, DCM_GraphicObjectSequence);
    put(graphic, DCM_GraphicAnnotationUnits, "PIXEL");
    put_us(graphic, DCM_GraphicDimensions, 2);
    put_us(graphic, DCM_NumberOfGraphicPoints, static_cast<std::uint16_t>(last - first + 1));
    put_floats(graphic, DCM_GraphicData, data);
    put(graphic, DCM_GraphicType, "POLYLINE");
    put(graphic, DCM_GraphicFilled, "N");
  }
}

/// Beside the uppermost point.
void add_name(DcmItem& annotation, const Piece& piece, const std::string& label) {
  std::array<double, 2> top = piece.outlines.front().points.front();
  for (const Outline& outline : piece.outlines) {
    for (const auto& point : outline.points) {
      if (point[1] < top[1]) top = point;
    }
  }
  DcmItem& text = add_item(annotation, DCM_TextObjectSequence);
  put(text, DCM_AnchorPointAnnotationUnits, "PIXEL");
  put_text(text, DCM_UnformattedTextValue, label.empty() ? "-" : label, 1024);
  put_floats(text, DCM_AnchorPoint,
             {static_cast<float>(top[0] + 0.5), static_cast<float>(top[1] + 0.5)});
  put(text, DCM_AnchorPointVisibility, "N");
}

void put_annotations(DcmItem& object, const Findings& findings, const Pieces& pieces) {
  std::map<int, std::pair<double, std::int64_t>> largest;  // of each segment: area, slice
  for (const auto& [k, of_slice] : pieces) {
    for (const auto& [segment, piece] : of_slice) {
      auto& [area, slice] = largest.try_emplace(segment, -1, 0).first->second;
      if (piece.area > area) {
        area = piece.area;
        slice = k;
      }
    }
  }
  int order = 0;
  for (const auto& [segment, where] : largest) {
    const Segment& s = findings.segments[static_cast<std::size_t>(segment - 1)];
    put_layer(object, layer_of(segment), ++order, "AI, unverified: " + s.label, s.rgb);
  }
  put_layer(object, kMarkLayer, ++order, "AI, unverified", kMarkColour);

  const ImageNames names = image_names(findings);
  std::vector<std::int64_t> annotated;
  for (const auto& [k, of_slice] : pieces) {
    annotated.push_back(k);
    for (const auto& [segment, piece] : of_slice) {
      DcmItem& annotation = add_annotation(object, names, layer_of(segment), {&k, 1});
      if (largest[segment].second == k) {
        add_name(annotation, piece, findings.segments[static_cast<std::size_t>(segment - 1)].label);
      }
      for (const Outline& outline : piece.outlines) add_polylines(annotation, outline);
    }
  }
  DcmItem& mark =
      add_item(add_annotation(object, names, kMarkLayer, annotated), DCM_TextObjectSequence);
  put(mark, DCM_BoundingBoxAnnotationUnits, "DISPLAY");
  put(mark, DCM_UnformattedTextValue, "AI, unverified");
  put_floats(mark, DCM_BoundingBoxTopLeftHandCorner, {0.02F, 0.02F});
  put_floats(mark, DCM_BoundingBoxBottomRightHandCorner, {0.5F, 0.07F});
  put(mark, DCM_BoundingBoxTextHorizontalJustification, "LEFT");
}

void put_corner(DcmItem& area, const DcmTagKey& tag, Sint32 column, Sint32 row) {
  const Sint32 corner[] = {column, row};
  auto element = std::make_unique<DcmSignedLong>(tag);
  if (element->putSint32Array(corner, 2).bad() || area.insert(element.get(), OFTrue).bad()) {
    throw Error(ErrorCode::internal, "a displayed area cannot be set");
  }
  static_cast<void>(element.release());
}

void put_displayed_area(DcmItem& object, const Grid& grid) {
  DcmItem& area = add_item(object, DCM_DisplayedAreaSelectionSequence);
  put_corner(area, DCM_DisplayedAreaTopLeftHandCorner, 1, 1);
  put_corner(area, DCM_DisplayedAreaBottomRightHandCorner, static_cast<Sint32>(grid.size[0]),
             static_cast<Sint32>(grid.size[1]));
  put(area, DCM_PresentationSizeMode, "SCALE TO FIT");
  const Vec3 spacing = grid.spacing_mm();
  put_decimals(area, DCM_PresentationPixelSpacing, std::array{spacing[1], spacing[0]});
}

void put_identification(DcmItem& object, const Findings& findings) {
  put_empty(object, DCM_Laterality);
  put(object, DCM_ContentLabel, "OUTLINES");
  put_text(object, DCM_ContentDescription, "AI, unverified: " + findings.model.title, 64);
  put(object, DCM_PresentationCreationDate, string_of(object, DCM_InstanceCreationDate));
  put(object, DCM_PresentationCreationTime, string_of(object, DCM_InstanceCreationTime));
  put_empty(object, DCM_ContentCreatorName);
  DcmItem& series = add_item(object, DCM_ReferencedSeriesSequence);
  put(series, DCM_SeriesInstanceUID, findings.source.series_uid);
  std::vector<std::int64_t> all(findings.source.instances.size());
  std::iota(all.begin(), all.end(), 0);
  put_image_references(series, image_names(findings), all);
}

}  // namespace

PresentationState write_presentation_state(const Findings& findings, const LabelMap& labels,
                                           const Volume& volume, const std::filesystem::path& file,
                                           const std::optional<DisplayWindow>& window) {
  check(findings, labels, volume, window);
  const std::vector<SliceSource>& instances = findings.source.instances;
  if (is_multi_frame(findings) && instances.size() > kMostReferencedFrames) {
    return {{}, "the source has more frames than a presentation state can refer to"};
  }
  ImageSource source;
  source.open(instances.front());
  refuse_colour(source);
  Pieces pieces;
  std::string why_not = find_pieces(labels, findings.segments.size(), pieces);
  if (!why_not.empty()) return {{}, why_not};
  const std::int64_t middle =
      std::next(pieces.begin(), static_cast<long>(pieces.size() / 2))->first;
  source.open(instances[static_cast<std::size_t>(middle)]);

  DcmFileFormat object;
  DcmItem& item = *object.getDataset();
  const ObjectKind kind{.sop_class_uid = kPresentationStateStorage,
                        .modality = "PR",
                        .role = "pr",
                        .series_role = "pr",
                        .series_description = "AI, unverified: outlines",
                        .series_offset = 13};
  ObjectIds ids = put_common_modules(item, source.header(), findings, kind);
  put_identification(item, findings);
  put_displayed_area(item, labels.grid);
  why_not = put_grey_scale(item, findings, volume, source, window);
  if (!why_not.empty()) return {{}, why_not};
  put_annotations(item, findings, pieces);
  save(object, file);
  return {ids, {}};
}

}  // namespace osler::objects
