#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels/half_math.hpp"
#include "kernels/instance_norm_math.hpp"

namespace osler::kernels {
namespace {

/// Few channels leave vector registers empty, so a step covers several voxels, about this wide.
constexpr std::int64_t kLanes = 128;
/// Values that one thread adds up at a time; fixed, so that sums do not depend on threads.
constexpr std::int64_t kPartValues = 32768;
/// Voxels that the first guess at the mean is taken from. Sums of squares about a value near the
/// mean lose no digits.
constexpr std::int64_t kPivotVoxels = 64;

[[gnu::target_clones("avx512f", "avx2", "default")]] void add_moments(
    const float* __restrict x, std::int64_t steps, std::int64_t width,
    const float* __restrict pivot, float* __restrict sum, float* __restrict squares) {
  for (std::int64_t step = 0; step < steps; ++step, x += width) {
#pragma omp simd
    for (std::int64_t i = 0; i < width; ++i) {
      const float d = x[i] - pivot[i];
      sum[i] += d;
      squares[i] += d * d;
    }
  }
}

[[gnu::target_clones("avx512f", "avx2", "default")]] void scale_and_activate(
    float* __restrict x, std::int64_t steps, std::int64_t width, const float* __restrict scale,
    const float* __restrict shift, float slope) {
  for (std::int64_t step = 0; step < steps; ++step, x += width) {
#pragma omp simd
    for (std::int64_t i = 0; i < width; ++i) {
      const float v = x[i] * scale[i] + shift[i];
      x[i] = v > 0 ? v : v * slope;
    }
  }
}

/// How the voxels of one sample are walked.
struct Walk {
  float* values;
  std::int64_t voxels, channels;
  std::int64_t voxels_per_step, voxels_per_part;

  Walk(std::span<float> sample, std::int64_t c)
      : values(sample.data()),
        voxels(static_cast<std::int64_t>(sample.size()) / c),
        channels(c),
        voxels_per_step(std::max<std::int64_t>(1, kLanes / c)),
        voxels_per_part(voxels_per_step *
                        std::max<std::int64_t>(1, kPartValues / (c * voxels_per_step))) {}

  std::int64_t parts() const { return (voxels + voxels_per_part - 1) / voxels_per_part; }
  std::int64_t width() const { return voxels_per_step * channels; }

  /// Calls f(first value, steps, width) for whole steps of a part and for the voxels left over.
  template <typename F>
  void in_part(std::int64_t part, F f) const {
    const std::int64_t begin = part * voxels_per_part;
    const std::int64_t count = std::min(voxels_per_part, voxels - begin);
    const std::int64_t steps = count / voxels_per_step;
    float* x = values + begin * channels;
    f(x, steps, width());
    f(x + steps * width(), count - steps * voxels_per_step, channels);
  }

