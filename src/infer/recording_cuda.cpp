#include <c10/core/Allocator.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <c10/cuda/CUDACachingAllocator.h>
#include <cuda_runtime_api.h>

#include <atomic>
#include <string>

#include "core/error.hpp"
#include "infer/recording.hpp"

namespace osler {
namespace {

using c10::cuda::CUDACachingAllocator::CUDAAllocator;

void check(cudaError_t result, const char* what) {
  if (result == cudaSuccess) return;
  cudaGetLastError();  // LibTorch would take it for one of its own
  throw Error(ErrorCode::device,
              std::string("recording of a network, ") + what + ": " + cudaGetErrorString(result));
}

c10::Stream current_stream() {
  const c10::impl::VirtualGuardImpl guard(c10::DeviceType::CUDA);
  return guard.getStream(guard.getDevice());
}

cudaStream_t native(const c10::Stream& stream) {
  return static_cast<cudaStream_t>(stream.native_handle());
}

/// LibTorch's library is not linked, but its allocator's functions are virtual.
CUDAAllocator& allocator() {
  return *static_cast<CUDAAllocator*>(c10::GetAllocator(c10::DeviceType::CUDA));
}

c10::MempoolId_t next_pool() {
  static std::atomic<c10::CaptureId_t> number{0};
  return {++number, 0};
}

/// What the allocator gives while this lives belongs to a recording.
class AllocatorKnows {
 public:
  AllocatorKnows(const c10::Stream& stream, c10::MempoolId_t pool)
      : device_(stream.device_index()), pool_(pool) {
    const cudaStream_t own = native(stream);
    allocator().beginAllocateToPool(device_, pool_,
                                    [own](cudaStream_t asked) { return asked == own; });
  }
  ~AllocatorKnows() { allocator().endAllocateToPool(device_, pool_); }
  AllocatorKnows(const AllocatorKnows&) = delete;
  AllocatorKnows& operator=(const AllocatorKnows&) = delete;

 private:
  c10::DeviceIndex device_;
  c10::MempoolId_t pool_;
};

}  // namespace

struct Recording::State {
  c10::DeviceIndex device = 0;
  c10::MempoolId_t pool = next_pool();
  bool begun = false;
  cudaGraph_t graph = nullptr;
  cudaGraphExec_t started = nullptr;

  ~State() {
    if (started != nullptr) cudaGraphExecDestroy(started);
    if (graph != nullptr) cudaGraphDestroy(graph);
    if (!begun) return;
    // Its memory is a pool of its own, which keeps it: for nobody else.
    cudaDeviceGraphMemTrim(device);
    cudaGetLastError();
    allocator().releasePool(device, pool);
  }
};

bool Recording::possible() {
  return native(current_stream()) != nullptr;
}

Recording::Recording(const std::function<void()>& work) : state_(std::make_unique<State>()) {
  const c10::Stream current = current_stream();
  const cudaStream_t stream = native(current);
  state_->device = current.device_index();
  {
    const AllocatorKnows knows(current, state_->pool);
    state_->begun = true;
    // Other threads may go on with what a recording does not know.
    check(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal), "begin");
    try {
      work();
    } catch (...) {
      cudaStreamEndCapture(stream, &state_->graph);  // says the same error again
      cudaGetLastError();
      throw;
    }
    check(cudaStreamEndCapture(stream, &state_->graph), "end");
  }
  check(cudaGraphInstantiate(&state_->started, state_->graph,
                             cudaGraphInstantiateFlagAutoFreeOnLaunch),
        "instantiation");
}

Recording::~Recording() = default;
Recording::Recording(Recording&&) noexcept = default;

void Recording::replay() const {
  check(cudaGraphLaunch(state_->started, native(current_stream())), "launch");
}

}  // namespace osler
