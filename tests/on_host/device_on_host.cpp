// Takes the place of src/device/cuda.cpp in tests: one "CUDA device" that is the host's memory and
// does its work at once, for kernels/queue_host.cuh. So the dispatch of each operator, its copies,
// its scratch and all of its .cu file run without a GPU.

#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

#include "core/error.hpp"
#include "device/cuda_names.hpp"
#include "device/device.hpp"

namespace osler {
namespace {

constexpr std::size_t kAlignment = 256;  // cudaMallocAsync's
constexpr int kNotWritten = 0xA5;        // a device's memory holds anything at first

}  // namespace

struct Stream::State {};

int cuda_device_count() {
  return 1;
}
std::string cuda_absence() {
  return "";
}
std::string cuda_device_name(int) {
  return "the host in its place";
}

std::size_t free_device_memory(const Device&) {
  return std::size_t{1} << 30;
}

Stream::Stream(const Device&) {}
Stream::Stream(std::unique_ptr<State> state) : state_(std::move(state)) {}
Stream Stream::borrowed(int, void*) {
  return Stream(std::unique_ptr<State>());
}
Stream::~Stream() = default;
Stream::Stream(Stream&&) noexcept = default;
void* Stream::native() const {
  return nullptr;
}
int Stream::device_index() const {
  return 0;
}
void Stream::synchronize() const {}

DeviceBuffer::DeviceBuffer(std::size_t bytes, const Stream&) : bytes_(bytes) {
  if (bytes == 0) return;
  data_ = ::operator new (bytes, std::align_val_t{kAlignment});
  std::memset(data_, kNotWritten, bytes);
}
DeviceBuffer::~DeviceBuffer() {
  ::operator delete (data_, std::align_val_t{kAlignment});
}
DeviceBuffer::DeviceBuffer(DeviceBuffer&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}

void copy_to_device(std::span<const std::byte> host, const DeviceBuffer& device, const Stream&) {
  if (host.size() > device.bytes())
    throw Error(ErrorCode::bad_argument, "copy past a buffer's end");
  if (!host.empty()) std::memcpy(device.data(), host.data(), host.size());
}

void copy_to_host(const DeviceBuffer& device, std::span<std::byte> host, const Stream& stream) {
  if (host.size() > device.bytes())
    throw Error(ErrorCode::bad_argument, "copy past a buffer's end");
  copy_to_host(device.data(), host, stream);
}

void copy_to_host(const void* device, std::span<std::byte> host, const Stream&) {
  if (!host.empty()) std::memcpy(host.data(), device, host.size());
}

}  // namespace osler
