#pragma once
// Operators that a rewritten graph is made of.

#include <ATen/core/interned_strings.h>

namespace osler {

/// A convolution and the activation behind it, weights reordered for oneDNN.
inline const auto kConvolution = c10::Symbol::fromQualString("osler::convolution");
/// InstanceNorm and the activation behind it.
inline const auto kInstanceNorm = c10::Symbol::fromQualString("osler::instance_norm");
inline const auto kInstanceNormInPlace = c10::Symbol::fromQualString("osler::instance_norm_");
/// A convolution of 1x1x1 whose result is contiguous: that of the network.
inline const auto kPointwise = c10::Symbol::fromQualString("osler::pointwise");

/// Makes them known to TorchScript, once.
void register_operators();

}  // namespace osler
