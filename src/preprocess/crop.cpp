#include "preprocess/crop.hpp"

#include <algorithm>
#include <cmath>

#include "core/error.hpp"
#include "kernels/statistics.hpp"
#include "preprocess/head_frame.hpp"

namespace osler {
namespace {

Vec3 to_vec(const Size3& s) {
  return {static_cast<double>(s[0]), static_cast<double>(s[1]), static_cast<double>(s[2])};
}

Affine shifted(const Affine& a, const Size3& origin) {
  return Affine::from_columns(a.column(0), a.column(1), a.column(2), a(to_vec(origin)));
}

/// Both percentiles, of the order statistics themselves.
std::array<double, 2> percentiles_of(const std::vector<float>& values,
                                     const std::array<double, 2>& percentiles) {
  const float slope = 1, intercept = 0;
  kernels::SourceView source;
  source.voxels = values.data();
  source.type = ScalarType::f32;
  source.size = {static_cast<std::int64_t>(values.size()), 1, 1};
  source.slope = &slope;
  source.intercept = &intercept;
  kernels::StatisticsTask task;
  task.percentiles.assign(percentiles.begin(), percentiles.end());
  const kernels::Statistics found = kernels::statistics_cpu(source, task);
  return {found.percentiles[0], found.percentiles[1]};
}

}  // namespace

Affine crop_axes(const Affine& template_to_lps, const Side& side) {
  const Affine r = nearest_rotation(template_to_lps);
  const double right = side.mirrored ? 1.0 : -1.0;
  return Affine::from_columns(right * r.column(0), -1.0 * r.column(1), r.column(2),
                              template_to_lps(side.centre_mm));
}

kernels::Normalisation z_score(const std::vector<float>& values,
                               const std::array<double, 2>& percentiles) {
  if (values.empty()) throw Error(ErrorCode::bad_input, "an empty region has no intensities");
  kernels::Normalisation n;
  const auto [low, high] = percentiles_of(values, percentiles);
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

NetworkInput cut_out(const kernels::SourcePlace& source, const Affine& lps_to_index,
                     const CropTask& task) {
  kernels::ResampleTask sample;
  sample.out_size = task.statistics.size;
  sample.out_to_in = lps_to_index * shifted(task.crop_to_lps, task.statistics.begin);
  std::vector<float> values(static_cast<std::size_t>(voxel_count(sample.out_size)));
  kernels::resample(source, sample, values);

  NetworkInput input;
  input.origin = frame_origin(task.visible, task.frame);
  input.size = task.frame;
  input.index_to_lps = shifted(task.crop_to_lps, input.origin);
  sample.normalisation = z_score(values, task.clip_percentiles);
  sample.out_size = task.frame;
  sample.out_to_in = lps_to_index * input.index_to_lps;
  sample.outside = 0;
  for (std::size_t i = 0; i < 3; ++i) {
    sample.keep.begin[i] = std::max<std::int64_t>(0, task.visible.begin[i] - input.origin[i]);
    sample.keep.end[i] =
        std::min(task.frame[i], task.visible.begin[i] + task.visible.size[i] - input.origin[i]);
  }
  input.values.resize(static_cast<std::size_t>(voxel_count(task.frame)));
  kernels::resample(source, sample, input.values);
  return input;
}

}  // namespace osler
