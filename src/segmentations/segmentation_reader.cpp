#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "core/error.hpp"
#include "dicom/bit_frames.hpp"
#include "dicom/items.hpp"
#include "dicom/pixels.hpp"
#include "segmentations/frame_grid.hpp"
#include "segmentations/label_maps.hpp"
#include "segmentations/segmentations.hpp"
#include "segmentations/stored_text.hpp"

namespace osler::segmentations {
namespace {

using dicom::Instance;
using dicom::Item;

constexpr std::string_view kSegmentation = "1.2.840.10008.5.1.4.1.1.66.4";
constexpr std::string_view kLabelMap = "1.2.840.10008.5.1.4.1.1.66.7";
constexpr std::string_view kStructureSet = "1.2.840.10008.5.1.4.1.1.481.3";

constexpr std::uint32_t kSegmentationType = 0x00620001;
constexpr std::uint32_t kSegments = 0x00620002;
constexpr std::uint32_t kCategory = 0x00620003;
constexpr std::uint32_t kNumber = 0x00620004;
constexpr std::uint32_t kLabel = 0x00620005;
constexpr std::uint32_t kDescription = 0x00620006;
constexpr std::uint32_t kAlgorithmType = 0x00620008;
constexpr std::uint32_t kAlgorithmName = 0x00620009;
constexpr std::uint32_t kIdentification = 0x0062000A;
constexpr std::uint32_t kReferencedNumber = 0x0062000B;
constexpr std::uint32_t kColour = 0x0062000D;
constexpr std::uint32_t kMaximumFraction = 0x0062000E;
constexpr std::uint32_t kType = 0x0062000F;
constexpr std::uint32_t kTypeModifiers = 0x00620011;
constexpr std::uint32_t kTrackingId = 0x00620020;
constexpr std::uint32_t kTrackingUid = 0x00620021;
constexpr std::uint32_t kRegion = 0x00082218;
constexpr std::uint32_t kRegionModifiers = 0x00082220;
constexpr std::uint32_t kMeasures = 0x00289110;
constexpr std::uint32_t kSliceThickness = 0x00180050;
constexpr std::uint32_t kSpacingBetweenSlices = 0x00180088;
constexpr std::uint32_t kShared = 0x52009229;
constexpr std::uint32_t kPerFrame = 0x52009230;

const std::set<std::uint32_t> kWanted = {0x00080005,
                                         0x00080100,
                                         0x00080102,
                                         0x00080104,
                                         0x00080119,
                                         0x00080120,
                                         kSegmentationType,
                                         kSegments,
                                         kCategory,
                                         kNumber,
                                         kLabel,
                                         kDescription,
                                         kAlgorithmType,
                                         kAlgorithmName,
                                         kIdentification,
                                         kReferencedNumber,
                                         kColour,
                                         kMaximumFraction,
                                         kType,
                                         kTypeModifiers,
                                         kTrackingId,
                                         kTrackingUid,
                                         kRegion,
                                         kRegionModifiers,
                                         kMeasures,
                                         kSliceThickness,
                                         kSpacingBetweenSlices,
                                         kShared,
                                         kPerFrame};

Kind kind_of(const Instance& instance, const Item& header) {
  const std::string type = header.text(kSegmentationType);
  const int bits = instance.pixels.bits_allocated;
  if (type == "BINARY" && bits == 1) return Kind::binary;
  if (type == "FRACTIONAL" && bits == 8) return Kind::fractional;
  if (type == "LABELMAP" && (bits == 8 || bits == 16)) return Kind::label_map;
  throw Error(ErrorCode::bad_input, fmt::format("Segmentation Type {} of {} bits", type, bits),
              "BINARY of 1, FRACTIONAL of 8, LABELMAP of 8 or 16");
}

std::vector<StoredSegment> segments_of(const Item& header) {
  const Texts texts(header);
  std::vector<StoredSegment> segments;
  std::set<int> numbers;
  for (const Item& item : header.items(kSegments)) {
    const auto number = item.word(kNumber);
    if (!number || !numbers.insert(*number).second) {
      throw Error(ErrorCode::bad_input, "segments without numbers of their own");
    }
    StoredSegment& s = segments.emplace_back();
    s.number = *number;
    s.label = texts.of(item, kLabel);
    s.description = texts.of(item, kDescription);
    s.category = texts.code(item, kCategory);
    s.type = texts.code(item, kType);
    s.type_modifiers = texts.codes(item.item(kType), kTypeModifiers);
    s.regions = texts.codes(item, kRegion);
    for (Code& code : texts.codes(item.item(kRegion), kRegionModifiers)) {
      s.regions.push_back(std::move(code));
    }
    s.rgb = rgb_of_cielab(item.words(kColour));
    s.tracking_id = texts.of(item, kTrackingId);
    s.tracking_uid = texts.of(item, kTrackingUid);
    s.algorithm_type = texts.of(item, kAlgorithmType);
    s.algorithm_name = texts.of(item, kAlgorithmName);
  }
  if (segments.empty()) throw Error(ErrorCode::bad_input, "a segmentation without segments");
  return segments;
}

/// Spacing Between Slices, of the first frame if it is not shared; of one slice its thickness.
std::optional<double> spacing_of(const Item& header) {
  for (const std::uint32_t tag : {kSpacingBetweenSlices, kSliceThickness}) {
    for (const std::uint32_t groups : {kShared, kPerFrame}) {
      const auto spacing = header.item(groups).item(kMeasures).number(tag);
      if (spacing && *spacing > 0) return spacing;
    }
  }
  return std::nullopt;
}

FrameGrid place(const Instance& instance, const Item& header, std::span<const Reference> references,
                std::vector<std::string>& warnings) {
  if (references.empty()) {
    const auto spacing = spacing_of(header);
    FrameGrid frames = grid_of_frames(instance, spacing);
    if (!spacing && frames.grid.size[2] == 1) {
      warnings.emplace_back("nothing says how thick the slice is: it was taken to be 1 mm");
    }
    return frames;
  }
  std::string differences;
  for (const Reference& reference : references) {
    const std::string& mine = instance.frame_of_reference_uid;
    Coincidence here{{}, "another frame of reference"};
    if (mine.empty() || reference.frame_of_reference_uid.empty() ||
        mine == reference.frame_of_reference_uid) {
      here = slices_on(instance, reference.grid);
    }
    if (here.difference.empty()) return {reference.grid, std::move(here.slice_of_frame)};
    differences += (differences.empty() ? "" : "; ") + here.difference;
  }
  throw Error(ErrorCode::bad_input,
              "the segmentation does not lie on the reference: " + differences,
              "frames that coincide with its slices",
              "give the series that was segmented, or none: then the segmentation's own grid is "
              "used");
}

/// Segment Number of each frame.
std::vector<int> segment_of_frames(const Item& header, std::size_t frames) {
  const std::vector<Item>& own = header.items(kPerFrame);
  const auto shared = header.item(kShared).item(kIdentification).word(kReferencedNumber);
  std::vector<int> numbers;
  for (std::size_t i = 0; i < frames; ++i) {
    auto number = shared;
    if (i < own.size() && !own[i].items(kIdentification).empty()) {
      number = own[i].item(kIdentification).word(kReferencedNumber);
    }
    if (!number) throw Error(ErrorCode::bad_input, "a frame that names no segment");
    numbers.push_back(*number);
  }
  return numbers;
}

/// One segment after another, so that no more than one is held beside the maps.
void read_planes(const Instance& instance, const Item& header, const FrameGrid& frames,
                 const dicom::Limits& limits, Segmentation& result, LabelMaps& maps) {
  std::map<int, std::vector<int>> frames_of_segment;
  const std::vector<int> numbers = segment_of_frames(header, frames.slice_of_frame.size());
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    frames_of_segment[numbers[i]].push_back(static_cast<int>(i));
  }
  for (const StoredSegment& segment : result.segments) {
    if (segment.number == 0) throw Error(ErrorCode::bad_input, "a segment of number 0");
  }
  const bool binary = result.kind == Kind::binary;
  const unsigned maximum = header.word(kMaximumFraction).value_or(0);
  if (!binary && (maximum == 0 || maximum > 255)) {
    throw Error(ErrorCode::bad_input, "FRACTIONAL without a Maximum Fractional Value of 1 to 255");
  }
  const std::optional<dicom::BitFrames> bits =
      binary ? std::optional<dicom::BitFrames>(std::in_place, instance, limits) : std::nullopt;
  const std::optional<dicom::FrameDecoder> bytes =
      binary ? std::nullopt : std::optional<dicom::FrameDecoder>(std::in_place, instance, limits);
  for (StoredSegment& segment : result.segments) {
    const auto own = frames_of_segment.extract(segment.number);
    for (const int frame : own.empty() ? std::vector<int>{} : own.mapped()) {
      const std::int64_t k = frames.slice_of_frame[static_cast<std::size_t>(frame)];
      if (maps.is_touched(k)) {
        throw Error(ErrorCode::bad_input,
                    fmt::format("two frames of segment {} in one place", segment.number));
      }
      const std::span<std::uint8_t> mask = maps.slice_of_mask(k);
      if (binary) {
        bits->decode(frame, mask);
      } else {
        bytes->decode(frame, std::as_writable_bytes(mask));
        for (std::uint8_t& v : mask) v = 2U * v >= maximum ? 1 : 0;
      }
    }
    maps.take_mask(segment);
  }
  if (!frames_of_segment.empty()) {
    throw Error(ErrorCode::bad_input, fmt::format("a frame of segment {}, which is not listed",
                                                  frames_of_segment.begin()->first));
  }
}

/// Labels of one frame, whatever their depth.
class LabelFrames {
 public:
  LabelFrames(const Instance& instance, const dicom::Limits& limits)
      : decoder_(instance, limits),
        wide_(instance.pixels.bits_allocated == 16),
        bytes_(dicom::frame_bytes(instance.pixels, limits)),
        labels_(bytes_.size() / (wide_ ? 2 : 1)) {}

