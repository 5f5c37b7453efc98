// Times the CUDA operators on volumes as large as a chest CT, and holds each answer against the CPU
// twin's in the same run.
//
// usage: osler-bench-gpu-kernels [RUNS [X Y Z]]     default: 20 runs, 512 512 133
//
// The first line of JSON tells of the device, each further one of an operator:
//   bytes           each input read once, each output written once: less cannot be moved
//   limit           what bounds the row: `device_copy`, measured here, before the rows
//   share_of_limit  bytes / median time / that limit
//   answer          worst difference from the twin, how many values differ by more than `tolerance`
//                   and how many may
// Without a GPU it measures nothing and says so (exit 3); a wrong answer is exit 5.

#include <fmt/format.h>
#include <omp.h>

#include <cstdio>
#include <functional>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "benchmarks/gpu_clock.hpp"
#include "benchmarks/gpu_volumes.hpp"
#include "benchmarks/measured.hpp"
#include "kernels/components.hpp"
#include "kernels/distance.hpp"
#include "kernels/half_math.hpp"
#include "kernels/label_statistics.hpp"
#include "kernels/labels_back.hpp"
#include "kernels/resample.hpp"
#include "kernels/statistics.hpp"

namespace {

using namespace osler::kernels;
using namespace osler::benchmarks;
using osler::Affine;
using osler::DeviceBuffer;
using osler::Size3;

constexpr int kLeastRuns = 20;
/// Voxels that may come out otherwise where a decision lies on an edge: half-way between two voxels
/// (nearest), or between two scores that are equal but for rounding (labels).
constexpr double kTiesPerVoxel = 1e-6;
/// Both backends are off by at most kDistanceTolerance of the true distance.
constexpr double kDistancesApart = 2 * kDistanceTolerance;

struct Answer {
  double worst = 0;
  double tolerance = 0;
  std::int64_t beyond = 0;   ///< values that differ by more than the tolerance
  std::int64_t allowed = 0;  ///< of those

  bool holds() const { return beyond <= allowed; }
};

/// How far `found` is from the twin's value, and NaN beside a number is infinitely far.
double apart(double found, double twin, bool relative) {
  if (found == twin || (std::isnan(found) && std::isnan(twin))) return 0;
  const double difference = std::abs(found - twin);
  if (std::isnan(difference)) return std::numeric_limits<double>::infinity();
  return relative ? difference / std::abs(twin) : difference;
}

template <typename T>
Answer compare(std::span<const T> found, std::span<const T> twin, double tolerance,
               bool relative = false) {
  Answer answer{0, tolerance, 0, 0};
  for (std::size_t i = 0; i < found.size(); ++i) {
    const double d = apart(static_cast<double>(found[i]), static_cast<double>(twin[i]), relative);
    answer.worst = std::max(answer.worst, d);
    answer.beyond += d > tolerance;
  }
  return answer;
}

template <typename T>
std::vector<T> fetched(const DeviceBuffer& buffer, std::size_t count, const osler::Stream& stream) {
  std::vector<T> host(count);
  copy_to_host(buffer, std::as_writable_bytes(std::span(host)), stream);
  stream.synchronize();
  return host;
}

template <typename T>
DeviceBuffer sent(const std::vector<T>& host, const osler::Stream& stream) {
  DeviceBuffer buffer(host.size() * sizeof(T), stream);
  copy_to_device(std::as_bytes(std::span(host)), buffer, stream);
  stream.synchronize();
  return buffer;
}

struct Row {
  std::string name;
  std::int64_t voxels = 0;
  double bytes = 0;
  Times gpu;
  double cpu_ms = 0;  ///< the twin, one run, all threads
  Answer answer;
};

class Bench {
 public:
  Bench(const osler::Device& device, const Size3& size, int runs)
      : device_(device),
        stream_(device),
        clock_(stream_, device, runs),
        size_(size),
        voxels_(static_cast<std::size_t>(osler::voxel_count(size))),
        ct_(ct_numbers(size)),
        mask_(mask_above(ct_, 450)),
        slope_(static_cast<std::size_t>(size[2]), 1.0F),
        intercept_(static_cast<std::size_t>(size[2]), 0.0F),
        ct_on_device_(sent(ct_, stream_)),
        mask_on_device_(sent(mask_, stream_)),
        slope_on_device_(sent(slope_, stream_)),
        intercept_on_device_(sent(intercept_, stream_)) {}

