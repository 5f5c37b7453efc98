#include <cuda_runtime.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <utility>

#include "core/error.hpp"
#include "device/cuda_names.hpp"
#include "device/device.hpp"

namespace osler {
namespace {

void check(cudaError_t result, const char* what) {
  if (result == cudaSuccess) return;
  cudaGetLastError();  // LibTorch would take it for one of its own
  throw Error(ErrorCode::device, std::string(what) + ": " + cudaGetErrorString(result));
}

cudaStream_t native(const Stream& stream) {
  return static_cast<cudaStream_t>(stream.native());
}

/// A thread's own: a new one has device 0, whatever others chose.
void select(const Stream& stream) {
  check(cudaSetDevice(stream.device_index()), "select device");
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

namespace {

cudaMemPool_t pool_of(int device) {
  cudaMemPool_t pool = nullptr;
  check(cudaDeviceGetDefaultMemPool(&pool, device), "device memory pool");
  return pool;
}

std::size_t attribute(cudaMemPool_t pool, cudaMemPoolAttr which) {
  std::uint64_t value = 0;
  check(cudaMemPoolGetAttribute(pool, which, &value), "device memory pool");
  return static_cast<std::size_t>(value);
}

std::atomic<std::size_t>& highest_before_reset(int device) {
  constexpr std::size_t kMostDevices = 64;
  static std::array<std::atomic<std::size_t>, kMostDevices> highest{};
  return highest.at(static_cast<std::size_t>(device));
}

/// CUDA graphs have a pool of their own. Both pools' peaks need not be at one time.
std::size_t most_of_recordings(int device) {
  std::uint64_t bytes = 0;
  check(cudaDeviceGetGraphMemAttribute(device, cudaGraphMemAttrUsedMemHigh, &bytes),
        "memory of CUDA graphs");
  return static_cast<std::size_t>(bytes);
}

/// Else each wait for a stream gives the pool's free memory back to the system.
void keep_what_is_freed(int device) {
  std::uint64_t all = UINT64_MAX;
  check(cudaMemPoolSetAttribute(pool_of(device), cudaMemPoolAttrReleaseThreshold, &all),
        "device memory pool");
}

}  // namespace

DeviceArena device_arena(const Device& device) {
  const cudaMemPool_t pool = pool_of(device.index);
  DeviceArena arena;
  arena.used = attribute(pool, cudaMemPoolAttrUsedMemCurrent);
  arena.reserved = attribute(pool, cudaMemPoolAttrReservedMemCurrent);
  arena.peak = attribute(pool, cudaMemPoolAttrUsedMemHigh);
  arena.highest = std::max<std::size_t>(arena.peak, highest_before_reset(device.index)) +
                  most_of_recordings(device.index);
  return arena;
}

void reset_device_arena_peak(const Device& device) {
  std::atomic<std::size_t>& highest = highest_before_reset(device.index);
  highest = std::max<std::size_t>(highest, device_arena(device).peak);
  std::uint64_t zero = 0;
  check(cudaMemPoolSetAttribute(pool_of(device.index), cudaMemPoolAttrUsedMemHigh, &zero),
        "device memory pool");
}

Stream::Stream(const Device& device) : state_(std::make_unique<State>()) {
  state_->device = device.index;
  check(cudaSetDevice(device.index), "select device");
  keep_what_is_freed(device.index);
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
void Stream::wait_for(const Event& event) const {
  check(cudaStreamWaitEvent(state_->stream, static_cast<cudaEvent_t>(event.native())),
        "wait for an event");
}

struct Event::State {
  cudaEvent_t event = nullptr;
};

Event::Event(const Device& device) : state_(std::make_unique<State>()) {
  check(cudaSetDevice(device.index), "select device");
  check(cudaEventCreateWithFlags(&state_->event, cudaEventDisableTiming), "create event");
}
Event::~Event() {
  if (state_ && state_->event != nullptr) cudaEventDestroy(state_->event);
}
Event::Event(Event&&) noexcept = default;

void* Event::native() const {
  return state_->event;
}
void Event::record(const Stream& stream) const {
  check(cudaEventRecord(state_->event, osler::native(stream)), "record an event");
}
void Event::synchronize() const {
  check(cudaEventSynchronize(state_->event), "wait for device");
}

PinnedBuffer::PinnedBuffer(std::size_t bytes, const Device& device) : bytes_(bytes) {
  if (bytes == 0) return;
  check(cudaSetDevice(device.index), "select device");
  void* data = nullptr;
  check(cudaHostAlloc(&data, bytes, cudaHostAllocDefault), "pinned memory");
  data_ = static_cast<std::byte*>(data);
}
PinnedBuffer::~PinnedBuffer() {
  if (data_ != nullptr) cudaFreeHost(data_);
}
PinnedBuffer::PinnedBuffer(PinnedBuffer&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}

DeviceBuffer::DeviceBuffer(std::size_t bytes, const Stream& stream)
    : bytes_(bytes), stream_(&stream) {
  if (bytes == 0) return;
  select(stream);
  cudaError_t result = cudaMallocAsync(&data_, bytes, osler::native(stream));
  if (result == cudaErrorMemoryAllocation) {
    // What other streams have freed is to be had when they are done.
    cudaGetLastError();
    check(cudaDeviceSynchronize(), "wait for device");
    result = cudaMallocAsync(&data_, bytes, osler::native(stream));
  }
  check(result, "device memory");
}

DeviceBuffer::~DeviceBuffer() {
  if (data_ != nullptr) cudaFreeAsync(data_, osler::native(*stream_));
}

DeviceBuffer::DeviceBuffer(DeviceBuffer&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      bytes_(std::exchange(other.bytes_, 0)),
      stream_(other.stream_) {}

void clear(const DeviceBuffer& device, const Stream& stream) {
  select(stream);
  check(cudaMemsetAsync(device.data(), 0, device.bytes(), native(stream)), "clear device memory");
}

void copy_to_device(std::span<const std::byte> host, const DeviceBuffer& device,
                    const Stream& stream) {
  if (host.size() > device.bytes())
    throw Error(ErrorCode::bad_argument, "copy past a buffer's end");
  copy_to_device(host, device.data(), stream);
}

void copy_to_device(std::span<const std::byte> host, void* device, const Stream& stream) {
  select(stream);
  check(cudaMemcpyAsync(device, host.data(), host.size(), cudaMemcpyHostToDevice, native(stream)),
        "copy to device");
}

void copy_to_host(const DeviceBuffer& device, std::span<std::byte> host, const Stream& stream) {
  if (host.size() > device.bytes())
    throw Error(ErrorCode::bad_argument, "copy past a buffer's end");
  copy_to_host(device.data(), host, stream);
}

void copy_to_host(const void* device, std::span<std::byte> host, const Stream& stream) {
  select(stream);
  check(cudaMemcpyAsync(host.data(), device, host.size(), cudaMemcpyDeviceToHost, native(stream)),
        "copy to host");
}

}  // namespace osler
