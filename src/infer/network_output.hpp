#pragma once
// The one tensor of what a TorchScript network gives.

namespace at {
class Tensor;
}
namespace c10 {
struct IValue;
}

namespace osler {

/// A tensor; of a tuple or a list the first; of a dictionary what stands under "logits", "out" or
/// "pred" (the first of these that there is), or all that it holds if that is one.
/// @throws Error model: nothing of the kind
at::Tensor network_output(const c10::IValue& given);

}  // namespace osler
