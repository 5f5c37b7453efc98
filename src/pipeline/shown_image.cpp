#include "pipeline/shown_image.hpp"

#include <span>
#include <utility>

#include "kernels/resample.hpp"
#include "preprocess/fused_image.hpp"
#include "preprocess/source.hpp"

namespace osler {
namespace {

/// Stored integers on the device, and where the view of them points to.
struct SourceOnDevice {
  DeviceBuffer voxels, slope, intercept;
  kernels::SourceView view;

  SourceOnDevice(const Volume& image, const kernels::SourceView& host, const Stream& stream)
      : voxels(image.bytes(), stream),
        slope(static_cast<std::size_t>(host.size[2]) * sizeof(float), stream),
        intercept(slope.bytes(), stream),
        view(host) {
    copy_to_device({image.voxels.get(), image.bytes()}, voxels, stream);
    copy_to_device(std::as_bytes(std::span(host.slope, slope.bytes() / sizeof(float))), slope,
                   stream);
    copy_to_device(std::as_bytes(std::span(host.intercept, slope.bytes() / sizeof(float))),
                   intercept, stream);
    view.voxels = voxels.data();
    view.slope = static_cast<const float*>(slope.data());
    view.intercept = static_cast<const float*>(intercept.data());
  }
};

void resample_fused(const FusedImage& fused, const Volume& image, const VolumeSource& source,
                    const Stream* stream, ShownImage& shown) {
  shown.grid = {fused.grid, {0, 0, 0}, image.grid.size};
  const auto values = static_cast<std::size_t>(voxel_count(fused.grid.size));
  if (stream == nullptr) {
    auto made = std::make_shared<std::vector<float>>(values);
    kernels::resample_cpu(source.view(), fused.resample, std::as_writable_bytes(std::span(*made)));
    shown.here = std::move(made);
    return;
  }
  shown.there.emplace(values * sizeof(float), *stream);
  const SourceOnDevice there(image, source.view(), *stream);
  const DeviceBuffer scratch(kernels::resample_scratch_bytes(there.view, fused.resample), *stream);
  kernels::resample_cuda(there.view, fused.resample, shown.there->data(), scratch.data(), *stream);
  stream->synchronize();
}

void make(const Device& device, const WindowedTask& task, const Stream* stream, ShownImage& shown) {
  if (task.channels.size() == 1) {
    const Volume& image = *task.channels.front();
    const VolumeSource source(image);
    if (const auto fused =
            fuse_image_steps(device, task.steps.image, image, source.view(), task.most_voxels)) {
      return resample_fused(*fused, image, source, stream, shown);
    }
  }
  NetworkImage image =
      make_network_image(device, {task.channels, task.steps.image, task.stages, task.most_voxels});
  shown.channels = image.channels;
  shown.grid = {image.grid, image.seen_begin, image.seen_end};
  if (stream == nullptr) {
    shown.here = std::make_shared<const std::vector<float>>(std::move(image.values));
  } else {
    const auto bytes = std::as_bytes(std::span(image.values));
    shown.there.emplace(bytes.size(), *stream);
    copy_to_device(bytes, *shown.there, *stream);
    stream->synchronize();
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

void show(const Device& device, const WindowedTask& task, const Stream* stream, ShownImage& shown) {
  ImageCache* cache =
      stream == nullptr && !depends_on_stages(task.steps.image) ? task.cache : nullptr;
  if (cache != nullptr && cache->values && cache->channels == task.channels &&
      cache->steps == task.steps.image) {
    shown.here = cache->values;
    shown.channels = cache->count;
    shown.grid = {cache->grid, cache->seen_begin, cache->seen_end};
    return;
  }
  make(device, task, stream, shown);
  if (cache == nullptr) return;
  *cache = {task.channels,      task.steps.image,      shown.here,         shown.channels,
            shown.grid.network, shown.grid.seen_begin, shown.grid.seen_end};
}

}  // namespace osler
