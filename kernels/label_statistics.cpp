#include "kernels/label_statistics.hpp"

#include <algorithm>
#include <cmath>

#include "core/error.hpp"
#include "core/scalar.hpp"
#include "kernels/label_statistics_math.hpp"

namespace osler::kernels {
namespace {

void check(std::span<const std::uint8_t> labels, const LabelStatisticsTask& task) {
  const auto fail = [](const char* what) {
    throw Error(ErrorCode::bad_argument, std::string("label_statistics: ") + what);
  };
  for (const std::int64_t side : task.size) {
    if (side < 0 || side > INT32_MAX) fail("a side that is negative or over 2^31");
  }
  if (static_cast<std::int64_t>(labels.size()) != voxel_count(task.size))
    fail("labels of another size");
  if (task.max_label < 0 || task.max_label > 255) fail("max_label is not in 0 ... 255");
  const auto slices = static_cast<std::size_t>(task.size[2]);
  for (const auto& per_slice : {task.slice_at, task.slice_weight}) {
    if (!per_slice.empty() && per_slice.size() != slices) fail("another number of slices");
  }
  if (task.intensities != nullptr && task.intensities->size != task.size) {
    fail("intensities of another size");
  }
}

template <typename T>
void take_value(T stored, SliceSums<T>& s) {
  const auto value = static_cast<StoredSum<T>>(stored);
  s.min = s.valued == 0 ? stored : std::min(s.min, stored);
  s.max = s.valued == 0 ? stored : std::max(s.max, stored);
  ++s.valued;
  s.sum += value;
  s.squares += value * value;
}

/// One line of a slice, run by run.
template <typename T>
void take_line(std::span<const std::uint8_t> line, const T* stored, const PaddingRange<T>& padding,
               int y, std::span<SliceSums<T>> sums) {
  const auto n = static_cast<std::int64_t>(line.size());
  for (std::int64_t x = 0; x < n;) {
    const std::uint8_t label = line[static_cast<std::size_t>(x)];
    std::int64_t end = x + 1;
    while (end < n && line[static_cast<std::size_t>(end)] == label) ++end;
    if (label != 0 && label < sums.size()) {
      SliceSums<T>& s = sums[label];
      s.voxels += end - x;
      s.x += (end - x) * (x + end - 1) / 2;
      s.y += (end - x) * y;
      s.x_min = std::min(s.x_min, static_cast<int>(x));
      s.x_max = std::max(s.x_max, static_cast<int>(end - 1));
      s.y_min = std::min(s.y_min, y);
      s.y_max = std::max(s.y_max, y);
      for (std::int64_t i = x; stored != nullptr && i < end; ++i) {
        if (!padding.holds(stored[i])) take_value(stored[i], s);
      }
    }
    x = end;
  }
}

template <typename T>
std::vector<SliceSums<T>> sums_cpu(std::span<const std::uint8_t> labels,
                                   const LabelStatisticsTask& task) {
  const auto per_slice = static_cast<std::size_t>(task.max_label) + 1;
  std::vector<SliceSums<T>> sums(per_slice * static_cast<std::size_t>(task.size[2]));
  const SourceView* view = task.intensities;
  const auto* stored = view == nullptr ? nullptr : static_cast<const T*>(view->voxels);
  const PaddingRange<T> padding = padding_range<T>(view == nullptr ? SourceView{} : *view);
#pragma omp parallel for schedule(dynamic, 1)
  for (std::int64_t z = 0; z < task.size[2]; ++z) {
    const std::span<SliceSums<T>> mine(sums.data() + static_cast<std::size_t>(z) * per_slice,
                                       per_slice);
    for (std::int64_t y = 0; y < task.size[1]; ++y) {
      const auto from = static_cast<std::size_t>((z * task.size[1] + y) * task.size[0]);
      take_line(labels.subspan(from, static_cast<std::size_t>(task.size[0])),
                stored == nullptr ? nullptr : stored + from, padding, static_cast<int>(y), mine);
    }
  }
  return sums;
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

template <typename T>
void join_intensities(const SliceSums<T>& s, double slope, double intercept, Moments& moments,
                      LabelStatistics& out) {
  const auto n = static_cast<double>(s.valued);
  const auto mean = static_cast<double>(static_cast<long double>(s.sum) / s.valued);
  // The difference of two large numbers: in extended precision.
  const auto squares = static_cast<double>(static_cast<long double>(s.squares) -
                                           static_cast<long double>(s.sum) *
                                               static_cast<long double>(s.sum) / s.valued);
  const double a = slope * static_cast<double>(s.min) + intercept;
  const double b = slope * static_cast<double>(s.max) + intercept;
  out.min = out.valued == 0 ? std::min(a, b) : std::min({out.min, a, b});
  out.max = out.valued == 0 ? std::max(a, b) : std::max({out.max, a, b});
  out.valued += s.valued;
  moments.join(n, slope * mean + intercept, slope * slope * std::max(squares, 0.0));
}

template <typename T>
LabelStatistics joined(std::span<const SliceSums<T>> sums, std::size_t label,
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
    out.voxels += s.voxels;
    out.weight += weight * static_cast<double>(s.voxels);
    weighted = weighted + weight * Vec3{static_cast<double>(s.x), static_cast<double>(s.y),
                                        place * static_cast<double>(s.voxels)};
    if (s.valued > 0) {
      join_intensities(s, task.intensities->slope[z], task.intensities->intercept[z], moments, out);
    }
  }
  if (out.weight > 0) out.centre = (1 / out.weight) * weighted;
  out.mean = moments.mean;
  out.sd = moments.n > 0 ? std::sqrt(moments.squares / moments.n) : 0;
  return out;
}

template <typename T>
std::vector<LabelStatistics> statistics_of(const Device& device,
                                           std::span<const std::uint8_t> labels,
                                           const LabelStatisticsTask& task) {
  const std::vector<SliceSums<T>> sums = device.backend == Backend::cpu
                                             ? sums_cpu<T>(labels, task)
                                             : label_sums_on_device<T>(device, labels, task);
  std::vector<LabelStatistics> out(static_cast<std::size_t>(task.max_label) + 1);
  for (std::size_t label = 1; label < out.size(); ++label) {
    out[label] = joined<T>(sums, label, task);
  }
  return out;
}

}  // namespace

std::vector<LabelStatistics> label_statistics(const Device& device,
                                              std::span<const std::uint8_t> labels,
                                              const LabelStatisticsTask& task) {
  check(labels, task);
  std::vector<LabelStatistics> out;
  const ScalarType type = task.intensities == nullptr ? ScalarType::u8 : task.intensities->type;
  with_scalar(type,
              [&](auto scalar) { out = statistics_of<decltype(scalar)>(device, labels, task); });
  return out;
}

}  // namespace osler::kernels
