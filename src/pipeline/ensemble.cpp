#include "pipeline/ensemble.hpp"

#include <algorithm>
#include <numeric>
#include <span>
#include <utility>

#include "pipeline/label_target.hpp"
#include "pipeline/probabilities.hpp"
#include "postprocess/label_filters.hpp"

namespace osler {
namespace {

/// What decides one voxel; its classes' probabilities are `step` apart.
class MeanDecision {
 public:
  MeanDecision(const ModelPackage& package, std::size_t step)
      : rule_(*package.labels()),
        threshold_(static_cast<float>(rule_.threshold)),
        label_of_(labels_of_classes(package)),
        order_(rule_.order),
        step_(step) {
    if (!order_.empty()) return;
    order_.resize(label_of_.size());
    std::iota(order_.begin(), order_.end(), 0);
  }

  std::uint8_t operator()(const float* voxel) const {
    return rule_.regions ? last_above(voxel) : highest(voxel);
  }

 private:
  std::uint8_t highest(const float* voxel) const {
    std::size_t best = 0;
    for (std::size_t c = 1; c < label_of_.size(); ++c) {
      if (voxel[c * step_] > voxel[best * step_]) best = c;
    }
    return label_of_[best];
  }

  std::uint8_t last_above(const float* voxel) const {
    std::uint8_t label = 0;
    for (const int channel : order_) {
      const auto c = static_cast<std::size_t>(channel);
      if (voxel[c * step_] > threshold_) label = label_of_[c];
    }
    return label;
  }

  const LabelStep& rule_;
  float threshold_;
  std::vector<std::uint8_t> label_of_;
  std::vector<int> order_;
  std::size_t step_;
};

}  // namespace

WindowedResult decide_by_mean(const ModelPackage& package, std::vector<KeptScores> members,
                              const Grid& grid, const Device& device) {
  WindowedResult result;
  result.labels.grid = grid;
  std::vector<std::uint8_t>& labels = result.labels.labels;
  labels.resize(static_cast<std::size_t>(voxel_count(grid.size)));
  const auto in_slice = static_cast<std::size_t>(grid.size[0] * grid.size[1]);
  const MeanDecision decide(package, in_slice);
  SliceProbabilities mean(members, grid);
  for (std::int64_t slice = 0; slice < grid.size[2]; ++slice) {
    const float* first = mean.of(slice).data();
    std::uint8_t* out = labels.data() + static_cast<std::size_t>(slice) * in_slice;
#pragma omp parallel for schedule(static)
    for (std::size_t i = 0; i < in_slice; ++i) out[i] = decide(first + i);
  }
  const auto label_of = [&](int value) { return label_of_value(package, value); };
  for (const LabelFilter& each : package.labels()->filters) {
    filter_labels(device, each, label_of, grid.size, labels);
  }
  result.scores = std::move(members);
  return result;
}

}  // namespace osler
