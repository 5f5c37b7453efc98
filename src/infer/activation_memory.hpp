#pragma once
// Where tensors of a run on the processor lie.

namespace osler {

/// While one lives, large tensors that this thread makes on the processor come out of memory that
/// earlier runs have used: a run would otherwise take each page from the system anew, which is a
/// fifth of the time of a network of 96^3 voxels. All networks of the process share it.
///
/// The first one puts an allocator before LibTorch's own, which still serves everything else.
class ActivationMemory {
 public:
  ActivationMemory();
  ~ActivationMemory();
  ActivationMemory(const ActivationMemory&) = delete;
  ActivationMemory& operator=(const ActivationMemory&) = delete;

  /// Gives what no tensor holds back to the system.
  static void give_back();
};

}  // namespace osler
