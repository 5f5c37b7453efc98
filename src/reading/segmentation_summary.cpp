#include "reading/segmentation_summary.hpp"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dcfcache.h>
#include <dcmtk/dcmdata/dctk.h>
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <map>

#include "dicom/transfer_syntax.hpp"
#include "reading/attributes.hpp"

namespace osler::reading {
namespace {

constexpr std::size_t kMostProblems = 20;  // of frames: the same again and again
constexpr long kMostRows = 65535;          // of VR US

double inverse_lab_curve(double f) {
  constexpr double kEdge = 6.0 / 29.0;
  return f > kEdge ? f * f * f : 3 * kEdge * kEdge * (f - 4.0 / 29.0);
}

std::uint8_t gamma_byte(double linear) {
  const double v = linear <= 0.0031308 ? 12.92 * linear : 1.055 * std::pow(linear, 1 / 2.4) - 0.055;
  return static_cast<std::uint8_t>(std::lround(255 * std::clamp(v, 0.0, 1.0)));
}

/// Recommended Display CIELab Value (PS3.3 C.10.7.1.1, D50) as sRGB.
std::optional<std::array<std::uint8_t, 3>> colour_of(DcmItem& segment) {
  const auto lab = integers_of(segment, DCM_RecommendedDisplayCIELabValue);
  if (lab.size() != 3) return std::nullopt;
  const double l = static_cast<double>(lab[0]) * 100 / 65535;
  const double a = static_cast<double>(lab[1]) * 255 / 65535 - 128;
  const double b = static_cast<double>(lab[2]) * 255 / 65535 - 128;
  const double fy = (l + 16) / 116;
  const double x = 0.9642 * inverse_lab_curve(fy + a / 500), y = inverse_lab_curve(fy),
               z = 0.8249 * inverse_lab_curve(fy - b / 200);
  // The inverse of sRGB's primaries adapted to D50 (Bradford).
  return std::array{gamma_byte(3.1338561 * x - 1.6168667 * y - 0.4906146 * z),
                    gamma_byte(-0.9787684 * x + 1.9161415 * y + 0.0334540 * z),
                    gamma_byte(0.0719453 * x - 0.2289914 * y + 1.4052427 * z)};
}

SegmentSummary segment_of(DcmItem& item, Texts& texts) {
  SegmentSummary s;
  s.number = integer_of(item, DCM_SegmentNumber).value_or(0);
  s.label = text_of(item, DCM_SegmentLabel, texts);
  s.description = text_of(item, DCM_SegmentDescription, texts);
  s.category = code_of(item, DCM_SegmentedPropertyCategoryCodeSequence, texts);
  if (DcmItem* type = first_item(item, DCM_SegmentedPropertyTypeCodeSequence)) {
    s.type = code_of(item, DCM_SegmentedPropertyTypeCodeSequence, texts);
    s.type_modifiers = codes_of(*type, DCM_SegmentedPropertyTypeModifierCodeSequence, texts);
  }
  if (DcmItem* region = first_item(item, DCM_AnatomicRegionSequence)) {
    s.region = code_of(item, DCM_AnatomicRegionSequence, texts);
    s.region_modifiers = codes_of(*region, DCM_AnatomicRegionModifierSequence, texts);
  }
  s.algorithm_type = text_of(item, DCM_SegmentAlgorithmType, texts);
  s.algorithm_name = text_of(item, DCM_SegmentAlgorithmName, texts);
  if (DcmItem* known = first_item(item, DCM_SegmentationAlgorithmIdentificationSequence)) {
    s.algorithm_version = text_of(*known, DCM_AlgorithmVersion, texts);
    if (s.algorithm_name.empty()) s.algorithm_name = text_of(*known, DCM_AlgorithmName, texts);
  }
  s.tracking_identifier = text_of(item, DCM_TrackingID, texts);
  s.tracking_uid = text_of(item, DCM_TrackingUID, texts);
  s.colour = colour_of(item);
  return s;
}

Vec3 vector_of(const std::vector<double>& v, std::size_t first) {
  return {v[first], v[first + 1], v[first + 2]};
}

/// Nothing unless there are as many as there must be: what all frames share is copied for each.
std::vector<double> exactly(std::size_t count, DcmItem& item, const DcmTagKey& tag) {
  auto values = numbers_of(item, tag);
  return values.size() == count ? values : std::vector<double>();
}

/// What a functional group says of how a frame lies; empty where it says nothing.
struct Placement {
  std::vector<double> position;
  std::vector<double> orientation;
  std::vector<double> spacing;
  std::optional<double> thickness;
  std::optional<double> between;
  long segment = 0;

