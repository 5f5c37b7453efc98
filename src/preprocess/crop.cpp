#include "preprocess/crop.hpp"

#include <algorithm>
#include <cmath>

#include "core/error.hpp"
#include "preprocess/head_frame.hpp"

namespace osler {
namespace {

Vec3 to_vec(const Size3& s) {
  return {static_cast<double>(s[0]), static_cast<double>(s[1]), static_cast<double>(s[2])};
}

Affine shifted(const Affine& a, const Size3& origin) {
  return Affine::from_columns(a.column(0), a.column(1), a.column(2), a(to_vec(origin)));
}

/// Reorders `values`.
double percentile(std::vector<float>& values, double percent) {
  const double position = percent / 100 * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::ptrdiff_t>(position);
  std::nth_element(values.begin(), values.begin() + below, values.end());
  const double low = values[static_cast<std::size_t>(below)];
  if (below + 1 == static_cast<std::ptrdiff_t>(values.size())) return low;
  const double high = *std::min_element(values.begin() + below + 1, values.end());
  return low + (position - static_cast<double>(below)) * (high - low);
}

}  // namespace

Affine crop_axes(const Affine& template_to_lps, const Side& side) {
  const Affine r = nearest_rotation(template_to_lps);
  const double right = side.mirrored ? 1.0 : -1.0;
  return Affine::from_columns(right * r.column(0), -1.0 * r.column(1), r.column(2),
                              template_to_lps(side.centre_mm));
}

kernels::Normalisation z_score(std::vector<float> values,
                               const std::array<double, 2>& percentiles) {
  if (values.empty()) throw Error(ErrorCode::bad_input, "an empty region has no intensities");
  kernels::Normalisation n;
  const double low = percentile(values, percentiles[0]);
  const double high = percentile(values, percentiles[1]);
  double sum = 0;
  for (const float v : values) sum += std::clamp<double>(v, low, high);
  const double mean = sum / static_cast<double>(values.size());
  double squares = 0;
  for (const float v : values) {
    const double d = std::clamp<double>(v, low, high) - mean;
    squares += d * d;
  }
  const double sd = std::sqrt(squares / static_cast<double>(values.size()));
  if (!(sd > 1e-6 * (std::abs(mean) + 1e-30))) {
    throw Error(ErrorCode::bad_input, "the region around the expected place has no contrast",
                "an image of tissue");
  }
  n.low = static_cast<float>(low);
  n.high = static_cast<float>(high);
  n.shift = static_cast<float>(mean);
  n.scale = static_cast<float>(1 / sd);
  return n;
}

Size3 frame_origin(const CropBox& box, const Size3& frame) {
  Size3 origin{};
  for (std::size_t i = 0; i < 3; ++i) {
    const std::int64_t room = frame[i] - box.size[i];
    origin[i] = box.begin[i] - (room >= 0 ? room / 2 : -((-room + 1) / 2));
  }
  return origin;
}

NetworkInput cut_out(const Device& device, const kernels::SourceView& source,
                     const Affine& lps_to_index, const CropTask& task) {
  kernels::ResampleTask sample;
  sample.out_size = task.statistics.size;
  sample.out_to_in = lps_to_index * shifted(task.crop_to_lps, task.statistics.begin);
  std::vector<float> values(static_cast<std::size_t>(voxel_count(sample.out_size)));
  kernels::resample(device, source, sample, values);

  NetworkInput input;
  input.origin = frame_origin(task.visible, task.frame);
  input.size = task.frame;
  input.index_to_lps = shifted(task.crop_to_lps, input.origin);
  sample.normalisation = z_score(std::move(values), task.clip_percentiles);
  sample.out_size = task.frame;
  sample.out_to_in = lps_to_index * input.index_to_lps;
  sample.outside = 0;
  for (std::size_t i = 0; i < 3; ++i) {
    sample.keep.begin[i] = std::max<std::int64_t>(0, task.visible.begin[i] - input.origin[i]);
    sample.keep.end[i] =
        std::min(task.frame[i], task.visible.begin[i] + task.visible.size[i] - input.origin[i]);
  }
  input.values.resize(static_cast<std::size_t>(voxel_count(task.frame)));
  kernels::resample(device, source, sample, input.values);
  return input;
}

}  // namespace osler
