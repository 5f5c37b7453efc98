#pragma once
// A network's output on its own grid, as probabilities.

#include <span>
#include <vector>

#include "core/affine.hpp"
#include "infer/session.hpp"

namespace osler {

/// Probability of each class, class 0 is background. Classes one after another, x fastest in each.
struct Probabilities {
  int classes = 0;
  Size3 size{};
  Affine index_to_lps;  ///< of the network's grid
  std::vector<float> values;

  std::span<const float> of(int c) const {
    const auto n = static_cast<std::size_t>(voxel_count(size));
    return {values.data() + static_cast<std::size_t>(c) * n, n};
  }
};

/// exp(x_c) / sum exp(x), each voxel for itself, shifted by the largest so that nothing overflows.
/// @param logits  1, C, D, H, W
Probabilities softmax(const Tensor& logits, const Affine& index_to_lps);

/// Sum over all classes but the background: 1 - p(0), computed from the classes.
std::vector<float> foreground(const Probabilities& p);

}  // namespace osler
