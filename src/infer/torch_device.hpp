#pragma once
// LibTorch's side of a device. Inside the room only; tests put the host in a GPU's place.

#include <memory>

#include "device/device.hpp"

namespace c10 {
struct Device;
}

namespace osler {

/// Opens LibTorch's CUDA library when a GPU is asked for first: it would double the start-up time.
/// It then takes its memory from the device's own pool, as DeviceBuffer does, unless the user's
/// PYTORCH_CUDA_ALLOC_CONF or PYTORCH_ALLOC_CONF says otherwise.
/// @throws Error device
c10::Device torch_device(const Device& device);

/// LibTorch works on this stream while this lives; nothing changes without one.
class OnStream {
 public:
  explicit OnStream(const Stream* stream);
  ~OnStream();
  OnStream(const OnStream&) = delete;
  OnStream& operator=(const OnStream&) = delete;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Waits for a GPU: what LibTorch has queued on its default stream is done then.
void wait_for_default_stream(const Device& device);

/// Gives the memory that LibTorch keeps for its next use on GPUs back.
void empty_device_cache();

}  // namespace osler
