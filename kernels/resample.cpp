#include "kernels/resample.hpp"

#include <algorithm>
#include <memory>

#include "core/error.hpp"
#include "core/scalar.hpp"
#include "kernels/bspline.hpp"
#include "kernels/resample_math.hpp"
#include "kernels/resample_separable.hpp"
#include "kernels/rows.hpp"

namespace osler::kernels {
namespace {

void check(const SourceView& source, const ResampleTask& task, std::size_t out_bytes) {
  for (std::size_t i = 0; i < 3; ++i) {
    if (source.size[i] < 1 || task.out_size[i] < 0 || task.samples[i] < 1) {
      throw Error(ErrorCode::bad_argument, "resample: empty source, negative size or no samples");
    }
  }
  if (static_cast<std::size_t>(voxel_count(task.out_size)) * bytes_of(task.out_type) != out_bytes) {
    throw Error(ErrorCode::bad_argument, "resample: output of another size than the task's");
  }
}

/// Voxel by voxel, for affines that mix axes.
void resample_voxels(const SourceView& source, const ResampleConstants& c,
                     std::span<std::byte> out) {
  const std::int64_t rows = c.out[1] * c.out[2];
  with_scalar(source.type, [&](auto scalar) {
    const auto voxels = voxels_of<decltype(scalar)>(source);
#pragma omp parallel for schedule(dynamic, 64)
    for (std::int64_t row = 0; row < rows; ++row) {
      const std::int64_t j = row % c.out[1], k = row / c.out[1], first = row * c.out[0];
      for (std::int64_t i = 0; i < c.out[0]; ++i) {
        store(out.data(), c.out_type, first + i, resampled(voxels, c, i, j, k));
      }
    }
  });
}

}  // namespace

std::size_t resample_scratch_bytes(const SourceView& source, const ResampleTask& task) {
  if (task.interpolation != Interpolation::cubic) return 0;
  return static_cast<std::size_t>(voxel_count(source.size)) * sizeof(float);
}

void resample_cpu(const SourceView& source, const ResampleTask& task, std::span<std::byte> out) {
  check(source, task, out.size());
  if (out.empty()) return;
  std::unique_ptr<float[]> coefficients;
  if (task.interpolation == Interpolation::cubic) {
    const auto n = static_cast<std::size_t>(voxel_count(source.size));
    coefficients = std::make_unique_for_overwrite<float[]>(n);
    bspline_coefficients_cpu(source, {coefficients.get(), n});
  }
  const ResampleConstants c = resample_constants(source, task, coefficients.get());
  if (!resample_separable(source, c, out)) resample_voxels(source, c, out);
}

void resample(const SourcePlace& source, const ResampleTask& task, std::span<std::byte> out) {
  if (source.stream == nullptr) return resample_cpu(source.view, task, out);
  check(source.view, task, out.size());
  const Stream& stream = *source.stream;
  const DeviceBuffer result(out.size_bytes(), stream);
  const DeviceBuffer scratch(resample_scratch_bytes(source.view, task), stream);
  resample_cuda(source.view, task, result.data(), scratch.data(), stream);
  copy_to_host(result, out, stream);
  stream.synchronize();
}

void resample(const Device& device, const SourceView& source, const ResampleTask& task,
              std::span<std::byte> out) {
  if (device.backend == Backend::cpu) return resample_cpu(source, task, out);
  check(source, task, out.size());
  const Stream stream(device);
  resample(SourceOnDevice(source, stream).place(), task, out);
}

}  // namespace osler::kernels
