#pragma once
// A TorchScript graph rewritten for the device that runs it.

#include <optional>

#include "infer/pointwise_cpu.hpp"

namespace torch::jit {
struct Module;
}

namespace osler {

/// Operators of the kinds that are known.
struct FusedOperators {
  int fused = 0;
  int left = 0;  ///< as they were: weights that are computed, a use that forbids it
  /// Taken off: the graph gives its input, channels_last.
  std::optional<LastLayer> last;
};

/// Rewrites the graph of a frozen module:
/// - convolutions, transposed ones too, take weights that oneDNN has reordered once, and the
///   ReLU or leaky ReLU behind them;
/// - InstanceNorm and the activation behind it become one operator that works in place, GroupNorm
///   on the processor too;
/// - a convolution of 1x1x1 whose result is the network's is taken off the graph.
/// Tensors are channels_last inside, and the input should be. What is not known stays as it is.
FusedOperators fuse_for_cpu(torch::jit::Module& frozen);

/// The second of the two alone: cuDNN has the convolutions.
FusedOperators fuse_for_cuda(torch::jit::Module& frozen);

}  // namespace osler
