#include "preprocess/source.hpp"

namespace osler {

namespace {

constexpr float kAirHu = -1000;

}  // namespace

VolumeSource::VolumeSource(const Volume& volume) {
  for (const SliceSource& slice : volume.slices) {
    slope_.push_back(static_cast<float>(slice.slope));
    intercept_.push_back(static_cast<float>(slice.intercept));
  }
  view_.voxels = volume.voxels.get();
  view_.type = volume.type;
  view_.size = volume.grid.size;
  view_.slope = slope_.data();
  view_.intercept = intercept_.data();
  if (volume.padding) {
    // What the scanner left out is dark, as air is; a network must not take it for the mean.
    view_.padding_value = volume.modality == "CT" ? kAirHu : 0.0F;
    view_.padding_counts = true;
    view_.has_padding = true;
    view_.padding_low = volume.padding->low;
    view_.padding_high = volume.padding->high;
  }
}

}  // namespace osler
