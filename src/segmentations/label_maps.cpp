#include "segmentations/label_maps.hpp"

#include <algorithm>
#include <string>

#include "core/error.hpp"

namespace osler::segmentations {

LabelMaps::LabelMaps(const Grid& grid, const dicom::Limits& limits)
    : grid_(grid),
      max_bytes_(limits.max_volume_bytes),
      area_(static_cast<std::size_t>(grid.size[0] * grid.size[1])) {
  add_map();
  mask_.resize(maps_.front().size());
  touched_.resize(static_cast<std::size_t>(grid.size[2]));
}

void LabelMaps::add_map() {
  const auto count = static_cast<std::int64_t>(maps_.size()) + 2;  // the mask too
  const Size3& n = grid_.size;
  // Sides are below 2^31: only the product of three can be too large.
  if (n[0] * n[1] > max_bytes_ / count / std::max<std::int64_t>(n[2], 1)) {
    throw Error(ErrorCode::bad_input,
                std::to_string(count) + " label maps of " + std::to_string(n[0]) + " x " +
                    std::to_string(n[1]) + " x " + std::to_string(n[2]) + " voxels",
                "at most " + std::to_string(max_bytes_) + " bytes");
  }
  maps_.emplace_back(static_cast<std::size_t>(voxel_count(n)));
  used_.emplace_back();
  used_.back()[0] = true;
}

std::span<std::uint8_t> LabelMaps::slice_of_mask(std::int64_t k) {
  const auto slice = static_cast<std::size_t>(k);
  touched_[slice] = 1;
  return std::span(mask_).subspan(slice * area_, area_);
}

bool LabelMaps::is_free(std::size_t map) const {
  for (std::size_t k = 0; k < touched_.size(); ++k) {
    if (touched_[k] == 0) continue;
    for (std::size_t i = k * area_; i < (k + 1) * area_; ++i) {
      if (mask_[i] != 0 && maps_[map][i] != 0) return false;
    }
  }
  return true;
}

std::uint8_t LabelMaps::free_value(std::size_t map, int wanted) const {
  const auto& used = used_[map];
  if (wanted > 0 && wanted < 256 && !used[static_cast<std::size_t>(wanted)]) {
    return static_cast<std::uint8_t>(wanted);
  }
  const auto at = std::find(used.begin(), used.end(), false);
  return at == used.end() ? std::uint8_t{0} : static_cast<std::uint8_t>(at - used.begin());
}

void LabelMaps::take_mask(StoredSegment& segment) {
  std::size_t map = 0;
  while (map < maps_.size() && (free_value(map, segment.number) == 0 || !is_free(map))) ++map;
  if (map == maps_.size()) add_map();
  segment.map = map;
  segment.value = free_value(map, segment.number);
  used_[map][segment.value] = true;
  for (std::size_t k = 0; k < touched_.size(); ++k) {
    if (touched_[k] == 0) continue;
    std::int64_t voxels = 0;
    for (std::size_t i = k * area_; i < (k + 1) * area_; ++i) {
      if (mask_[i] == 0) continue;
      maps_[map][i] = segment.value;
      mask_[i] = 0;
      ++voxels;
    }
    segment.voxels += voxels;
    segment.volume_mm3 +=
        static_cast<double>(voxels) * grid_.voxel_mm3(static_cast<std::int64_t>(k));
    touched_[k] = 0;
  }
}

void LabelMaps::reserve(StoredSegment& segment) {
  std::size_t map = 0;
  while (map < maps_.size() && free_value(map, segment.number) == 0) ++map;
  if (map == maps_.size()) add_map();
  segment.map = map;
  segment.value = free_value(map, segment.number);
  used_[map][segment.value] = true;
}

void LabelMaps::put_labels(std::span<const std::uint16_t> labels, std::int64_t k,
                           std::span<StoredSegment* const> segment_of_label) {
  const std::size_t first = static_cast<std::size_t>(k) * area_;
  const double voxel_mm3 = grid_.voxel_mm3(k);
  for (std::size_t i = 0; i < area_; ++i) {
    StoredSegment* segment = segment_of_label[labels[i]];
    if (segment == nullptr) continue;
    maps_[segment->map][first + i] = segment->value;
    ++segment->voxels;
    segment->volume_mm3 += voxel_mm3;
  }
}

}  // namespace osler::segmentations
