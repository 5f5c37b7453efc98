#pragma once
// Scores that were kept, as what reports are made of. Inside the room only.

#include <span>
#include <vector>

#include "pipeline/probabilities.hpp"
#include "registry/package.hpp"
#include "report/results.hpp"

namespace osler {

/// Borrows the scores, the package and the grid.
class KeptProbabilities {
 public:
  KeptProbabilities(std::span<const KeptScores> scores, const ModelPackage& package,
                    const Grid& grid);
  KeptProbabilities(const KeptProbabilities&) = delete;
  KeptProbabilities& operator=(const KeptProbabilities&) = delete;

  const report::ProbabilitySource& source() const { return source_; }

 private:
  std::span<const float> slice(std::int64_t k);

  SliceProbabilities slices_;
  std::size_t pixels_;
  std::int64_t held_ = -1;  ///< slice whose probabilities `all_` shows
  std::span<const float> all_;
  std::vector<float> entropy_;
  report::ProbabilitySource source_;
};

}  // namespace osler
