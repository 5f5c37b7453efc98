#include "kernels/instance_norm.hpp"

#include "kernels/instance_norm_math.hpp"

namespace osler::kernels {

void instance_norm(const Device& device, const FeatureMap& map, const InstanceNorm& norm) {
  if (device.backend == Backend::cpu) return instance_norm_cpu(map, norm);
  check_instance_norm(map, norm);
  if (norm.channels_per_group != 1) {
    throw Error(ErrorCode::bad_argument, "instance norm: groups are of the host only");
  }
  const auto count = static_cast<std::size_t>(map.samples * map.voxels * map.channels);
  const std::span values(static_cast<std::byte*>(map.values), count * bytes_of(map.type));
  const Stream stream(device);
  const DeviceBuffer there(values.size(), stream);
  const DeviceBuffer weight(norm.weight.size_bytes(), stream), bias(norm.bias.size_bytes(), stream);
  FeatureMap on_device = map;
  on_device.values = there.data();
  const DeviceBuffer scratch(instance_norm_scratch_bytes(on_device), stream);
  copy_to_device(values, there, stream);
  copy_to_device(std::as_bytes(norm.weight), weight, stream);
  copy_to_device(std::as_bytes(norm.bias), bias, stream);
  InstanceNorm of_device = norm;
  of_device.weight = {static_cast<const float*>(weight.data()), norm.weight.size()};
  of_device.bias = {static_cast<const float*>(bias.data()), norm.bias.size()};
  instance_norm_cuda(on_device, of_device, scratch.data(), stream);
  copy_to_host(there, values, stream);
  stream.synchronize();
}

}  // namespace osler::kernels
