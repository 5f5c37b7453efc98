#pragma once
// What launchers share.

#include <cuda_runtime.h>

#include <cstdint>
#include <string>

#include "core/error.hpp"
#include "device/device.hpp"

namespace osler::kernels {

inline constexpr unsigned kThreads = 256;

inline cudaStream_t native(const Stream& stream) {
  return static_cast<cudaStream_t>(stream.native());
}

/// Blocks for one thread an item; below 2^31 for any number of voxels that a 32-bit index holds.
inline unsigned blocks_for(std::int64_t items) {
  return static_cast<unsigned>((items + kThreads - 1) / kThreads);
}

inline void check_cuda(cudaError_t result, const char* what) {
  if (result == cudaSuccess) return;
  throw Error(ErrorCode::device, std::string(what) + ": " + cudaGetErrorString(result));
}

/// The index of this thread's item.
__device__ inline std::int64_t this_item() {
  return static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
}

}  // namespace osler::kernels
