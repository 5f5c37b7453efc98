#include "preprocess/fused_image.hpp"

#include <limits>
#include <optional>

#include "core/error.hpp"
#include "kernels/statistics.hpp"
#include "preprocess/step_kernels.hpp"

namespace osler {
namespace {

struct Chain {
  const ResampleStep* resample = nullptr;
  const NormaliseStep* normalise = nullptr;
};

bool clips(const NormaliseStep& step) {
  return step.low > -std::numeric_limits<float>::max() ||
         step.high < std::numeric_limits<float>::max();
}

std::optional<Chain> chain_of(const ImageSteps& steps) {
  Chain chain;
  for (const ImageStep& step : steps.steps) {
    if (const auto* resample = std::get_if<ResampleStep>(&step)) {
      if (chain.resample != nullptr || resample->interpolation == StepInterpolation::area)
        return {};
      chain.resample = resample;
    } else if (const auto* normalise = std::get_if<NormaliseStep>(&step)) {
      using Statistics = NormaliseStep::Statistics;
      const bool given = normalise->statistics == Statistics::none;
      const bool first = chain.resample == nullptr && !clips(*normalise) &&
                         !normalise->only_counted && normalise->statistics != Statistics::content;
      if (chain.normalise != nullptr || !(first || (given && chain.resample != nullptr))) return {};
      chain.normalise = normalise;
    } else {
      return {};
    }
  }
  return chain;
}

kernels::Normalisation normalisation_of(const kernels::SourcePlace& source,
                                        const NormaliseStep& step) {
  kernels::Normalisation by;
  by.low = static_cast<float>(step.low);
  by.high = static_cast<float>(step.high);
  double shift = step.shift, scale = step.scale;
  if (step.statistics != NormaliseStep::Statistics::none) {
    kernels::StatisticsTask task;
    task.nonzero = step.statistics == NormaliseStep::Statistics::nonzero;
    const kernels::Statistics found = kernels::statistics(source, task);
    if (!(found.sd > 0)) {
      throw Error(ErrorCode::bad_input, "the image has no contrast", "voxels that differ");
    }
    shift = found.mean;
    scale = found.sd;
  }
  by.shift = static_cast<float>(shift);
  by.scale = static_cast<float>(1 / scale);
  return by;
}

}  // namespace

bool can_fuse(const ImageSteps& steps) {
  return chain_of(steps).has_value();
}

FusedImage fuse_image_steps(const ImageSteps& steps, const Volume& image,
                            const kernels::SourcePlace& source, std::int64_t most_voxels) {
  const std::optional<Chain> chain = chain_of(steps);
  if (!chain) throw Error(ErrorCode::bad_argument, "image steps that are more than one pass");
  const NetworkGrid own = orient(image, steps.orient);
  FusedImage fused;
  const ResampleStep as_is;
  const ResampleStep& resample = chain->resample != nullptr ? *chain->resample : as_is;
  fused.grid = resampled(own, resample, most_voxels);
  fused.resample.out_size = fused.grid.size;
  fused.resample.out_to_in = fused.grid.to_source;
  fused.resample.interpolation = kernel_of(resample.interpolation);
  if (chain->normalise != nullptr) {
    fused.resample.normalisation = normalisation_of(source, *chain->normalise);
  }
  return fused;
}

}  // namespace osler
