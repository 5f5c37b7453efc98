#include "pipeline/shown_image.hpp"

#include <span>
#include <utility>

#include "kernels/resample.hpp"
#include "pipeline/device_lane.hpp"
#include "preprocess/fused_image.hpp"
#include "preprocess/source.hpp"

namespace osler {
namespace {

void resample_here(const WindowedTask& task, ShownImage& shown) {
  const Volume& image = *task.channels.front();
  const VolumeSource source(image);
  const FusedImage fused =
      fuse_image_steps(task.steps.image, image, {source.view()}, task.most_voxels);
  shown.grid = {fused.grid, {0, 0, 0}, image.grid.size};
  auto made =
      std::make_shared<std::vector<float>>(static_cast<std::size_t>(voxel_count(fused.grid.size)));
  kernels::resample_cpu(source.view(), fused.resample, std::as_writable_bytes(std::span(*made)));
  shown.here = std::move(made);
}

void resample_there(const WindowedTask& task, ShownImage& shown) {
  const Volume& image = *task.channels.front();
  const Stream& stream = task.lane->stream;
  std::optional<kernels::SourceOnDevice> own;
  if (task.uploaded == nullptr) {
    own.emplace(VolumeSource(image).view(), task.lane->staging, stream);
  }
  const kernels::SourcePlace source = (own ? *own : *task.uploaded).place();
  const FusedImage fused = fuse_image_steps(task.steps.image, image, source, task.most_voxels);
  shown.grid = {fused.grid, {0, 0, 0}, image.grid.size};
  shown.there.emplace(static_cast<std::size_t>(voxel_count(fused.grid.size)) * sizeof(float),
                      stream);
  const DeviceBuffer scratch(kernels::resample_scratch_bytes(source.view, fused.resample), stream);
  kernels::resample_cuda(source.view, fused.resample, shown.there->data(), scratch.data(), stream);
}

void make(const Device& device, const WindowedTask& task, ShownImage& shown) {
  if (task.channels.size() == 1 && can_fuse(task.steps.image)) {
    return task.lane == nullptr ? resample_here(task, shown) : resample_there(task, shown);
  }
  NetworkImage image =
      make_network_image(device, {task.channels, task.steps.image, task.stages, task.most_voxels});
  shown.channels = image.channels;
  shown.grid = {image.grid, image.seen_begin, image.seen_end};
  if (task.lane == nullptr) {
    shown.here = std::make_shared<const std::vector<float>>(std::move(image.values));
  } else {
    const auto bytes = std::as_bytes(std::span(image.values));
    shown.there.emplace(bytes.size(), task.lane->stream);
    task.lane->staging.to_device(bytes, shown.there->data(), task.lane->stream);
  }
}

/// Steps that take nothing but the image.
bool depends_on_stages(const ImageSteps& steps) {
  for (const ImageStep& step : steps.steps) {
    const auto* crop = std::get_if<CropStep>(&step);
    if (std::holds_alternative<AddLabelsStep>(step) ||
        (crop != nullptr && crop->to == CropStep::To::labels)) {
      return true;
    }
  }
  return false;
}

}  // namespace

void show(const Device& device, const WindowedTask& task, ShownImage& shown) {
  ImageCache* cache =
      task.lane == nullptr && !depends_on_stages(task.steps.image) ? task.cache : nullptr;
  if (cache != nullptr && cache->values && cache->channels == task.channels &&
      cache->steps == task.steps.image) {
    shown.here = cache->values;
    shown.channels = cache->count;
    shown.grid = {cache->grid, cache->seen_begin, cache->seen_end};
    return;
  }
  make(device, task, shown);
  if (cache == nullptr) return;
  *cache = {task.channels,      task.steps.image,      shown.here,         shown.channels,
            shown.grid.network, shown.grid.seen_begin, shown.grid.seen_end};
}

}  // namespace osler
