#pragma once
// Whether running a graph does nothing but queue work on a GPU. Inside the room only.

namespace torch::jit {
struct Module;
}

namespace osler {

/// True if all operators of a frozen module's graph are known and none of them waits for the device
/// or copies from the host: only then may a run be recorded. An operator that waits ends a
/// recording in a way that LibTorch does not survive: its allocator throws where tensors are let go
/// of.
bool only_queues(const torch::jit::Module& frozen);

}  // namespace osler
