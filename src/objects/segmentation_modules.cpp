#include "objects/segmentation_modules.hpp"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>

#include <array>
#include <map>
#include <span>
#include <vector>

#include "core/error.hpp"
#include "core/plain_text.hpp"
#include "objects/elements.hpp"
#include "objects/frame_groups.hpp"
#include "objects/modules.hpp"

namespace osler::objects {
namespace {

/// Everything but the numbers in which frames of one slice differ.
EncodedItem encode_slice(const Findings& findings, const Grid& grid, std::int64_t index,
                         bool by_segment, bool multi_frame) {
  DcmItem item;
  const std::array<std::uint32_t, 2> numbers{};
  put_dimension_index(item, std::span(numbers).first(by_segment ? 2 : 1));
  put_frame_place(item, grid, index);
  if (by_segment) {
    put_us(add_item(item, DCM_SegmentIdentificationSequence), DCM_ReferencedSegmentNumber, 0);
  }
  put_frame_source(item, findings.source.instances[static_cast<std::size_t>(index)], multi_frame,
                   {"113076", "DCM", "Segmentation"});
  return EncodedItem(item);
}

template <std::size_t N>
std::array<std::uint8_t, N> little_endian(std::uint64_t value) {
  std::array<std::uint8_t, N> bytes{};
  for (std::size_t i = 0; i < N; ++i) bytes[i] = static_cast<std::uint8_t>(value >> (8 * i));
  return bytes;
}

}  // namespace

void put_segments(DcmItem& object, DcmItem& source, const Findings& findings) {
  for (const Segment& segment : findings.segments) {
    DcmItem& item = add_item(object, DCM_SegmentSequence);
    put_us(item, DCM_SegmentNumber, static_cast<std::uint16_t>(segment.number));
    const std::string label = shortened(plain_ascii(segment.label), 64);
    put(item, DCM_SegmentLabel,
        label.empty() ? "segment " + std::to_string(segment.number) : label);  // type 1
    put(item, DCM_SegmentAlgorithmType, "AUTOMATIC");
    put_text(item, DCM_SegmentAlgorithmName, findings.model.name, 64);
    add_code(item, DCM_SegmentedPropertyCategoryCodeSequence, segment.category);
    DcmItem& type = add_code(item, DCM_SegmentedPropertyTypeCodeSequence, segment.type);
    for (const auto& modifier : {segment.type_modifier, segment.part_modifier}) {
      if (modifier) add_code(type, DCM_SegmentedPropertyTypeModifierCodeSequence, *modifier);
    }
    DcmItem& algorithm = add_item(item, DCM_SegmentationAlgorithmIdentificationSequence);
    add_code(algorithm, DCM_AlgorithmFamilyCodeSequence,
             {"123110", "DCM", "Artificial Intelligence"});
    put_text(algorithm, DCM_AlgorithmName, findings.model.name, 64);
    put_text(algorithm, DCM_AlgorithmVersion, findings.model.version, 64);
    put_text(algorithm, DCM_AlgorithmSource, findings.model.manufacturer, 64);
    put_text(algorithm, DCM_AlgorithmParameters, "package SHA-256 " + findings.model.digest, 1024);
    put_text(item, DCM_TrackingID, segment.label, 64);
    put(item, DCM_TrackingUID,
        tracking_uid(source, findings,
                     structure_key(segment.type, segment.type_modifier, segment.part_modifier)));
    const std::array<std::uint16_t, 3> lab = cielab_of(segment.rgb);
    item.putAndInsertUint16Array(DCM_RecommendedDisplayCIELabValue, lab.data(), 3);
  }
}

void put_dimensions(DcmItem& object, const Findings& findings, bool by_segment) {
  const std::string uid = object_uid(findings, "seg dimensions");
  put_dimension_organization(object, uid);
  if (by_segment) {
    add_dimension(object, uid, DCM_ReferencedSegmentNumber, DCM_SegmentIdentificationSequence,
                  "Segment Number");
  }
  add_dimension(object, uid, DCM_ImagePositionPatient, DCM_PlanePositionSequence,
                "Image Position (Patient)");
}

std::vector<std::string> encode_frame_groups(const Findings& findings, const Grid& grid,
                                             const std::vector<SegmentFrame>& frames) {
  const bool by_segment = !frames.empty() && frames.front().segment != 0;
  const bool multi_frame = is_multi_frame(findings);
  std::map<std::int64_t, std::uint32_t> position_index;  // of the slices that are used
  for (const SegmentFrame& frame : frames) position_index[frame.slice] = 0;
  std::uint32_t rank = 0;
  for (auto& [slice, index] : position_index) index = ++rank;

  std::map<std::int64_t, EncodedItem> slices;
  std::vector<std::string> groups;
  groups.reserve(frames.size());
  for (const SegmentFrame& frame : frames) {
    auto found = slices.find(frame.slice);
    if (found == slices.end()) {
      found = slices
                  .emplace(frame.slice,
                           encode_slice(findings, grid, frame.slice, by_segment, multi_frame))
                  .first;
    }
    EncodedItem& item = found->second;
    const std::uint64_t position = position_index[frame.slice];
    if (by_segment) {
      item.overwrite(DCM_DimensionIndexValues,
                     little_endian<8>(position << 32 | std::uint64_t{frame.segment}));
      item.overwrite(DCM_ReferencedSegmentNumber, little_endian<2>(frame.segment));
    } else {
      item.overwrite(DCM_DimensionIndexValues, little_endian<4>(position));
    }
    groups.push_back(item.bytes());
  }
  return groups;
}

}  // namespace osler::objects