  /// @return whether every answer held
  bool run() {
    const Affine leaning = Affine::from_columns({.998, .05, .004}, {-.05, .998, .003},
                                                {-.01, .02, .999}, {3.3, -2.2, .4});
    const Affine shifted = Affine::from_columns({1, 0, 0}, {0, 1, 0}, {0, 0, 1}, {.3, .4, .2});
    tell_device();
    print(resample_row("resample nearest, leaning grid", Interpolation::nearest, leaning));
    print(resample_row("resample linear, leaning grid", Interpolation::linear, leaning));
    print(resample_row("resample linear, along the axes", Interpolation::linear, shifted));
    print(resample_row("resample cubic, leaning grid", Interpolation::cubic, leaning));
    print(statistics_row());
    print(labels_back_row("labels back, 5 classes in f16", false));
    print(labels_back_row("labels back, 5 classes in f16, with sums", true));
    print(components_row());
    print(distance_row());
    print(label_statistics_row());
    return all_hold_;
  }

 private:
  SourceView ct(bool on_device) const {
    SourceView view;
    view.size = size_;
    view.voxels = on_device ? ct_on_device_.data() : ct_.data();
    view.slope = on_device ? static_cast<const float*>(slope_on_device_.data()) : slope_.data();
    view.intercept =
        on_device ? static_cast<const float*>(intercept_on_device_.data()) : intercept_.data();
    return view;
  }
  double bytes_per_voxel(double bytes) const { return bytes * static_cast<double>(voxels_); }
  Row row(const std::string& name, double bytes) const {
    Row r;
    r.name = name;
    r.voxels = static_cast<std::int64_t>(voxels_);
    r.bytes = bytes;
    return r;
  }
  static double timed_once_ms(const std::function<void()>& work) {
    const double start = now_s();
    work();
    return 1e3 * (now_s() - start);
  }

  void tell_device() {
    copy_ = copy_bytes_per_s(clock_, stream_);
    upload_ = upload_bytes_per_s(clock_, stream_);
    sheet_ = data_sheet_bytes_per_s(device_);
    int driver = 0, runtime = 0;
    check_cuda(cudaDriverGetVersion(&driver), "driver version");
    check_cuda(cudaRuntimeGetVersion(&runtime), "runtime version");
    const int major = attribute(device_, cudaDevAttrComputeCapabilityMajor);
    const int minor = attribute(device_, cudaDevAttrComputeCapabilityMinor);
    const nlohmann::json line{
        {"device", device_.name},
        {"compute_capability", fmt::format("{}.{}", major, minor)},
        {"driver_cuda", fmt::format("{}.{}", driver / 1000, driver % 1000 / 10)},
        {"runtime_cuda", fmt::format("{}.{}", runtime / 1000, runtime % 1000 / 10)},
        {"l2_bytes", attribute(device_, cudaDevAttrL2CacheSize)},
        {"device_copy_gb_s", copy_ / 1e9},
        {"upload_gb_s", upload_ / 1e9},
        {"data_sheet_gb_s", sheet_ ? nlohmann::json(*sheet_ / 1e9) : nlohmann::json()},
        {"cpu_threads", omp_get_max_threads()},
        {"runs", clock_.runs()},
        {"size", size_}};
    fmt::print("{}\n", line.dump());
    std::fflush(stdout);
  }

  void print(const Row& r) {
    const double per_s = r.bytes / (r.gpu.median_ms / 1e3);
    nlohmann::json line{{"operator", r.name},
                        {"voxels", r.voxels},
                        {"bytes", r.bytes},
                        {"median_ms", r.gpu.median_ms},
                        {"range_ms", {r.gpu.least_ms, r.gpu.most_ms}},
                        {"gb_s", per_s / 1e9},
                        {"limit", "device_copy"},
                        {"share_of_limit", per_s / copy_},
                        {"cpu_ms", r.cpu_ms}};
    if (sheet_) line["share_of_data_sheet"] = per_s / *sheet_;
    const auto finite = [](double v) { return std::isfinite(v) ? nlohmann::json(v) : "infinite"; };
    line["answer"] = {{"worst", finite(r.answer.worst)},
                      {"tolerance", r.answer.tolerance},
                      {"beyond", r.answer.beyond},
                      {"allowed", r.answer.allowed},
                      {"holds", r.answer.holds()}};
    all_hold_ = all_hold_ && r.answer.holds();
    fmt::print("{}\n", line.dump());
    std::fflush(stdout);
  }

