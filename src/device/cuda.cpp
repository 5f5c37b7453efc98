#include <cuda_runtime.h>

#include <utility>

#include "core/error.hpp"
#include "device/cuda_names.hpp"
#include "device/device.hpp"

namespace osler {
namespace {

void check(cudaError_t result, const char* what) {
  if (result == cudaSuccess) return;
  throw Error(ErrorCode::device, std::string(what) + ": " + cudaGetErrorString(result));
}

cudaStream_t native(const Stream& stream) {
  return static_cast<cudaStream_t>(stream.native());
}

}  // namespace

struct Stream::State {
  int device = 0;
  cudaStream_t stream = nullptr;
  bool borrowed = false;
};

int cuda_device_count() {
  int count = 0;
  return cudaGetDeviceCount(&count) == cudaSuccess ? count : 0;
}

std::string cuda_absence() {
  int count = 0;
  const cudaError_t result = cudaGetDeviceCount(&count);
  if (result != cudaSuccess) {
    return std::string("no usable CUDA device: ") + cudaGetErrorString(result);
  }
  return count == 0 ? "no CUDA device" : "";
}

std::string cuda_device_name(int index) {
  cudaDeviceProp properties{};
  check(cudaGetDeviceProperties(&properties, index), "device properties");
  return properties.name;
}

std::size_t free_device_memory(const Device& device) {
  std::size_t free = 0, total = 0;
  check(cudaSetDevice(device.index), "select device");
  check(cudaMemGetInfo(&free, &total), "free device memory");
  return free;
}

Stream::Stream(const Device& device) : state_(std::make_unique<State>()) {
  state_->device = device.index;
  check(cudaSetDevice(device.index), "select device");
  check(cudaStreamCreateWithFlags(&state_->stream, cudaStreamNonBlocking), "create stream");
}

Stream::Stream(std::unique_ptr<State> state) : state_(std::move(state)) {}

Stream Stream::borrowed(int device_index, void* native) {
  return Stream(
      std::make_unique<State>(State{device_index, static_cast<cudaStream_t>(native), true}));
}

Stream::~Stream() {
  if (state_ && state_->stream != nullptr && !state_->borrowed) {
    cudaStreamSynchronize(state_->stream);
    cudaStreamDestroy(state_->stream);
  }
}

Stream::Stream(Stream&&) noexcept = default;

void* Stream::native() const {
  return state_->stream;
}
int Stream::device_index() const {
  return state_->device;
}
void Stream::synchronize() const {
  check(cudaStreamSynchronize(state_->stream), "wait for device");
}

DeviceBuffer::DeviceBuffer(std::size_t bytes, const Stream& stream)
    : bytes_(bytes), stream_(&stream) {
  if (bytes > 0) check(cudaMallocAsync(&data_, bytes, osler::native(stream)), "device memory");
}

DeviceBuffer::~DeviceBuffer() {
  if (data_ != nullptr) cudaFreeAsync(data_, osler::native(*stream_));
}

DeviceBuffer::DeviceBuffer(DeviceBuffer&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      bytes_(std::exchange(other.bytes_, 0)),
      stream_(other.stream_) {}

void copy_to_device(std::span<const std::byte> host, const DeviceBuffer& device,
                    const Stream& stream) {
  if (host.size() > device.bytes())
    throw Error(ErrorCode::bad_argument, "copy past a buffer's end");
  check(cudaMemcpyAsync(device.data(), host.data(), host.size(), cudaMemcpyHostToDevice,
                        native(stream)),
        "copy to device");
}

void copy_to_host(const DeviceBuffer& device, std::span<std::byte> host, const Stream& stream) {
  if (host.size() > device.bytes())
    throw Error(ErrorCode::bad_argument, "copy past a buffer's end");
  copy_to_host(device.data(), host, stream);
}

void copy_to_host(const void* device, std::span<std::byte> host, const Stream& stream) {
  check(cudaMemcpyAsync(host.data(), device, host.size(), cudaMemcpyDeviceToHost, native(stream)),
        "copy to host");
}

}  // namespace osler
