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

}  // namespace

Statistics statistics_cpu(const SourceView& source, const StatisticsTask& task) {
  check(source, task);
  if (voxel_count(source.size) == 0) return {};
  return has_few_values(source) ? statistics_by_value(source, task)
                                : statistics_by_selection(source, task);
}

Statistics statistics(const SourcePlace& source, const StatisticsTask& task) {
  if (source.stream == nullptr) return statistics_cpu(source.view, task);
  check(source.view, task);
  if (voxel_count(source.view.size) == 0) return {};
  const Stream& stream = *source.stream;
  const DeviceBuffer scratch(statistics_scratch_bytes(source.view, task), stream);
  const DeviceBuffer result(sizeof(Statistics), stream);
  statistics_cuda(source.view, task, static_cast<Statistics*>(result.data()), scratch.data(),
                  stream);
  Statistics found;
  copy_to_host(result, std::as_writable_bytes(std::span(&found, 1)), stream);
  stream.synchronize();
  return found;
}

Statistics statistics(const Device& device, const SourceView& source, const StatisticsTask& task) {
  if (device.backend == Backend::cpu) return statistics_cpu(source, task);
  check(source, task);
  if (voxel_count(source.size) == 0) return {};
  const Stream stream(device);
  const auto mask_bytes =
      task.mask == nullptr ? 0 : static_cast<std::size_t>(voxel_count(source.size));
  const DeviceBuffer mask(mask_bytes, stream);
  StatisticsTask there = task;
  if (task.mask != nullptr) {
    copy_to_device(std::as_bytes(std::span(task.mask, mask_bytes)), mask, stream);
    there.mask = static_cast<const std::uint8_t*>(mask.data());
  }
  return statistics(SourceOnDevice(source, stream).place(), there);
}

}  // namespace osler::kernels
