#pragma once
// What a .cu file puts its work on. The .cu files hold no launch and no call that only nvcc knows:
// they say what is done with each voxel, run, or group of threads, and what is scanned, sorted and
// summed. nvcc makes kernels and CUB's algorithms of it; a host compiler takes the same source to
// Thrust's CPU backend, where the tests run it (tests/CMakeLists.txt, kernels_on_host).
//
//   Queue(operation, stream)            errors name the operation
//   each(what, count, f)                f(i) for i in 0 ... count - 1, in any order and at once
//   each_voting(what, count, f)         f(i, lane, votes): bit n of `votes` is what f.vote gave for
//                                       the voxel i - lane + n; 32 consecutive voxels vote together
//   each_alike(what, count, f)          f(key, number) for voxels whose f.key is the same, some of
//                                       32 consecutive ones at a time; key 0 is left out
//   each_joined(what, lines, width, f)  key = f.take(line, x, part) for x in 0 ... width - 1 of
//   each
//                                       line; f(line, key, part) gets the parts of one line and the
//                                       same key, some at a time, joined by part.join(other): those
//                                       of 32 neighbours, and of those after them until one of
//                                       another key comes. Key 0 is left out; Part{} adds nothing
//   groups(what, count, f)              f(group, n, shared) for n in 0 ... count - 1: see Group
//   warps(what, count, f)               f(group, n) with groups of 32 threads, which share nothing
//   inclusive_sum, sort, sum            CCCL's; the scratch's size is asked for before
//   clear, copy, copy_in                of memory
//
// Nothing allocates on a device, and nothing waits. `what` names the step in an error.

#include "kernels/atomics.cuh"

#ifdef __CUDACC__
#include "kernels/queue_cuda.cuh"
#else
#include "kernels/queue_host.cuh"
#endif

namespace osler::kernels {

/// What CCCL aligns its scratch to.
inline constexpr std::size_t kScratchAlignment = 256;

inline std::size_t aligned(std::size_t bytes) {
  return (bytes + kScratchAlignment - 1) / kScratchAlignment * kScratchAlignment;
}

}  // namespace osler::kernels
