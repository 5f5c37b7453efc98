// Steps that change values and leave the grid.

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "core/error.hpp"
#include "kernels/statistics.hpp"
#include "preprocess/image_state.hpp"

namespace osler {
namespace {

/// Channels `channel`, or each on its own, or all as one stretch of values.
template <typename F>
void for_groups(ImageState& state, int channel, bool per_channel, F&& work) {
  if (channel != kAllChannels) return work(channel, channel + 1);
  const int channels = state.image.channels;
  if (!per_channel) return work(0, channels);
  for (int c = 0; c < channels; ++c) work(c, c + 1);
}

std::span<float> values_of(ImageState& state, int begin, int end) {
  const auto n = static_cast<std::size_t>(state.voxels());
  return std::span(state.image.values)
      .subspan(static_cast<std::size_t>(begin) * n, static_cast<std::size_t>(end - begin) * n);
}

/// Counts of voxels of several channels, as if they were slices of one.
kernels::Statistics statistics_of(ImageState& state, int begin, int end,
                                  const kernels::StatisticsTask& task) {
  Size3 size = state.image.grid.size;
  size[2] *= end - begin;
  const FloatSource source(values_of(state, begin, end), size);
  return kernels::statistics_cpu(source.view(), task);
}

/// The mask once per channel, for statistics over several.
std::vector<std::uint8_t> repeated(const std::vector<std::uint8_t>& mask, int times) {
  std::vector<std::uint8_t> out;
  for (int i = 0; i < times; ++i) out.insert(out.end(), mask.begin(), mask.end());
  return out;
}

template <typename F>
void for_each(std::span<float> values, F&& change) {
  const auto n = static_cast<std::ptrdiff_t>(values.size());
#pragma omp parallel for schedule(static)
  for (std::ptrdiff_t i = 0; i < n; ++i) change(values[static_cast<std::size_t>(i)], i);
}

}  // namespace

void apply(const NormaliseStep& step, ImageState& state) {
  using Statistics = NormaliseStep::Statistics;
  const auto low = static_cast<float>(step.low), high = static_cast<float>(step.high);
  if (step.low > -std::numeric_limits<float>::max() ||
      step.high < std::numeric_limits<float>::max()) {
    for_groups(state, step.channel, false, [&](int begin, int end) {
      for_each(values_of(state, begin, end),
               [&](float& v, std::ptrdiff_t) { v = std::clamp(v, low, high); });
    });
  }
  for_groups(state, step.channel, step.per_channel, [&](int begin, int end) {
    double shift = step.shift, scale = step.scale;
    const bool content = step.statistics == Statistics::content && !state.content.empty();
    if (step.statistics != Statistics::none) {
      kernels::StatisticsTask task;
      task.nonzero = step.statistics == Statistics::nonzero;
      std::vector<std::uint8_t> mask;
      if (content) {
        mask = repeated(state.content, end - begin);
        task.mask = mask.data();
      }
      const kernels::Statistics found = statistics_of(state, begin, end, task);
      if (found.count == 0) return;  // nothing counts, nothing changes
      if (!(found.sd > 0) && state.image.channels == 1) {
        throw Error(ErrorCode::bad_input, "the image has no contrast", "voxels that differ");
      }
      shift = found.mean;
      scale = found.sd > 0 ? found.sd : 1;
    }
    const auto by = static_cast<float>(shift), of = static_cast<float>(scale);
    const auto per_channel = static_cast<std::ptrdiff_t>(state.voxels());
    const bool only_nonzero = step.only_counted && step.statistics == Statistics::nonzero;
    const bool only_content = step.only_counted && content;
    for_each(values_of(state, begin, end), [&](float& v, std::ptrdiff_t i) {
      if (only_nonzero && v == 0) return;
      if (only_content && state.content[static_cast<std::size_t>(i % per_channel)] == 0) return;
      v = (v - by) / of;
    });
  });
}

void apply(const RescaleStep& step, ImageState& state) {
  for_groups(state, step.channel, step.per_channel, [&](int begin, int end) {
    double a = step.a, b = step.b;
    if (step.from != RescaleStep::From::values) {
      kernels::StatisticsTask task;
      const bool percentiles = step.from == RescaleStep::From::percentiles;
      if (percentiles) task.percentiles = {step.a, step.b};
      const kernels::Statistics found = statistics_of(state, begin, end, task);
      if (found.count == 0) return;
      a = percentiles ? found.percentiles[0] : found.min;
      b = percentiles ? found.percentiles[1] : found.max;
    }
    const auto from = static_cast<float>(a), range = static_cast<float>(b - a);
    const auto to = static_cast<float>(step.c), span = static_cast<float>(step.d - step.c);
    const float low = std::min(to, to + span), high = std::max(to, to + span);
    const bool measured = step.from == RescaleStep::From::range;
    for_each(values_of(state, begin, end), [&](float& v, std::ptrdiff_t) {
      if (range == 0) {
        // As MONAI: ScaleIntensity multiplies, ScaleIntensityRange shifts and does not clip.
        v = measured ? v * to : v - from + to;
        return;
      }
      v = (v - from) / range * span + to;
      if (step.clip) v = std::clamp(v, low, high);
    });
  });
}

}  // namespace osler