  /// What belongs to the frame goes before what belongs to all.
  void add(DcmItem& groups, bool is_shared) {
    if (DcmItem* plane = first_item(groups, DCM_PlanePositionSequence)) {
      position = exactly(3, *plane, DCM_ImagePositionPatient);
    }
    if (DcmItem* plane = first_item(groups, DCM_PlaneOrientationSequence)) {
      orientation = exactly(6, *plane, DCM_ImageOrientationPatient);
    }
    if (DcmItem* measures = first_item(groups, DCM_PixelMeasuresSequence)) {
      const auto one = [&](const DcmTagKey& tag) -> std::optional<double> {
        const auto values = numbers_of(*measures, tag);
        return values.empty() || !(values[0] > 0) ? std::nullopt : std::optional(values[0]);
      };
      spacing = exactly(2, *measures, DCM_PixelSpacing);
      thickness = one(DCM_SliceThickness);
      between = is_shared ? one(DCM_SpacingBetweenSlices) : std::nullopt;
    }
    if (DcmItem* named = first_item(groups, DCM_SegmentIdentificationSequence)) {
      segment = integer_of(*named, DCM_ReferencedSegmentNumber).value_or(0);
    }
  }

  bool is_whole() const {
    return position.size() == 3 && orientation.size() == 6 && spacing.size() == 2 &&
           spacing[0] > 0 && spacing[1] > 0 && (between || thickness);
  }
};

/// Set pixels of a frame and the sums of their places.
struct Counted {
  std::int64_t pixels = 0;
  double columns = 0;
  double rows = 0;
};

class BinaryFrames {
 public:
  BinaryFrames(DcmItem& object, std::uint64_t rows, std::uint64_t columns)
      : columns_(columns), bits_(rows * columns) {
    object.findAndGetElement(DCM_PixelData, pixels_);
  }

  /// Nothing if Pixel Data ends before the frame does.
  std::optional<Counted> count(std::uint64_t frame) {
    const std::uint64_t first = frame * bits_, last = first + bits_ - 1;
    const std::uint64_t length = last / 8 - first / 8 + 1;
    if (pixels_ == nullptr || bits_ == 0 || last / 8 >= pixels_->getLength()) {
      return std::nullopt;
    }
    bytes_.resize(length);
    if (pixels_
            ->getPartialValue(bytes_.data(), static_cast<Uint32>(first / 8),
                              static_cast<Uint32>(length), &cache_)
            .bad()) {
      return std::nullopt;
    }
    Counted counted;
    for (std::uint64_t i = 0; i < length; ++i) {
      for (unsigned byte = bytes_[i]; byte != 0; byte &= byte - 1) {
        const std::uint64_t bit =
            (first / 8 + i) * 8 + static_cast<unsigned>(std::countr_zero(byte));
        if (bit < first || bit > last) continue;
        ++counted.pixels;
        const std::uint64_t row = (bit - first) / columns_, column = (bit - first) % columns_;
        counted.columns += static_cast<double>(column);
        counted.rows += static_cast<double>(row);
      }
    }
    return counted;
  }

