#include "objects/segmentation_reader.hpp"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <map>

#include "core/error.hpp"
#include "objects/modules.hpp"
#include "objects/segmentation_pixels.hpp"

namespace osler::objects {
namespace {

/// Positions are Decimal Strings of 16 characters; spacing rounds the same way.
constexpr double kPositionToleranceMm = 1e-3;
/// Row and column cosines that are not quite at right angles make |det| differ from the product of
/// the spacings by this much at most.
constexpr double kVolumeTolerance = 1e-3;
constexpr double kCentroidToleranceVoxels = 0.5;

template <std::size_t N>
std::array<double, N> decimals(DcmItem& item, const DcmTagKey& tag) {
  std::array<double, N> values{};
  for (unsigned long i = 0; i < N; ++i) {
    Float64 value = 0;
    if (item.findAndGetFloat64(tag, value, i).bad()) {
      fail_reading_back(
          fmt::format("({:04x},{:04x}) is missing", tag.getGroup(), tag.getElement()));
    }
    values[i] = value;
  }
  return values;
}

DcmItem& sub_item(DcmItem& item, const DcmTagKey& sequence, long index) {
  DcmItem* found = nullptr;
  if (item.findAndGetSequenceItem(sequence, found, index).bad() || found == nullptr) {
    fail_reading_back(fmt::format("({:04x},{:04x}) has no item {}", sequence.getGroup(),
                                  sequence.getElement(), index + 1));
  }
  return *found;
}

std::uint16_t us(DcmItem& item, const DcmTagKey& tag) {
  Uint16 value = 0;
  if (item.findAndGetUint16(tag, value).bad()) fail_reading_back("a number is missing");
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
      fail_reading_back("frames do not lie on the slice spacing");
    }
  }
}

void add(const Share& share, const Vec3& position, const Geometry& geometry,
         MeasuredSegment& segment) {
  const Vec3 sum = static_cast<double>(share.voxels) * position +
                   static_cast<double>(share.rows) * geometry.row_step +
                   static_cast<double>(share.columns) * geometry.column_step;
  segment.voxels += share.voxels;
  segment.volume_mm3 += static_cast<double>(share.voxels) * geometry.voxel_mm3();
  segment.moment = segment.moment + geometry.voxel_mm3() * sum;
}

std::map<int, MeasuredSegment> segments_of(DcmItem& object) {
  std::map<int, MeasuredSegment> segments;
  DcmSequenceOfItems* sequence = nullptr;
  if (object.findAndGetSequence(DCM_SegmentSequence, sequence).bad())
    fail_reading_back("no segments");
  for (unsigned long i = 0; i < sequence->card(); ++i) {
    DcmItem& item = *sequence->getItem(i);
    OFString label;
    item.findAndGetOFString(DCM_SegmentLabel, label);
    const int number = us(item, DCM_SegmentNumber);
    segments[number] = {.number = number, .label = std::string(label.c_str(), label.length())};
  }
  return segments;
}

/// What each frame says but its pixels.
struct Frame {
  Vec3 position;
  Geometry geometry;
  int segment = 0;  ///< 0: its pixels say it
};

std::vector<Frame> frames_of(DcmItem& object, std::size_t count, bool by_segment) {
  DcmItem& shared = sub_item(object, DCM_SharedFunctionalGroupsSequence, 0);
  DcmSequenceOfItems* sequence = nullptr;
  if (object.findAndGetSequence(DCM_PerFrameFunctionalGroupsSequence, sequence).bad() ||
      sequence->card() != count) {
    fail_reading_back("frames and their groups are not as many");
  }
  const bool regular = has_measures(shared);
  Geometry geometry;
  if (regular) geometry = geometry_of(shared, shared);
  std::vector<Frame> frames;
  std::vector<Vec3> positions;
  for (DcmObject* next = sequence->nextInContainer(nullptr); next != nullptr;
       next = sequence->nextInContainer(next)) {
    auto& groups = dynamic_cast<DcmItem&>(*next);
    if (!regular) geometry = geometry_of(shared, groups);
    if (!(geometry.thickness_mm > 0)) fail_reading_back("a frame has no thickness");
    Frame frame{
        decimals<3>(sub_item(groups, DCM_PlanePositionSequence, 0), DCM_ImagePositionPatient),
        geometry, 0};
    if (by_segment) {
      frame.segment =
          us(sub_item(groups, DCM_SegmentIdentificationSequence, 0), DCM_ReferencedSegmentNumber);
    }
    positions.push_back(frame.position);
    frames.push_back(frame);
  }
  if (regular) check_positions(geometry, positions);
  return frames;
}

using Segments = std::map<int, MeasuredSegment>;

