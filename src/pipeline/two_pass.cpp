#include "pipeline/two_pass.hpp"

#include <algorithm>
#include <cmath>

#include "postprocess/components.hpp"
#include "preprocess/crop.hpp"

namespace osler {
namespace {

std::vector<std::uint8_t> above(const std::vector<float>& values, double threshold) {
  std::vector<std::uint8_t> mask(values.size());
  for (std::size_t i = 0; i < mask.size(); ++i) {
    mask[i] = values[i] > static_cast<float>(threshold) ? 1 : 0;
  }
  return mask;
}

Probabilities run(Session& session, const NetworkInput& input) {
  const Tensor logits =
      session.forward(input.values, {1, 1, input.size[2], input.size[1], input.size[0]});
  return softmax(logits, input.index_to_lps);
}

/// The box around what was found plus a margin, held between two sizes about its middle.
CropBox box_around(const Bounds& found, const Size3& origin, const MeasureStep& step) {
  CropBox box;
  for (std::size_t i = 0; i < 3; ++i) {
    const std::int64_t wanted = found.size[i] + 2 * step.margin;
    const std::int64_t size = std::clamp(wanted, step.min_box[i], step.max_box[i]);
    box.begin[i] = origin[i] + found.begin[i] - step.margin + (wanted - size) / 2;
    box.size[i] = size;
  }
  return box;
}

/// Middle of a frame's central box, in crop indices around (0, 0, 0).
CropBox centred(const Size3& size) {
  return {{-(size[0] / 2), -(size[1] / 2), -(size[2] / 2)}, size};
}

/// Centroid of the voxels of the component whose most probable output is `output`, frame indices.
std::optional<Vec3> output_centroid(const Probabilities& p, const std::vector<std::uint8_t>& mask,
                                    int output) {
  Vec3 sum{0, 0, 0};
  double count = 0;
  std::size_t n = 0;
  for (std::int64_t z = 0; z < p.size[2]; ++z) {
    for (std::int64_t y = 0; y < p.size[1]; ++y) {
      for (std::int64_t x = 0; x < p.size[0]; ++x, ++n) {
        if (mask[n] == 0) continue;
        bool best = true;
        for (int c = 1; c < p.classes; ++c) best = best && p.of(output)[n] >= p.of(c)[n];
        if (!best) continue;
        sum = sum + Vec3{static_cast<double>(x), static_cast<double>(y), static_cast<double>(z)};
        ++count;
      }
    }
  }
  if (count == 0) return std::nullopt;
  return (1 / count) * sum;
}

double shape_z(const Probabilities& p, const std::vector<std::uint8_t>& mask,
               const ShapeRule& rule) {
  const auto from = output_centroid(p, mask, rule.from), to = output_centroid(p, mask, rule.to);
  if (!from || !to) return 99;
  const Vec3 axis = *to - *from;
  double worst = 0;
  for (std::size_t i = 0; i < 3; ++i) {
    worst = std::max(worst, std::abs(axis[i] - rule.mean_mm[i]) / rule.sd_mm[i]);
  }
  return worst;
}

}  // namespace

std::optional<SideResult> two_pass(Session& session, const HeadContext& head, const Side& side,
                                   const LocalisedTwoPass& steps) {
  CropTask task;
  task.crop_to_lps = crop_axes(head.template_to_lps, side);
  task.clip_percentiles = steps.clip_percentiles;
  task.frame = steps.find.frame;
  task.visible = centred(steps.find.frame);
  task.statistics = centred(steps.find.statistics);
  NetworkInput input = cut_out(head.source, head.lps_to_index, task);
  const LargestComponent found =
      largest_component(above(foreground(run(session, input)), steps.find.threshold), input.size);
  if (found.voxels == 0) return std::nullopt;

  task.frame = steps.measure.frame;
  task.visible = box_around(bounds_of(found.mask, input.size), input.origin, steps.measure);
  task.statistics = task.visible;
  input = cut_out(head.source, head.lps_to_index, task);
  SideResult result;
  result.probabilities = run(session, input);
  const std::vector<float> p = foreground(result.probabilities);
  const LargestComponent measured =
      largest_component(above(p, steps.measure.threshold), input.size);
  if (measured.voxels == 0) return std::nullopt;

  const auto uncertain =
      std::count_if(p.begin(), p.end(), [](float v) { return v > 0.1F && v < 0.9F; });
  result.uncertain_share = static_cast<double>(uncertain) / static_cast<double>(measured.voxels);
  result.component_share = measured.share;
  result.shape_z = shape_z(result.probabilities, measured.mask, steps.shape);
  Vec3 middle{};
  for (std::size_t i = 0; i < 3; ++i) {
    middle[i] = static_cast<double>(task.visible.begin[i]) +
                static_cast<double>(task.visible.size[i] - 1) / 2;
  }
  const Affine lps_to_template = inverse(head.template_to_lps);
  result.centre_distance_mm = norm(lps_to_template(task.crop_to_lps(middle)) - side.centre_mm);
  return result;
}

}  // namespace osler