 private:
  DcmElement* pixels_ = nullptr;
  DcmFileCache cache_;
  std::uint64_t columns_;
  std::uint64_t bits_;
  std::vector<std::uint8_t> bytes_;
};

/// What is summed up over the frames of a segment.
struct Sums {
  std::int64_t frames = 0;
  std::int64_t voxels = 0;
  double volume_mm3 = 0;
  Vec3 moment{};
  bool counted = true;
  bool placed = true;
};

void add_frame(const Placement& place, const std::optional<Counted>& counted, Sums& sums) {
  ++sums.frames;
  sums.counted = sums.counted && counted.has_value();
  sums.placed = sums.placed && place.is_whole();
  if (!counted || !place.is_whole()) {
    if (counted) sums.voxels += counted->pixels;
    return;
  }
  sums.voxels += counted->pixels;
  const double voxel_mm3 =
      place.spacing[0] * place.spacing[1] * (place.between ? *place.between : *place.thickness);
  const Vec3 along_row = place.spacing[1] * vector_of(place.orientation, 0);
  const Vec3 along_column = place.spacing[0] * vector_of(place.orientation, 3);
  const Vec3 sum = static_cast<double>(counted->pixels) * vector_of(place.position, 0) +
                   counted->columns * along_row + counted->rows * along_column;
  sums.volume_mm3 += static_cast<double>(counted->pixels) * voxel_mm3;
  sums.moment = sums.moment + voxel_mm3 * sum;
}

void apply(const Sums& sums, SegmentSummary& segment) {
  segment.frames = sums.frames;
  if (!sums.counted) return;
  segment.voxels = sums.voxels;
  if (!sums.placed) return;
  segment.volume_mm3 = sums.volume_mm3;
  if (sums.volume_mm3 > 0) segment.centroid_mm = (1 / sums.volume_mm3) * sums.moment;
}

std::vector<Evidence> sources_of(DcmItem& object) {
  std::vector<Evidence> sources;
  const std::string study = bytes_of(object, DCM_StudyInstanceUID);
  for (DcmItem* series : items_of(object, DCM_ReferencedSeriesSequence)) {
    const std::string series_uid = bytes_of(*series, DCM_SeriesInstanceUID);
    for (DcmItem* sop : items_of(*series, DCM_ReferencedInstanceSequence)) {
      sources.push_back({study,
                         series_uid,
                         {bytes_of(*sop, DCM_ReferencedSOPClassUID),
                          bytes_of(*sop, DCM_ReferencedSOPInstanceUID)}});
    }
  }
  return sources;
}

void check_segments(const SegmentationSummary& s, std::vector<Problem>& problems) {
  if (s.segments.empty()) problems.push_back({"Segment Sequence", "names no segment"});
  std::map<long, int> seen;
  for (const SegmentSummary& segment : s.segments) {
    if (++seen[segment.number] == 2) {
      problems.push_back({"Segment Sequence", "one number stands for several segments"});
    }
  }
}

/// How the frames lie, and what they hold.
void read_frames(DcmItem& object, bool count_bits, SegmentationSummary& s,
                 std::vector<Problem>& problems) {
  Placement shared;
  if (DcmItem* groups = first_item(object, DCM_SharedFunctionalGroupsSequence)) {
    shared.add(*groups, true);
  }
  const auto frames = items_of(object, DCM_PerFrameFunctionalGroupsSequence);
  Placement first = shared;
  if (!frames.empty()) first.add(*frames.front(), false);
  if (first.spacing.size() == 2) s.pixel_spacing_mm = first.spacing;
  if (first.orientation.size() == 6) s.orientation = first.orientation;
  s.slice_thickness_mm = first.thickness;
  s.slice_spacing_mm = first.between;
  if (frames.empty()) return;  // TILED_FULL: the frames say nothing of themselves
  if (static_cast<std::size_t>(s.frames) != frames.size()) {
    problems.push_back({"Number of Frames", "does not count the frames that are described"});
  }
  if (s.type == "LABELMAP") return;

  std::map<long, Sums> sums;
  for (const SegmentSummary& segment : s.segments) sums[segment.number].placed = first.is_whole();
  BinaryFrames pixels(object, static_cast<std::uint64_t>(s.rows),
                      static_cast<std::uint64_t>(s.columns));
  std::size_t unknown = 0;
  bool short_pixels = false;
  const std::size_t count =
      s.frames > 0 ? std::min(frames.size(), static_cast<std::size_t>(s.frames)) : frames.size();
  for (std::size_t i = 0; i < count; ++i) {
    Placement place = shared;
    place.add(*frames[i], false);
    const auto segment = sums.find(place.segment);
    if (segment == sums.end()) {
      if (++unknown <= kMostProblems) {
        problems.push_back({"frame " + std::to_string(i + 1), "names no segment that there is"});
      }
      continue;
    }
    std::optional<Counted> counted;
    if (count_bits && !short_pixels) counted = pixels.count(i);
    short_pixels = count_bits && !counted;
    add_frame(place, counted, segment->second);
  }
  if (unknown > kMostProblems) {
    problems.push_back({"frames", std::to_string(unknown) + " name no segment that there is"});
  }
  if (short_pixels) problems.push_back({"Pixel Data", "ends before the last frame"});
  for (SegmentSummary& segment : s.segments) apply(sums[segment.number], segment);
}

}  // namespace

SegmentationSummary summarise_segmentation(DcmItem& object, const std::string& transfer_syntax_uid,
                                           const dicom::Limits& limits,
                                           std::vector<Problem>& problems) {
  const dicom::CharacterSet set(bytes_of(object, DCM_SpecificCharacterSet));
  SegmentationSummary s;
  s.type = bytes_of(object, DCM_SegmentationType);
  s.fractional_type = bytes_of(object, DCM_SegmentationFractionalType);
  s.overlap = bytes_of(object, DCM_SegmentsOverlap);
  s.rows = std::clamp(integer_of(object, DCM_Rows).value_or(0), 0L, kMostRows);
  s.columns = std::clamp(integer_of(object, DCM_Columns).value_or(0), 0L, kMostRows);
  s.frames = integer_of(object, DCM_NumberOfFrames).value_or(0);
  s.bits_allocated = integer_of(object, DCM_BitsAllocated).value_or(0);
  s.frame_of_reference_uid = bytes_of(object, DCM_FrameOfReferenceUID);
  s.tiled = has_value(object, DCM_TotalPixelMatrixColumns);
  s.sources = sources_of(object);
  for (DcmItem* item : items_of(object, DCM_SegmentSequence)) {
    Texts texts{set, {}};
    s.segments.push_back(segment_of(*item, texts));
    if (texts.notes.any()) {
      problems.push_back(
          {fmt::format("segment {}", s.segments.back().number), words_of(texts.notes)});
    }
  }
  check_segments(s, problems);
  const bool is_native = dicom::transfer_syntax(transfer_syntax_uid).codec == dicom::Codec::none;
  const bool is_bits = s.type == "BINARY" && s.bits_allocated == 1 && is_native;
  const bool is_within = std::int64_t{s.rows} * s.columns <= limits.max_frame_bytes;
  if (is_bits && !is_within) {
    problems.push_back({"Rows, Columns", "a frame is over the limit: its voxels are not counted"});
  }
  read_frames(object, is_bits && is_within, s, problems);
  return s;
}

}  // namespace osler::reading
