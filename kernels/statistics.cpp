#include "kernels/statistics.hpp"

#include <algorithm>

#include "core/error.hpp"
#include "kernels/statistics_cpu.hpp"

namespace osler::kernels {
namespace {

void check(const SourceView& source, const StatisticsTask& task) {
  if (std::any_of(source.size.begin(), source.size.end(), [](auto n) { return n < 0; })) {
    throw Error(ErrorCode::bad_argument, "statistics: negative size");
  }
  if (task.percentiles.size() > kMostPercentiles) {
    throw Error(ErrorCode::bad_argument, "statistics: too many percentiles", "at most 16");
  }
  for (const double percent : task.percentiles) {
    if (!(percent >= 0 && percent <= 100)) {
      throw Error(ErrorCode::bad_argument, "statistics: a percentile out of range", "0 to 100");
    }
  }
}

bool has_few_values(const SourceView& source) {
  if (bytes_of(source.type) > 2) return false;
  const auto n = static_cast<std::size_t>(source.size[2]);
  const auto same = [&](const float* values) {
    return std::all_of(values, values + n, [&](float v) { return v == values[0]; });
  };
  return same(source.slope) && same(source.intercept);
}

std::span<const std::byte> bytes(const void* data, std::size_t size) {
  return {static_cast<const std::byte*>(data), size};
}

}  // namespace

Statistics statistics_cpu(const SourceView& source, const StatisticsTask& task) {
  check(source, task);
  if (voxel_count(source.size) == 0) return {};
  return has_few_values(source) ? statistics_by_value(source, task)
                                : statistics_by_selection(source, task);
}

Statistics statistics(const Device& device, const SourceView& source, const StatisticsTask& task) {
  if (device.backend == Backend::cpu) return statistics_cpu(source, task);
  check(source, task);
  if (voxel_count(source.size) == 0) return {};
  const Stream stream(device);
  const auto count = static_cast<std::size_t>(voxel_count(source.size));
  const std::size_t source_bytes = count * bytes_of(source.type);
  const std::size_t mask_bytes = task.mask == nullptr ? 0 : count;
  const std::size_t line_bytes = static_cast<std::size_t>(source.size[2]) * sizeof(float);
  const DeviceBuffer voxels(source_bytes, stream), mask(mask_bytes, stream);
  const DeviceBuffer slope(line_bytes, stream), intercept(line_bytes, stream);
  const DeviceBuffer scratch(statistics_scratch_bytes(source, task), stream);
  const DeviceBuffer result(sizeof(Statistics), stream);
  copy_to_device(bytes(source.voxels, source_bytes), voxels, stream);
  copy_to_device(bytes(source.slope, line_bytes), slope, stream);
  copy_to_device(bytes(source.intercept, line_bytes), intercept, stream);
  if (mask_bytes > 0) copy_to_device(bytes(task.mask, mask_bytes), mask, stream);
  SourceView on_device = source;
  on_device.voxels = voxels.data();
  on_device.slope = static_cast<const float*>(slope.data());
  on_device.intercept = static_cast<const float*>(intercept.data());
  StatisticsTask there = task;
  there.mask = mask_bytes > 0 ? static_cast<const std::uint8_t*>(mask.data()) : nullptr;
  statistics_cuda(on_device, there, static_cast<Statistics*>(result.data()), scratch.data(),
                  stream);
  Statistics found;
  copy_to_host(result, std::as_writable_bytes(std::span(&found, 1)), stream);
  stream.synchronize();
  return found;
}

}  // namespace osler::kernels
