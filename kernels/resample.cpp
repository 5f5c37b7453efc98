#include "kernels/resample.hpp"

#include "core/error.hpp"
#include "kernels/resample_math.hpp"
#include "kernels/scalar_dispatch.hpp"

namespace osler::kernels {
namespace {

void check(const SourceView& source, const ResampleTask& task, std::size_t out_size) {
  for (std::size_t i = 0; i < 3; ++i) {
    if (source.size[i] < 1 || task.out_size[i] < 0 || task.samples[i] < 1) {
      throw Error(ErrorCode::bad_argument, "resample: empty source, negative size or no samples");
    }
  }
  if (static_cast<std::size_t>(voxel_count(task.out_size)) != out_size) {
    throw Error(ErrorCode::bad_argument, "resample: output of another size than the task's");
  }
}

std::span<const std::byte> bytes(const void* data, std::size_t size) {
  return {static_cast<const std::byte*>(data), size};
}

}  // namespace

void resample_cpu(const SourceView& source, const ResampleTask& task, std::span<float> out) {
  check(source, task, out.size());
  const ResampleConstants c = resample_constants(source, task);
  const std::int64_t rows = c.out[1] * c.out[2];
  with_scalar(source.type, [&](auto scalar) {
    using T = decltype(scalar);
#pragma omp parallel for schedule(static)
    for (std::int64_t row = 0; row < rows; ++row) {
      const std::int64_t j = row % c.out[1], k = row / c.out[1];
      float* line = out.data() + row * c.out[0];
      for (std::int64_t i = 0; i < c.out[0]; ++i) line[i] = resampled<T>(source, c, i, j, k);
    }
  });
}

void resample(const Device& device, const SourceView& source, const ResampleTask& task,
              std::span<float> out) {
  if (device.backend == Backend::cpu) return resample_cpu(source, task, out);
  check(source, task, out.size());
  const Stream stream(device);
  const std::size_t source_bytes =
      static_cast<std::size_t>(voxel_count(source.size)) * bytes_of(source.type);
  const std::size_t line_bytes = static_cast<std::size_t>(source.size[2]) * sizeof(float);
  const DeviceBuffer voxels(source_bytes, stream), slope(line_bytes, stream);
  const DeviceBuffer intercept(line_bytes, stream), result(out.size_bytes(), stream);
  copy_to_device(bytes(source.voxels, source_bytes), voxels, stream);
  copy_to_device(bytes(source.slope, line_bytes), slope, stream);
  copy_to_device(bytes(source.intercept, line_bytes), intercept, stream);
  SourceView on_device = source;
  on_device.voxels = voxels.data();
  on_device.slope = static_cast<const float*>(slope.data());
  on_device.intercept = static_cast<const float*>(intercept.data());
  resample_cuda(on_device, task, static_cast<float*>(result.data()), stream);
  copy_to_host(result, std::as_writable_bytes(out), stream);
  stream.synchronize();
}

}  // namespace osler::kernels
