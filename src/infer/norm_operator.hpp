#pragma once
// InstanceNorm and the activation behind it as one operator of TorchScript graphs, on the processor
// and on a GPU.

namespace osler {

/// Registers, once, what kernels/instance_norm.hpp states:
///   osler::instance_norm(Tensor x, Tensor? weight, Tensor? bias, float eps, float slope) -> Tensor
/// and osler::instance_norm_, which writes to x; likewise, on the processor,
///   osler::group_norm(Tensor x, int groups, Tensor? weight, Tensor? bias, float eps, float slope)
/// and osler::group_norm_: LibTorch's own adds squares up in single precision where tensors are
/// channels last, and is off by a tenth of a deviation at 224^3. Tensors come out channels last.
/// Other numbers of dimensions than 4 and 5, and other types, are left to LibTorch's own operators.
void register_instance_norm();

}  // namespace osler
