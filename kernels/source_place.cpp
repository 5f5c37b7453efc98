#include "kernels/source_place.hpp"

#include <span>

#include "device/staging.hpp"

namespace osler::kernels {
namespace {

std::size_t voxel_bytes(const SourceView& source) {
  return static_cast<std::size_t>(voxel_count(source.size)) * bytes_of(source.type);
}

std::size_t line_bytes(const SourceView& source) {
  return static_cast<std::size_t>(source.size[2]) * sizeof(float);
}

std::span<const std::byte> bytes(const void* data, std::size_t size) {
  return {static_cast<const std::byte*>(data), size};
}

}  // namespace

SourceOnDevice::SourceOnDevice(const SourceView& source, Staging* staging, const Stream& stream)
    : stream_(stream),
      voxels_(voxel_bytes(source), stream),
      slope_(line_bytes(source), stream),
      intercept_(line_bytes(source), stream),
      view_(source) {
  const auto copy = [&](const void* from, const DeviceBuffer& to) {
    if (staging != nullptr) {
      staging->to_device(bytes(from, to.bytes()), to.data(), stream);
    } else {
      copy_to_device(bytes(from, to.bytes()), to, stream);
    }
  };
  copy(source.voxels, voxels_);
  copy(source.slope, slope_);
  copy(source.intercept, intercept_);
  if (staging == nullptr) stream.synchronize();
  view_.voxels = voxels_.data();
  view_.slope = static_cast<const float*>(slope_.data());
  view_.intercept = static_cast<const float*>(intercept_.data());
}

SourceOnDevice::SourceOnDevice(const SourceView& source, Staging& staging, const Stream& stream)
    : SourceOnDevice(source, &staging, stream) {}

SourceOnDevice::SourceOnDevice(const SourceView& source, const Stream& stream)
    : SourceOnDevice(source, nullptr, stream) {}

}  // namespace osler::kernels