  /// One value per channel, repeated to the width of a step.
  std::vector<float> repeated(const std::vector<double>& per_channel) const {
    std::vector<float> out(static_cast<std::size_t>(width()));
    for (std::size_t i = 0; i < out.size(); ++i) {
      out[i] = static_cast<float>(per_channel[i % per_channel.size()]);
    }
    return out;
  }
};

std::vector<double> guess_at_means(const Walk& walk) {
  const std::int64_t count = std::min(kPivotVoxels, walk.voxels);
  std::vector<double> means(static_cast<std::size_t>(walk.channels));
  for (std::int64_t i = 0; i < count; ++i) {
    const float* voxel = walk.values + (i * walk.voxels / count) * walk.channels;
    for (std::size_t c = 0; c < means.size(); ++c) means[c] += voxel[c];
  }
  for (double& mean : means) mean /= static_cast<double>(count);
  return means;
}

struct Moments {
  std::vector<double> sum, squares;  ///< about the pivot, per channel
};

Moments moments_about(const Walk& walk, const std::vector<float>& pivot) {
  const auto channels = static_cast<std::size_t>(walk.channels);
  const std::int64_t parts = walk.parts();
  std::vector<double> of_part(static_cast<std::size_t>(parts) * 2 * channels);
#pragma omp parallel
  {
    std::vector<float> sum(pivot.size()), squares(pivot.size());
#pragma omp for schedule(static)
    for (std::int64_t part = 0; part < parts; ++part) {
      std::fill(sum.begin(), sum.end(), 0.0F);
      std::fill(squares.begin(), squares.end(), 0.0F);
      walk.in_part(part, [&](const float* x, std::int64_t steps, std::int64_t width) {
        add_moments(x, steps, width, pivot.data(), sum.data(), squares.data());
      });
      double* out = of_part.data() + static_cast<std::size_t>(part) * 2 * channels;
      for (std::size_t i = 0; i < pivot.size(); ++i) {
        out[i % channels] += sum[i];
        out[channels + i % channels] += squares[i];
      }
    }
  }
  Moments total{std::vector<double>(channels), std::vector<double>(channels)};
  for (std::size_t i = 0; i < of_part.size(); ++i) {
    const std::size_t c = i % (2 * channels);
    (c < channels ? total.sum[c] : total.squares[c - channels]) += of_part[i];
  }
  return total;
}

/// Channels of a group hold equally many values: their variance is the mean of the channels' own
/// and the variance of the channels' means.
void share_in_groups(std::size_t size, std::vector<double>& mean, std::vector<double>& variance) {
  if (size == 1) return;
  for (std::size_t first = 0; first < mean.size(); first += size) {
    double of_group = 0, squares = 0;
    for (std::size_t c = first; c < first + size; ++c) of_group += mean[c];
    of_group /= static_cast<double>(size);
    for (std::size_t c = first; c < first + size; ++c) {
      squares += variance[c] + (mean[c] - of_group) * (mean[c] - of_group);
    }
    for (std::size_t c = first; c < first + size; ++c) {
      mean[c] = of_group;
      variance[c] = squares / static_cast<double>(size);
    }
  }
}

/// One sample.
void normalise(std::span<float> values, std::int64_t channels, const InstanceNorm& norm) {
  const Walk walk(values, channels);
  const std::vector<float> pivot = walk.repeated(guess_at_means(walk));
  const Moments moments = moments_about(walk, pivot);
  std::vector<double> scale(moments.sum.size()), shift(moments.sum.size());
  std::vector<double> mean(scale.size()), variance(scale.size());
  const auto count = static_cast<double>(walk.voxels);
  for (std::size_t c = 0; c < scale.size(); ++c) {
    const double from_pivot = moments.sum[c] / count;
    mean[c] = pivot[c] + from_pivot;
    variance[c] = std::max(0.0, moments.squares[c] / count - from_pivot * from_pivot);
  }
  share_in_groups(static_cast<std::size_t>(norm.channels_per_group), mean, variance);
  for (std::size_t c = 0; c < scale.size(); ++c) {
    scale[c] = (norm.weight.empty() ? 1.0 : norm.weight[c]) / std::sqrt(variance[c] + norm.eps);
    shift[c] = (norm.bias.empty() ? 0.0 : norm.bias[c]) - mean[c] * scale[c];
  }
  const std::vector<float> scales = walk.repeated(scale), shifts = walk.repeated(shift);
#pragma omp parallel for schedule(static)
  for (std::int64_t part = 0; part < walk.parts(); ++part) {
    walk.in_part(part, [&](float* x, std::int64_t steps, std::int64_t width) {
      scale_and_activate(x, steps, width, scales.data(), shifts.data(), norm.slope);
    });
  }
}

/// The samples of a map of 16-bit values.
template <typename T>
void normalise_widened(const FeatureMap& map, std::size_t in_sample, const InstanceNorm& norm) {
  std::vector<float> wide(in_sample);
  const auto count = static_cast<std::int64_t>(in_sample);
  for (std::int64_t n = 0; n < map.samples; ++n) {
    T* const sample = static_cast<T*>(map.values) + n * count;
#pragma omp parallel for schedule(static)
    for (std::int64_t i = 0; i < count; ++i) {
      wide[static_cast<std::size_t>(i)] = to_float(sample[i]);
    }
    normalise(wide, map.channels, norm);
#pragma omp parallel for schedule(static)
    for (std::int64_t i = 0; i < count; ++i) {
      sample[i] = from_float<T>(wide[static_cast<std::size_t>(i)]);
    }
  }
}

}  // namespace

void instance_norm_cpu(const FeatureMap& map, const InstanceNorm& norm) {
  check_instance_norm(map, norm);
  const auto in_sample = static_cast<std::size_t>(map.voxels * map.channels);
  if (in_sample == 0) return;
  switch (map.type) {
    case FloatType::f32:
      for (std::int64_t n = 0; n < map.samples; ++n) {
        float* const sample =
            static_cast<float*>(map.values) + static_cast<std::size_t>(n) * in_sample;
        normalise({sample, in_sample}, map.channels, norm);
      }
      return;
    case FloatType::f16:
      return normalise_widened<Half>(map, in_sample, norm);
    case FloatType::bf16:
      return normalise_widened<BFloat16>(map, in_sample, norm);
  }
}

}  // namespace osler::kernels
