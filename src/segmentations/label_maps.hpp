#pragma once
// Segments put into as few label maps as keep all of their voxels. Inside the room only.

#include <array>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "dicom/scan.hpp"
#include "segmentations/segmentations.hpp"

namespace osler::segmentations {

class LabelMaps {
 public:
  /// @throws Error bad_input if two maps are over the limit on a volume
  LabelMaps(const Grid& grid, const dicom::Limits& limits);

  /// The voxels of the segment that is being read, 0 or 1; zeros at first.
  std::span<std::uint8_t> slice_of_mask(std::int64_t k);
  bool is_touched(std::int64_t k) const { return touched_[static_cast<std::size_t>(k)] != 0; }

  /// Puts the mask into the first map where none of its voxels is another segment's, as the
  /// segment's number if that is free there, else as the least value that is; empties the mask.
  /// Sets map, value, voxels and volume of the segment.
  /// @throws Error bad_input if a further map is over the limit
  void take_mask(StoredSegment& segment);

  /// Gives a segment whose voxels no other has a map and a value, before put_labels.
  void reserve(StoredSegment& segment);
  /// Writes a slice of labels; adds to voxels and volume of their segments.
  /// @param segment_of_label  by label, of 65536; null: background
  void put_labels(std::span<const std::uint16_t> labels, std::int64_t k,
                  std::span<StoredSegment* const> segment_of_label);

  std::vector<std::vector<std::uint8_t>> release() { return std::move(maps_); }

 private:
  bool is_free(std::size_t map) const;
  /// 0 if the map has 255 segments.
  std::uint8_t free_value(std::size_t map, int wanted) const;
  void add_map();

  const Grid& grid_;
  std::int64_t max_bytes_;
  std::size_t area_;
  std::vector<std::uint8_t> mask_;
  std::vector<std::uint8_t> touched_;  // by slice
  std::vector<std::vector<std::uint8_t>> maps_;
  std::vector<std::array<bool, 256>> used_;  // values, by map
};

}  // namespace osler::segmentations
