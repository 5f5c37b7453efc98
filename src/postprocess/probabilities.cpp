#include "postprocess/probabilities.hpp"

#include <algorithm>
#include <cmath>

#include "core/error.hpp"

namespace osler {

Probabilities softmax(const Tensor& logits, const Affine& index_to_lps) {
  const TensorShape& s = logits.shape;
  if (s.size() != 5) {
    throw Error(ErrorCode::model, "the network gives " + std::to_string(s.size()) + " dimensions",
                "5: NCDHW");
  }
  if (s[0] != 1) throw Error(ErrorCode::bad_argument, "softmax: batch of one expected");
  Probabilities p;
  p.classes = static_cast<int>(s[1]);
  p.size = {s[4], s[3], s[2]};
  p.index_to_lps = index_to_lps;
  p.values.resize(logits.values.size());
  const std::int64_t n = voxel_count(p.size);
#pragma omp parallel for schedule(static)
  for (std::int64_t i = 0; i < n; ++i) {
    float largest = logits.values[static_cast<std::size_t>(i)];
    for (int c = 1; c < p.classes; ++c) {
      largest = std::max(largest, logits.values[static_cast<std::size_t>(c * n + i)]);
    }
    float sum = 0;
    for (int c = 0; c < p.classes; ++c) {
      const auto at = static_cast<std::size_t>(c * n + i);
      p.values[at] = std::exp(logits.values[at] - largest);
      sum += p.values[at];
    }
    for (int c = 0; c < p.classes; ++c) p.values[static_cast<std::size_t>(c * n + i)] /= sum;
  }
  return p;
}

std::vector<float> foreground(const Probabilities& p) {
  std::vector<float> sum(static_cast<std::size_t>(voxel_count(p.size)), 0.0F);
  for (int c = 1; c < p.classes; ++c) {
    const auto values = p.of(c);
    for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += values[i];
  }
  return sum;
}

}  // namespace osler
