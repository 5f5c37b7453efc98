#include "pipeline/kept_probabilities.hpp"

namespace osler {

KeptProbabilities::KeptProbabilities(std::span<const KeptScores> scores,
                                     const ModelPackage& package, const Grid& grid)
    : slices_(scores, grid),
      pixels_(static_cast<std::size_t>(grid.size[0] * grid.size[1])),
      entropy_(pixels_) {
  const bool regions = scores.front().regions;
  source_.of_segment = [this, &package](std::int64_t k, const Segment& segment) {
    const auto output = static_cast<std::size_t>(
        package.segments.at(static_cast<std::size_t>(segment.number - 1)).output);
    return slice(k).subspan(output * pixels_, pixels_);
  };
  source_.entropy = [this, regions](std::int64_t k) {
    entropy_of(slice(k), regions, entropy_);
    return std::span<const float>(entropy_);
  };
}

std::span<const float> KeptProbabilities::slice(std::int64_t k) {
  if (k != held_) {
    all_ = slices_.of(k);
    held_ = k;
  }
  return all_;
}

}  // namespace osler