  Row resample_row(const std::string& name, Interpolation interpolation, const Affine& out_to_in) {
    ResampleTask task;
    task.out_size = size_;
    task.out_to_in = out_to_in;
    task.interpolation = interpolation;
    task.normalisation = {-1000, 1000, 0, 1e-3F};
    const SourceView source = ct(true);
    const DeviceBuffer out(voxels_ * sizeof(float), stream_);
    const DeviceBuffer scratch(resample_scratch_bytes(source, task), stream_);
    Row r = row(name, bytes_per_voxel(sizeof(std::int16_t) + sizeof(float)));
    r.gpu = clock_.time([&] { resample_cuda(source, task, out.data(), scratch.data(), stream_); });
    std::vector<float> twin(voxels_);
    r.cpu_ms = timed_once_ms([&] { resample_cpu(ct(false), task, twin); });
    const std::vector<float> found = fetched<float>(out, voxels_, stream_);
    r.answer = compare<float>(found, twin, kResampleTolerance);
    if (interpolation == Interpolation::nearest) {
      r.answer.allowed = static_cast<std::int64_t>(bytes_per_voxel(kTiesPerVoxel));
    }
    return r;
  }

  Row statistics_row() {
    StatisticsTask task;
    task.percentiles = {.5, 50, 99.5};
    const SourceView source = ct(true);
    const DeviceBuffer out(sizeof(Statistics), stream_);
    const DeviceBuffer scratch(statistics_scratch_bytes(source, task), stream_);
    Row r = row("statistics, 3 percentiles", bytes_per_voxel(sizeof(std::int16_t)));
    r.gpu = clock_.time([&] {
      statistics_cuda(source, task, static_cast<Statistics*>(out.data()), scratch.data(), stream_);
    });
    Statistics twin;
    r.cpu_ms = timed_once_ms([&] { twin = statistics_cpu(ct(false), task); });
    const Statistics found = fetched<Statistics>(out, 1, stream_).front();
    const auto numbers = [](const Statistics& s) {
      std::vector<double> all{static_cast<double>(s.count), s.min, s.max, s.mean, s.sd};
      all.insert(all.end(), s.percentiles.begin(), s.percentiles.end());
      return all;
    };
    r.answer = compare<double>(numbers(found), numbers(twin), kStatisticsTolerance, true);
    return r;
  }

  Row labels_back_row(const std::string& name, bool with_sums) {
    constexpr int classes = 5;
    const Size3 grid{size_[0] / 2, size_[1] / 2, size_[2]};
    const std::vector<float> wide = logits(grid, classes);
    std::vector<std::uint16_t> scores(wide.size());
    std::transform(wide.begin(), wide.end(), scores.begin(), to_f16);
    const DeviceBuffer held = sent(scores, stream_);
    const ScoresView on_host{scores.data(), FloatType::f16, classes, grid, 0, grid[2]};
    ScoresView on_device = on_host;
    on_device.scores = held.data();
    LabelsBackTask task;
    task.out_size = size_;
    task.out_to_in = Affine::from_columns({.5, 0, 0}, {0, .5, 0}, {0, 0, 1}, {-.25, -.25, .1});
    task.label_of = {0, 1, 2, 3, 4};
    const DeviceBuffer out(voxels_, stream_);
    const DeviceBuffer scratch(labels_back_scratch_bytes(on_device, task), stream_);
    const SourceView intensities = ct(true);
    const LabelStatisticsTask of_labels{size_, classes - 1, {}, {}, &intensities};
    const DeviceBuffer sums_there(label_sums_bytes(of_labels), stream_);
    const LabelSums sums{of_labels, sums_there.data()};
    clear_label_sums_cuda(sums.task, sums.at, stream_);
    if (with_sums) task.sums = &sums;
    Row r = row(name, bytes_per_voxel(with_sums ? 1 + sizeof(std::int16_t) : 1) +
                          static_cast<double>(held.bytes()));
    r.gpu = clock_.time([&] {
      labels_back_cuda(on_device, task, static_cast<std::uint8_t*>(out.data()), scratch.data(),
                       stream_);
    });
    task.sums = nullptr;
    std::vector<std::uint8_t> twin(voxels_);
    r.cpu_ms = timed_once_ms([&] { labels_back_cpu(on_host, task, twin); });
    const std::vector<std::uint8_t> found = fetched<std::uint8_t>(out, voxels_, stream_);
    r.answer = compare<std::uint8_t>(found, twin, 0);
    r.answer.allowed = static_cast<std::int64_t>(bytes_per_voxel(kTiesPerVoxel));
    return r;
  }

