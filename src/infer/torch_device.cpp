#include "infer/torch_device.hpp"

#include <c10/core/CachingDeviceAllocator.h>
#include <c10/core/Device.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <dlfcn.h>

#include <cstdlib>
#include <string>

#include "core/error.hpp"

namespace osler {
namespace {

void open_cuda_library() {
  static void* const library = [] {
    // Its allocator reads this when it is loaded.
    if (std::getenv("PYTORCH_ALLOC_CONF") == nullptr) {
      ::setenv("PYTORCH_CUDA_ALLOC_CONF", "backend:cudaMallocAsync", 0);
    }
    return ::dlopen("libtorch_cuda.so", RTLD_NOW | RTLD_GLOBAL);
  }();
  if (library == nullptr) {
    const char* reason = dlerror();
    throw Error(ErrorCode::device,
                std::string("LibTorch's CUDA library cannot be loaded: ") +
                    (reason == nullptr ? "unknown reason" : reason),
                "a LibTorch built with CUDA", "use --device cpu");
  }
}

}  // namespace

c10::Device torch_device(const Device& device) {
  if (device.backend == Backend::cpu) return {c10::DeviceType::CPU};
  open_cuda_library();
  return {c10::DeviceType::CUDA, static_cast<c10::DeviceIndex>(device.index)};
}

/// The library is not linked: a stream that is not its own has the pointer as its number
/// (c10::cuda::getStreamFromExternal).
struct OnStream::State {
  c10::impl::VirtualGuardImpl guard{c10::DeviceType::CUDA};
  c10::Stream before;

  explicit State(const Stream& stream)
      : before(guard.exchangeStream(c10::Stream(
            c10::Stream::UNSAFE,
            {c10::DeviceType::CUDA, static_cast<c10::DeviceIndex>(stream.device_index())},
            reinterpret_cast<c10::StreamId>(stream.native())))) {}
};

OnStream::OnStream(const Stream* stream) {
  if (stream != nullptr) state_ = std::make_unique<State>(*stream);
}
OnStream::~OnStream() {
  if (state_) state_->guard.exchangeStream(state_->before);
}

void wait_for_default_stream(const Device& device) {
  const c10::impl::VirtualGuardImpl guard(c10::DeviceType::CUDA);
  guard.synchronizeDevice(static_cast<c10::DeviceIndex>(device.index));
}

void empty_device_cache() {
  c10::getDeviceAllocator(c10::DeviceType::CUDA)->emptyCache();
}

}  // namespace osler
