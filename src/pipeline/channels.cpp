#include "pipeline/channels.hpp"

#include <span>

#include "core/error.hpp"
#include "kernels/resample.hpp"
#include "preprocess/source.hpp"
#include "volume/exchange.hpp"

namespace osler {
namespace {

bool same_grid(const Grid& a, const Grid& b) {
  if (a.size != b.size || a.slice_at != b.slice_at) return false;
  for (const std::int64_t z : {std::int64_t{0}, a.size[2] - 1}) {
    for (const std::int64_t y : {std::int64_t{0}, a.size[1] - 1}) {
      for (const std::int64_t x : {std::int64_t{0}, a.size[0] - 1}) {
        if (norm(a.centre_mm(x, y, z) - b.centre_mm(x, y, z)) > kSameGridMm) return false;
      }
    }
  }
  return true;
}

/// Real values of a volume on the grid of another in the same frame of reference.
SharedVolume onto(const Volume& like, const Volume& channel) {
  auto out = std::make_shared<Volume>();
  out->grid = like.grid;
  out->type = ScalarType::f32;
  const auto voxels = static_cast<std::size_t>(voxel_count(like.grid.size));
  out->voxels = std::make_unique<std::byte[]>(voxels * sizeof(float));
  out->slices = like.slices;
  for (SliceSource& slice : out->slices) {
    slice.slope = 1;
    slice.intercept = 0;
  }
  out->study_uid = channel.study_uid;
  out->series_uid = channel.series_uid;
  out->frame_of_reference_uid = channel.frame_of_reference_uid;
  out->modality = channel.modality;
  const VolumeSource source(channel);
  kernels::ResampleTask task;
  task.out_size = like.grid.size;
  task.out_to_in = inverse(channel.grid.index_to_lps) * like.grid.index_to_lps;
  kernels::resample_cpu(source.view(), task, std::span(out->voxels.get(), voxels * sizeof(float)));
  return out;
}

}  // namespace

std::string name_of(const Volume& volume) {
  return volume.series_uid.empty() ? volume.slices.front().file.filename().string()
                                   : volume.series_uid;
}

ChannelVolumes on_one_grid(ChannelVolumes channels, const std::vector<std::string>& names) {
  const Volume& first = *channels.front();
  for (std::size_t i = 1; i < channels.size(); ++i) {
    const Volume& channel = *channels[i];
    if (is_turned_round(channel) == is_turned_round(first) && same_grid(channel.grid, first.grid)) {
      continue;
    }
    const std::string what = "channel " + names[i] + " lies on another grid than " + names[0];
    if (channel.frame_of_reference_uid.empty() ||
        channel.frame_of_reference_uid != first.frame_of_reference_uid) {
      throw Error(ErrorCode::bad_input, what + ", in another frame of reference",
                  "channels of one frame of reference, or of one grid", "register them first");
    }
    if (!channel.grid.is_regular() || !first.grid.is_regular()) {
      throw Error(ErrorCode::bad_input, what + ", and slices are unevenly spaced",
                  "channels of one grid");
    }
    channels[i] = onto(first, channel);
  }
  return channels;
}

}  // namespace osler
