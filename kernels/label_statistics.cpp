#include "kernels/label_statistics.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>

#include "core/error.hpp"
#include "core/scalar.hpp"
#include "kernels/label_statistics_math.hpp"
#include "kernels/label_sums_cpu.hpp"

namespace osler::kernels {
namespace {

[[noreturn]] void fail(const char* what) {
  throw Error(ErrorCode::bad_argument, std::string("label_statistics: ") + what);
}

void sums_cpu(std::span<const std::uint8_t> labels, const LabelSums& sums) {
  const Size3& size = sums.task.size;
  clear_label_sums(sums.task, sums.at);
#pragma omp parallel
  {
    const std::unique_ptr<LabelLines> lines = label_lines(sums);
#pragma omp for schedule(dynamic, 1)
    for (std::int64_t z = 0; z < size[2]; ++z) {
      for (std::int64_t y = 0; y < size[1]; ++y) {
        lines->take(labels.data() + (z * size[1] + y) * size[0], y, z);
      }
      lines->hand_over();
    }
  }
}

void sums_by_device(const Device& device, std::span<const std::uint8_t> labels,
                    const LabelStatisticsTask& task, std::span<std::byte> sums) {
  const Stream stream(device);
  LabelStatisticsTask there = task;
  SourceView intensities = task.intensities == nullptr ? SourceView{} : *task.intensities;
  const std::span<const std::byte> values(
      static_cast<const std::byte*>(intensities.voxels),
      task.intensities == nullptr ? 0 : labels.size() * bytes_of(intensities.type));
  const DeviceBuffer held(labels.size(), stream), stored(values.size(), stream);
  const DeviceBuffer out(sums.size(), stream);
  copy_to_device(std::as_bytes(labels), held, stream);
  copy_to_device(values, stored, stream);
  if (task.intensities != nullptr) {
    intensities.voxels = stored.data();
    there.intensities = &intensities;
  }
  label_sums_cuda(static_cast<const std::uint8_t*>(held.data()), there, out.data(), stream);
  copy_to_host(out, sums, stream);
  stream.synchronize();
}

/// Mean and sum of squared distances from it, joined slice by slice (Chan, Golub, LeVeque 1979).
struct Moments {
  double n = 0, mean = 0, squares = 0;

