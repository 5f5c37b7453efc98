#include "report/segmentation_reader.hpp"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "core/error.hpp"
#include "report/modules.hpp"

namespace osler::report {
namespace {

/// Positions are Decimal Strings of 16 characters; spacing rounds the same way.
constexpr double kPositionToleranceMm = 1e-3;
/// Row and column cosines that are not quite at right angles make |det| differ from the product of
/// the spacings by this much at most.
constexpr double kVolumeTolerance = 1e-3;
constexpr double kCentroidToleranceVoxels = 0.5;

[[noreturn]] void fail(const std::string& what) {
  throw Error(ErrorCode::internal, "the written segmentation does not read back: " + what, {},
              "report this as a defect; no result was written");
}

template <std::size_t N>
std::array<double, N> decimals(DcmItem& item, const DcmTagKey& tag) {
  std::array<double, N> values{};
  for (unsigned long i = 0; i < N; ++i) {
    Float64 value = 0;
    if (item.findAndGetFloat64(tag, value, i).bad()) {
      fail(fmt::format("({:04x},{:04x}) is missing", tag.getGroup(), tag.getElement()));
    }
    values[i] = value;
  }
  return values;
}

DcmItem& sub_item(DcmItem& item, const DcmTagKey& sequence, long index) {
  DcmItem* found = nullptr;
  if (item.findAndGetSequenceItem(sequence, found, index).bad() || found == nullptr) {
    fail(fmt::format("({:04x},{:04x}) has no item {}", sequence.getGroup(), sequence.getElement(),
                     index + 1));
  }
  return *found;
}

std::uint16_t us(DcmItem& item, const DcmTagKey& tag) {
  Uint16 value = 0;
  if (item.findAndGetUint16(tag, value).bad()) fail("a number is missing");
  return value;
}

/// How one frame lies, but for its position.
struct Geometry {
  Vec3 column_step;  ///< from one column to the next
  Vec3 row_step;     ///< from one row to the next
  Vec3 normal;
  double thickness_mm = 0;

