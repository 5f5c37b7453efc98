// Takes the place of src/infer/torch_device.cpp and src/infer/recording_cuda.cpp in tests:
// LibTorch's side of device_on_host.cpp. Its "CUDA" tensors are the host's.

#include <c10/core/Device.h>

#include "infer/recording.hpp"
#include "infer/torch_device.hpp"

namespace osler {

c10::Device torch_device(const Device&) {
  return {c10::DeviceType::CPU};
}

struct OnStream::State {};
OnStream::OnStream(const Stream*) {}
OnStream::~OnStream() = default;

void wait_for_default_stream(const Device&) {}
void empty_device_cache() {}

/// Is carried out anew where a GPU's would be replayed.
struct Recording::State {
  std::function<void()> work;
};

Recording::Recording(const std::function<void()>& work)
    : state_(std::make_unique<State>(State{work})) {}
Recording::~Recording() = default;
Recording::Recording(Recording&&) noexcept = default;
bool Recording::possible() {
  return true;
}
void Recording::replay() const {
  state_->work();
}

}  // namespace osler