  std::span<const std::uint16_t> decode(int frame) {
    if (wide_) {
      decoder_.decode(frame, std::as_writable_bytes(std::span(labels_)));
    } else {
      decoder_.decode(frame, bytes_);
      std::transform(bytes_.begin(), bytes_.end(), labels_.begin(),
                     [](std::byte b) { return static_cast<std::uint16_t>(b); });
    }
    return labels_;
  }

 private:
  dicom::FrameDecoder decoder_;
  bool wide_;
  std::vector<std::byte> bytes_;
  std::vector<std::uint16_t> labels_;
};

void read_labels(const Instance& instance, const FrameGrid& frames, const dicom::Limits& limits,
                 Segmentation& result, LabelMaps& maps) {
  if (instance.pixels.samples_per_pixel != 1) {
    throw Error(ErrorCode::bad_input, "labels of more than one sample");
  }
  const auto background = static_cast<int>(instance.pixel_padding_value.value_or(0) & 0xFFFF);
  std::erase_if(result.segments,
                [&](const StoredSegment& segment) { return segment.number == background; });
  std::vector<StoredSegment*> segment_of_label(65536, nullptr);
  std::vector<bool> listed(65536, false);
  listed[static_cast<std::size_t>(background)] = true;
  // Those whose number can be their value come first, so that none of these is taken.
  for (const bool direct : {true, false}) {
    for (StoredSegment& segment : result.segments) {
      if ((segment.number >= 1 && segment.number <= 255) != direct) continue;
      segment_of_label[static_cast<std::size_t>(segment.number)] = &segment;
      listed[static_cast<std::size_t>(segment.number)] = true;
      maps.reserve(segment);
    }
  }
  LabelFrames decoded(instance, limits);
  std::set<std::int64_t> seen;
  for (std::size_t i = 0; i < frames.slice_of_frame.size(); ++i) {
    const std::int64_t k = frames.slice_of_frame[i];
    if (!seen.insert(k).second) throw Error(ErrorCode::bad_input, "two frames in one place");
    const std::span<const std::uint16_t> labels = decoded.decode(static_cast<int>(i));
    for (const std::uint16_t label : labels) {
      if (listed[label]) continue;
      throw Error(ErrorCode::bad_input, fmt::format("label {}, which is not listed", label));
    }
    maps.put_labels(labels, k, segment_of_label);
  }
}

}  // namespace

