#pragma once
// Operators that a rewritten graph is made of, by name.

namespace osler {

/// A convolution and the activation behind it, weights reordered for oneDNN.
inline constexpr char kConvolutionName[] = "osler::convolution";
/// InstanceNorm and the activation behind it.
inline constexpr char kInstanceNormName[] = "osler::instance_norm";
inline constexpr char kInstanceNormInPlaceName[] = "osler::instance_norm_";
/// A convolution of 1x1x1 whose result is contiguous: that of the network.
inline constexpr char kPointwiseName[] = "osler::pointwise";

/// Makes them known to TorchScript, once.
void register_operators();

}  // namespace osler
