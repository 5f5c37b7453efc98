#pragma once
// Operators that a graph rewritten for the processor is made of, by name; norm_operator.hpp has the
// one that runs on a GPU too.

namespace osler {

/// A convolution and the activation behind it, weights reordered for oneDNN.
inline constexpr char kConvolutionName[] = "osler::convolution";

/// Makes them known to TorchScript, once.
void register_cpu_operators();

}  // namespace osler