std::string_view to_string(Kind kind) {
  switch (kind) {
    case Kind::binary:
      return "SEG BINARY";
    case Kind::fractional:
      return "SEG FRACTIONAL";
    case Kind::label_map:
      return "SEG LABELMAP";
    case Kind::structure_set:
      break;
  }
  return "RTSTRUCT";
}

bool is_segmentation(const Instance& instance) {
  return instance.sop_class_uid == kSegmentation || instance.sop_class_uid == kLabelMap;
}

bool is_structure_set(const Instance& instance) {
  return instance.sop_class_uid == kStructureSet;
}

Segmentation read_segmentation(const Instance& instance, std::span<const Reference> references,
                               const dicom::Limits& limits) {
  if (!instance.damage.empty()) throw Error(ErrorCode::bad_input, instance.damage);
  if (!instance.concatenation->uid.empty()) {
    throw Error(ErrorCode::bad_input, "a part of a segmentation that was cut into several objects",
                "one object");
  }
  const Item header = dicom::read_items(instance, kWanted, limits);
  Segmentation result;
  result.kind = kind_of(instance, header);
  result.sop_class_uid = instance.sop_class_uid;
  result.sop_instance_uid = instance.sop_instance_uid;
  result.series_uid = instance.series_uid;
  result.frame_of_reference_uid = instance.frame_of_reference_uid;
  result.segments = segments_of(header);
  const FrameGrid frames = place(instance, header, references, result.warnings);
  result.grid = frames.grid;
  LabelMaps maps(result.grid, limits);
  if (result.kind == Kind::label_map) {
    read_labels(instance, frames, limits, result, maps);
  } else {
    read_planes(instance, header, frames, limits, result, maps);
  }
  result.maps = maps.release();
  return result;
}

}  // namespace osler::segmentations