  void join(double other_n, double other_mean, double other_squares) {
    const double all = n + other_n, apart = other_mean - mean;
    mean += apart * other_n / all;
    squares += other_squares + apart * apart * n * other_n / all;
    n = all;
  }
};

/// A sum as it was before it wrapped round.
inline long double unwrapped(unsigned long long sum) {
  return static_cast<long double>(static_cast<long long>(sum));
}
inline long double unwrapped(double sum) {
  return sum;
}

template <typename T>
void join_intensities(const ValueSums<T>& s, double slope, double intercept, Moments& moments,
                      LabelStatistics& out) {
  const auto n = static_cast<long double>(s.valued);
  const long double sum = unwrapped(s.sum);
  // The difference of two large numbers: in extended precision.
  const auto squares = static_cast<double>(unwrapped(s.squares) - sum * sum / n);
  const double a = slope * static_cast<double>(s.min) + intercept;
  const double b = slope * static_cast<double>(s.max) + intercept;
  out.min = out.valued == 0 ? std::min(a, b) : std::min({out.min, a, b});
  out.max = out.valued == 0 ? std::max(a, b) : std::max({out.max, a, b});
  out.valued += static_cast<std::int64_t>(s.valued);
  moments.join(static_cast<double>(n), slope * static_cast<double>(sum / n) + intercept,
               slope * slope * std::max(squares, 0.0));
}

template <typename T>
LabelStatistics joined(const SliceSums<T>* sums, std::size_t label,
                       const LabelStatisticsTask& task) {
  const auto per_slice = static_cast<std::size_t>(task.max_label) + 1;
  LabelStatistics out;
  Moments moments;
  Vec3 weighted{};
  for (std::int64_t z = 0; z < task.size[2]; ++z) {
    const auto k = static_cast<std::size_t>(z);
    const SliceSums<T>& s = sums[k * per_slice + label];
    if (s.voxels == 0) continue;
    const double weight = task.slice_weight.empty() ? 1.0 : task.slice_weight[k];
    const double place = task.slice_at.empty() ? static_cast<double>(z) : task.slice_at[k];
    const Size3 begin{s.x_min, s.y_min, z}, end{s.x_max + 1, s.y_max + 1, z + 1};
    for (std::size_t i = 0; i < 3; ++i) {
      out.box_begin[i] = out.voxels == 0 ? begin[i] : std::min(out.box_begin[i], begin[i]);
      out.box_end[i] = out.voxels == 0 ? end[i] : std::max(out.box_end[i], end[i]);
    }
    out.voxels += static_cast<std::int64_t>(s.voxels);
    out.weight += weight * static_cast<double>(s.voxels);
    weighted = weighted + weight * Vec3{static_cast<double>(s.x), static_cast<double>(s.y),
                                        place * static_cast<double>(s.voxels)};
    if (s.values.valued > 0) {
      join_intensities(s.values, task.intensities->slope[z], task.intensities->intercept[z],
                       moments, out);
    }
  }
  if (out.weight > 0) out.centre = (1 / out.weight) * weighted;
  out.mean = moments.mean;
  out.sd = moments.n > 0 ? std::sqrt(moments.squares / moments.n) : 0;
  return out;
}

}  // namespace

void check_label_statistics(const LabelStatisticsTask& task) {
  for (const std::int64_t side : task.size) {
    if (side < 0 || side > INT32_MAX) fail("a side that is negative or over 2^31");
  }
  if (task.max_label < 0 || task.max_label > 255) fail("max_label is not in 0 ... 255");
  const auto slices = static_cast<std::size_t>(task.size[2]);
  for (const auto& per_slice : {task.slice_at, task.slice_weight}) {
    if (!per_slice.empty() && per_slice.size() != slices) fail("another number of slices");
  }
  if (task.intensities != nullptr && task.intensities->size != task.size) {
    fail("intensities of another size");
  }
}

std::size_t label_sums_bytes(const LabelStatisticsTask& task) {
  check_label_statistics(task);
  const auto count = static_cast<std::size_t>(task.size[2] * (task.max_label + 1));
  return with_scalar(stored_type(task),
                     [&](auto scalar) { return count * sizeof(SliceSums<decltype(scalar)>); });
}

void clear_label_sums(const LabelStatisticsTask& task, void* sums) {
  check_label_statistics(task);
  with_scalar(stored_type(task), [&](auto scalar) {
    std::uninitialized_value_construct_n(static_cast<SliceSums<decltype(scalar)>*>(sums),
                                         task.size[2] * (task.max_label + 1));
  });
}

std::vector<LabelStatistics> statistics_of_sums(const LabelStatisticsTask& task,
                                                std::span<const std::byte> sums) {
  if (sums.size() != label_sums_bytes(task)) fail("sums of another size");
  std::vector<LabelStatistics> out(static_cast<std::size_t>(task.max_label) + 1);
  with_scalar(stored_type(task), [&](auto scalar) {
    using T = decltype(scalar);
    const auto* all = reinterpret_cast<const SliceSums<T>*>(sums.data());
    for (std::size_t label = 1; label < out.size(); ++label) out[label] = joined(all, label, task);
  });
  return out;
}

std::vector<LabelStatistics> label_statistics(const Device& device,
                                              std::span<const std::uint8_t> labels,
                                              const LabelStatisticsTask& task) {
  std::vector<std::byte> sums(label_sums_bytes(task));
  if (static_cast<std::int64_t>(labels.size()) != voxel_count(task.size))
    fail("labels of another size");
  if (device.backend == Backend::cpu || labels.empty()) {
    sums_cpu(labels, {task, sums.data()});
  } else {
    sums_by_device(device, labels, task, sums);
  }
  return statistics_of_sums(task, sums);
}

}  // namespace osler::kernels
