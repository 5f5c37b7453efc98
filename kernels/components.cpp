#include "kernels/components.hpp"

#include "core/error.hpp"
#include "kernels/component_runs.hpp"
#include "kernels/components_math.hpp"

namespace osler::kernels {
namespace {

void check(const LabelView& labels, std::size_t numbers) {
  check_labels(labels, "components");
  if (static_cast<std::size_t>(voxel_count(labels.size)) != numbers) {
    throw Error(ErrorCode::bad_argument, "components: output of another length than the volume");
  }
}

void fill(std::uint32_t* from, const std::uint32_t* to, std::uint32_t value) {
  const std::int64_t count = to - from;
#pragma omp simd
  for (std::int64_t i = 0; i < count; ++i) from[i] = value;
}

void paint(const Runs& runs, std::span<std::uint32_t> numbers) {
  const std::int64_t rows = runs.rows();
#pragma omp parallel for schedule(static) if (voxel_count(runs.size) >= kWorthThreads)
  for (std::int64_t r = 0; r < rows; ++r) {
    std::uint32_t* row = numbers.data() + r * runs.size[0];
    std::uint32_t* const row_end = row + runs.size[0];
    std::uint32_t* x = row;
    const auto at = static_cast<std::size_t>(r);
    for (std::size_t i = runs.row_begin[at]; i < runs.row_begin[at + 1]; ++i) {
      fill(x, row + runs.runs[i].begin, 0);
      x = row + runs.runs[i].end;
      fill(row + runs.runs[i].begin, x, runs.component[i]);
    }
    fill(x, row_end, 0);
  }
}

}  // namespace

std::vector<std::int64_t> components_cpu(const LabelView& labels, const ComponentTask& task,
                                         std::span<std::uint32_t> numbers) {
  check(labels, numbers.size());
  const Runs runs = find_runs(whole(labels), {0, task.joins, task.connectivity});
  paint(runs, numbers);
  return component_sizes(runs);
}

std::vector<std::int64_t> components(const Device& device, const LabelView& labels,
                                     const ComponentTask& task, std::span<std::uint32_t> numbers) {
  if (device.backend == Backend::cpu) return components_cpu(labels, task, numbers);
  check(labels, numbers.size());
  const std::size_t label_bytes = numbers.size() * bytes_of(labels.type);
  const Stream stream(device);
  const DeviceBuffer voxels(label_bytes, stream), result(numbers.size_bytes(), stream);
  const DeviceBuffer count_there(sizeof(std::uint32_t), stream);
  const DeviceBuffer scratch(components_scratch_bytes(labels.size), stream);
  copy_to_device({static_cast<const std::byte*>(labels.voxels), label_bytes}, voxels, stream);
  const ComponentsOnDevice out{static_cast<std::uint32_t*>(result.data()),
                               static_cast<std::uint32_t*>(count_there.data())};
  components_cuda({voxels.data(), labels.type, labels.size}, task, out, scratch.data(), stream);
  std::uint32_t count = 0;
  copy_to_host(count_there, std::as_writable_bytes(std::span(&count, 1)), stream);
  copy_to_host(result, std::as_writable_bytes(numbers), stream);
  stream.synchronize();

  std::vector<std::uint32_t> sizes(count);
  const DeviceBuffer sizes_there(sizes.size() * sizeof(std::uint32_t), stream);
  component_sizes_cuda(out.numbers, voxel_count(labels.size),
                       static_cast<std::uint32_t*>(sizes_there.data()), count, stream);
  copy_to_host(sizes_there, std::as_writable_bytes(std::span(sizes)), stream);
  stream.synchronize();
  return {sizes.begin(), sizes.end()};
}

}  // namespace osler::kernels