  Row components_row() {
    const ComponentTask task;
    const LabelView view{mask_on_device_.data(), osler::ScalarType::u8, size_};
    const DeviceBuffer numbers(voxels_ * sizeof(std::uint32_t), stream_);
    const DeviceBuffer count(sizeof(std::uint32_t), stream_);
    const DeviceBuffer scratch(components_scratch_bytes(size_), stream_);
    const ComponentsOnDevice out{static_cast<std::uint32_t*>(numbers.data()),
                                 static_cast<std::uint32_t*>(count.data())};
    Row r = row("components, 26 neighbours", bytes_per_voxel(1 + sizeof(std::uint32_t)));
    r.gpu = clock_.time([&] { components_cuda(view, task, out, scratch.data(), stream_); });
    std::vector<std::uint32_t> twin(voxels_);
    r.cpu_ms = timed_once_ms([&] {
      components_cpu({mask_.data(), osler::ScalarType::u8, size_}, task, twin);
    });
    const std::vector<std::uint32_t> found = fetched<std::uint32_t>(numbers, voxels_, stream_);
    r.answer = compare<std::uint32_t>(found, twin, 0);
    return r;
  }

  Row distance_row() {
    const osler::Vec3 spacing_mm{.7, .7, 2.5};
    const DeviceBuffer out(voxels_ * sizeof(float), stream_);
    const DeviceBuffer scratch(distance_scratch_bytes(size_), stream_);
    Row r = row("distance transform", bytes_per_voxel(1 + sizeof(float)));
    r.gpu = clock_.time([&] {
      distance_transform_cuda(static_cast<const std::uint8_t*>(mask_on_device_.data()), size_,
                              spacing_mm, static_cast<float*>(out.data()), scratch.data(), stream_);
    });
    std::vector<float> twin(voxels_);
    r.cpu_ms = timed_once_ms([&] { distance_transform_cpu(mask_, size_, spacing_mm, twin); });
    const std::vector<float> found = fetched<float>(out, voxels_, stream_);
    r.answer = compare<float>(found, twin, kDistancesApart, true);
    return r;
  }

  Row label_statistics_row() {
    const SourceView on_host = ct(false);
    SourceView on_device = on_host;
    on_device.voxels = ct_on_device_.data();
    LabelStatisticsTask task;
    task.size = size_;
    task.max_label = 1;
    task.intensities = &on_device;
    const DeviceBuffer sums(label_sums_bytes(task), stream_);
    Row r = row("label statistics", bytes_per_voxel(1 + sizeof(std::int16_t)));
    r.gpu = clock_.time([&] {
      label_sums_cuda(static_cast<const std::uint8_t*>(mask_on_device_.data()), task, sums.data(),
                      stream_);
    });
    const auto found =
        statistics_of_sums(task, fetched<std::byte>(sums, label_sums_bytes(task), stream_));
    task.intensities = &on_host;
    const osler::Device cpu = osler::choose_device("cpu");
    std::vector<LabelStatistics> twin;
    r.cpu_ms = timed_once_ms([&] { twin = label_statistics(cpu, mask_, task); });
    const auto numbers = [](const LabelStatistics& s) {
      return std::vector<double>{static_cast<double>(s.voxels),
                                 s.centre[0],
                                 s.centre[1],
                                 s.centre[2],
                                 static_cast<double>(s.valued),
                                 s.mean,
                                 s.sd,
                                 s.min,
                                 s.max};
    };
    r.answer = compare<double>(numbers(found.at(1)), numbers(twin.at(1)), 0);
    return r;
  }

  osler::Device device_;
  osler::Stream stream_;
  Clock clock_;
  Size3 size_;
  std::size_t voxels_;
  std::vector<std::int16_t> ct_;
  std::vector<std::uint8_t> mask_;
  std::vector<float> slope_, intercept_;
  DeviceBuffer ct_on_device_, mask_on_device_, slope_on_device_, intercept_on_device_;
  double copy_ = 0, upload_ = 0;
  std::optional<double> sheet_;
  bool all_hold_ = true;
};

}  // namespace

int main(int argc, char** argv) {
  try {
    const std::vector<std::string> words(argv + 1, argv + argc);
    int runs = kLeastRuns;
    Size3 size{512, 512, 133};
    if (!words.empty()) runs = std::stoi(words[0]);
    for (std::size_t i = 0; i + 1 < words.size() && i < 3; ++i) size[i] = std::stol(words[i + 1]);
    if ((words.size() > 1 && words.size() != 4) || runs < kLeastRuns) {
      throw osler::Error(osler::ErrorCode::usage, "arguments",
                         fmt::format("[RUNS [X Y Z]], at least {} runs", kLeastRuns));
    }
    const osler::Device device = osler::choose_device("cuda");
    return Bench(device, size, runs).run() ? osler::kExitOk : osler::kExitInternal;
  } catch (const osler::Error& error) {
    fmt::print(stderr, "osler-bench-gpu-kernels: {}\n", error.what());
    return osler::exit_code(error.code());
  } catch (const std::exception& error) {
    fmt::print(stderr, "osler-bench-gpu-kernels: {}\n", error.what());
    return osler::kExitInternal;
  }
}
