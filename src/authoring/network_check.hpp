#pragma once
// A package's network, tried on what its steps would show it.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "authoring/problems.hpp"
#include "registry/weights.hpp"

namespace osler {

struct NetworkCheck {
  std::string where;  ///< of the weights in model.json
  WeightsFormat format;
  std::vector<std::vector<std::int64_t>> inputs;
  std::int64_t classes = 0;  ///< that model.json states; 0: not known
  bool one_score_per_class = false;
};

/// Loads the weights and runs them once on each input, on the processor: which inputs they take,
/// how many classes they give and on what grid, whether what they give are numbers.
/// @param weights bytes whose digest was checked: loading runs them
Problems network_problems(std::span<const std::byte> weights, const NetworkCheck& check);

}  // namespace osler