/// Frames whose bits begin at whole bytes together, as many as 32 MiB hold.
void measure_bits(PixelReader& reader, const FrameSize& size, const std::vector<Frame>& frames,
                  Segments& segments) {
  constexpr std::size_t kPartBits = std::size_t{1} << 28;
  const std::size_t at_once = std::max<std::size_t>(kPartBits / size.pixels() / 8 * 8, 8);
  for (std::size_t begin = 0; begin < frames.size(); begin += at_once) {
    const std::size_t count = std::min(at_once, frames.size() - begin);
    const std::size_t first = begin * size.pixels() / 8;
    const std::vector<std::uint8_t> bytes =
        reader.bytes(first, ((begin + count) * size.pixels() + 7) / 8);
    std::vector<Share> shares(count);
#pragma omp parallel for schedule(dynamic, 16)
    for (std::size_t i = 0; i < count; ++i) {
      shares[i] = share_of_bits(bytes.data(), i * size.pixels(), size);
    }
    for (std::size_t i = 0; i < count; ++i) {
      const Frame& frame = frames[begin + i];
      const auto segment = segments.find(frame.segment);
      if (segment == segments.end()) fail_reading_back("a frame names no segment");
      add(shares[i], frame.position, frame.geometry, segment->second);
    }
  }
}

void measure_numbers(PixelReader& reader, const FrameSize& size, const std::vector<Frame>& frames,
                     Segments& segments) {
  const std::size_t numbers = segments.empty() ? 1 : segments.rbegin()->first + 1;
  for (std::size_t i = 0; i < frames.size(); ++i) {
    const std::vector<std::uint8_t> bytes = reader.frame(i);
    std::vector<Share> shares(numbers);
    if (reader.bits() == 8) {
      shares_of_numbers(bytes.data(), size, shares);
    } else {
      std::vector<std::uint16_t> words(size.pixels());
      std::memcpy(words.data(), bytes.data(), 2 * words.size());
      shares_of_numbers(words.data(), size, shares);
    }
    for (std::size_t n = 1; n < numbers; ++n) {
      if (shares[n].voxels == 0) continue;
      const auto segment = segments.find(static_cast<int>(n));
      if (segment == segments.end()) fail_reading_back("a voxel names no segment");
      add(shares[n], frames[i].position, frames[i].geometry, segment->second);
    }
  }
}

}  // namespace

MeasuredSegmentation measure_segmentation(const std::filesystem::path& file) {
  silence_dcmtk();
  DcmFileFormat format;
  if (format.loadFile(file.c_str()).bad()) fail_reading_back("not a DICOM file");
  DcmItem& object = *format.getDataset();
  OFString type;
  object.findAndGetOFString(DCM_SegmentationType, type);
  const bool binary = type == "BINARY";
  if (!binary && type != "LABELMAP") fail_reading_back("neither BINARY nor LABELMAP");
  Sint32 count = 0;
  object.findAndGetSint32(DCM_NumberOfFrames, count);
  const FrameSize size{us(object, DCM_Rows), us(object, DCM_Columns)};
  if (count < 1 || size.pixels() == 0) fail_reading_back("no frames");

  const std::vector<Frame> frames = frames_of(object, static_cast<std::size_t>(count), binary);
  PixelReader reader(object, frames.size(), size);
  if (binary ? reader.bits() != 1 : reader.bits() != 8 && reader.bits() != 16) {
    fail_reading_back("its bits are not those of its type");
  }
  Segments segments = segments_of(object);
  (binary ? measure_bits : measure_numbers)(reader, size, frames, segments);
  MeasuredSegmentation measured;
  for (const Frame& frame : frames) {
    measured.voxel_mm3 = std::max(measured.voxel_mm3, frame.geometry.voxel_mm3());
    measured.smallest_side_mm =
        std::min(measured.smallest_side_mm, frame.geometry.smallest_side_mm());
  }
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
        fail_reading_back("'" + finding.label + "' names a segment that is not there");
      }
      const MeasuredSegment& part = measured.segments[static_cast<std::size_t>(number - 1)];
      sum.voxels += part.voxels;
      sum.volume_mm3 += part.volume_mm3;
      sum.moment = sum.moment + part.moment;
    }
    if (sum.voxels != finding.voxels) {
      fail_reading_back(fmt::format("'{}' has {} voxels, the file {}", finding.label,
                                    finding.voxels, sum.voxels));
    }
    const double volume_off = std::abs(sum.volume_mm3 - finding.volume_mm3);
    if (volume_off > std::max(measured.voxel_mm3, kVolumeTolerance * sum.volume_mm3)) {
      fail_reading_back(fmt::format("'{}' has {} mm3, the file {}", finding.label,
                                    finding.volume_mm3, sum.volume_mm3));
    }
    if (sum.voxels == 0) continue;
    const Vec3 centroid = (1 / sum.volume_mm3) * sum.moment;
    const double off = norm(centroid - finding.centroid_mm);
    if (off > kCentroidToleranceVoxels * measured.smallest_side_mm) {
      fail_reading_back(fmt::format("the centroid of '{}' is {} mm off", finding.label, off));
    }
  }
}

}  // namespace osler::objects