  double voxel_mm3() const { return norm(column_step) * norm(row_step) * thickness_mm; }
  double smallest_side_mm() const {
    return std::min({norm(column_step), norm(row_step), thickness_mm});
  }
};

bool has_measures(DcmItem& groups) {
  DcmItem* item = nullptr;
  return groups.findAndGetSequenceItem(DCM_PixelMeasuresSequence, item).good();
}

/// @param measured  the groups that hold Pixel Measures: the shared ones or the frame's own
Geometry geometry_of(DcmItem& shared, DcmItem& measured) {
  const auto o =
      decimals<6>(sub_item(shared, DCM_PlaneOrientationSequence, 0), DCM_ImageOrientationPatient);
  DcmItem& measures = sub_item(measured, DCM_PixelMeasuresSequence, 0);
  const auto spacing = decimals<2>(measures, DCM_PixelSpacing);
  const Vec3 x{o[0], o[1], o[2]}, y{o[3], o[4], o[5]};
  const Vec3 normal = cross(x, y);
  const DcmTagKey thickness = &shared == &measured ? DCM_SpacingBetweenSlices : DCM_SliceThickness;
  return {spacing[1] * x, spacing[0] * y, (1 / norm(normal)) * normal,
          decimals<1>(measures, thickness)[0]};
}

/// Frames must lie a whole number of slice spacings apart, or the volume means nothing.
void check_positions(const Geometry& geometry, const std::vector<Vec3>& positions) {
  for (const Vec3& position : positions) {
    const double steps = dot(position - positions.front(), geometry.normal) / geometry.thickness_mm;
    const double off = std::abs(steps - std::round(steps)) * geometry.thickness_mm;
    if (off > std::max(kPositionToleranceMm, 0.05 * geometry.thickness_mm)) {
      fail("frames do not lie on the slice spacing");
    }
  }
}

struct Pixels {
  const std::uint8_t* bytes = nullptr;
  std::size_t rows = 0;
  std::size_t columns = 0;
};

void add_frame(const Pixels& pixels, std::size_t frame, const Vec3& position,
               const Geometry& geometry, MeasuredSegment& segment) {
  std::size_t bit = frame * pixels.rows * pixels.columns;
  std::int64_t voxels = 0;
  double row_sum = 0, column_sum = 0;
  for (std::size_t r = 0; r < pixels.rows; ++r) {
    for (std::size_t c = 0; c < pixels.columns; ++c, ++bit) {
      if ((pixels.bytes[bit / 8] >> (bit % 8) & 1) == 0) continue;
      ++voxels;
      row_sum += static_cast<double>(r);
      column_sum += static_cast<double>(c);
    }
  }
  const Vec3 sum = static_cast<double>(voxels) * position + row_sum * geometry.row_step +
                   column_sum * geometry.column_step;
  segment.voxels += voxels;
  segment.volume_mm3 += static_cast<double>(voxels) * geometry.voxel_mm3();
  segment.moment = segment.moment + geometry.voxel_mm3() * sum;
}

std::map<int, MeasuredSegment> segments_of(DcmItem& object) {
  std::map<int, MeasuredSegment> segments;
  DcmSequenceOfItems* sequence = nullptr;
  if (object.findAndGetSequence(DCM_SegmentSequence, sequence).bad()) fail("no segments");
  for (unsigned long i = 0; i < sequence->card(); ++i) {
    DcmItem& item = *sequence->getItem(i);
    OFString label;
    item.findAndGetOFString(DCM_SegmentLabel, label);
    const int number = us(item, DCM_SegmentNumber);
    segments[number] = {.number = number, .label = std::string(label.c_str(), label.length())};
  }
  return segments;
}

}  // namespace

MeasuredSegmentation measure_segmentation(const std::filesystem::path& file) {
  silence_dcmtk();
  DcmFileFormat format;
  if (format.loadFile(file.c_str()).bad()) fail("not a DICOM file");
  DcmItem& object = *format.getDataset();
  OFString type, text;
  object.findAndGetOFString(DCM_SegmentationType, type);
  if (type != "BINARY" || us(object, DCM_BitsAllocated) != 1) fail("not BINARY");

  Sint32 frames = 0;
  object.findAndGetSint32(DCM_NumberOfFrames, frames);
  Pixels pixels{nullptr, us(object, DCM_Rows), us(object, DCM_Columns)};
  unsigned long bytes = 0;
  if (object.findAndGetUint8Array(DCM_PixelData, pixels.bytes, &bytes).bad() || frames < 1 ||
      bytes * 8 < static_cast<std::size_t>(frames) * pixels.rows * pixels.columns) {
    fail("Pixel Data is too short");
  }

  DcmItem& shared = sub_item(object, DCM_SharedFunctionalGroupsSequence, 0);
  const bool regular = has_measures(shared);
  Geometry geometry;
  if (regular) geometry = geometry_of(shared, shared);
  MeasuredSegmentation measured;
  std::map<int, MeasuredSegment> segments = segments_of(object);
  std::vector<Vec3> positions;
  for (long i = 0; i < frames; ++i) {
    DcmItem& groups = sub_item(object, DCM_PerFrameFunctionalGroupsSequence, i);
    positions.push_back(
        decimals<3>(sub_item(groups, DCM_PlanePositionSequence, 0), DCM_ImagePositionPatient));
    const int number =
        us(sub_item(groups, DCM_SegmentIdentificationSequence, 0), DCM_ReferencedSegmentNumber);
    const auto segment = segments.find(number);
    if (segment == segments.end()) fail("a frame names no segment");
    if (!regular) geometry = geometry_of(shared, groups);
    if (!(geometry.thickness_mm > 0)) fail("a frame has no thickness");
    measured.voxel_mm3 = std::max(measured.voxel_mm3, geometry.voxel_mm3());
    measured.smallest_side_mm = std::min(measured.smallest_side_mm, geometry.smallest_side_mm());
    add_frame(pixels, static_cast<std::size_t>(i), positions.back(), geometry, segment->second);
  }
  if (regular) check_positions(geometry, positions);
  for (auto& [number, segment] : segments) {
    if (segment.voxels > 0) segment.centroid_mm = (1 / segment.volume_mm3) * segment.moment;
    measured.segments.push_back(segment);
  }
  return measured;
}

void verify_against_segmentation(const Findings& findings, const std::filesystem::path& file) {
  verify_against(findings, measure_segmentation(file));
}

void verify_against(const Findings& findings, const MeasuredSegmentation& measured) {
  for (const Finding& finding : findings.findings) {
    MeasuredSegment sum;
    for (const int number : finding.segments) {
      if (number < 1 || number > static_cast<int>(measured.segments.size())) {
        fail("'" + finding.label + "' names a segment that is not there");
      }
      const MeasuredSegment& part = measured.segments[static_cast<std::size_t>(number - 1)];
      sum.voxels += part.voxels;
      sum.volume_mm3 += part.volume_mm3;
      sum.moment = sum.moment + part.moment;
    }
    if (sum.voxels != finding.voxels) {
      fail(fmt::format("'{}' has {} voxels, the file {}", finding.label, finding.voxels,
                       sum.voxels));
    }
    const double volume_off = std::abs(sum.volume_mm3 - finding.volume_mm3);
    if (volume_off > std::max(measured.voxel_mm3, kVolumeTolerance * sum.volume_mm3)) {
      fail(fmt::format("'{}' has {} mm3, the file {}", finding.label, finding.volume_mm3,
                       sum.volume_mm3));
    }
    if (sum.voxels == 0) continue;
    const Vec3 centroid = (1 / sum.volume_mm3) * sum.moment;
    const double off = norm(centroid - finding.centroid_mm);
    if (off > kCentroidToleranceVoxels * measured.smallest_side_mm) {
      fail(fmt::format("the centroid of '{}' is {} mm off", finding.label, off));
    }
  }
}

}  // namespace osler::report
