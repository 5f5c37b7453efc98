// Stands in for cuda.cpp where the program is built without nvcc.

#include <utility>

#include "core/error.hpp"
#include "device/cuda_names.hpp"
#include "device/device.hpp"

namespace osler {
namespace {

constexpr char kAbsent[] = "this build has no CUDA backend";

[[noreturn]] void fail() {
  throw Error(ErrorCode::device, kAbsent, "a build with nvcc 13", "use --device cpu");
}

}  // namespace

struct Stream::State {};

int cuda_device_count() {
  return 0;
}
std::string cuda_absence() {
  return kAbsent;
}
std::string cuda_device_name(int) {
  fail();
}

std::size_t free_device_memory(const Device&) {
  fail();
}

DeviceArena device_arena(const Device&) {
  fail();
}
void reset_device_arena_peak(const Device&) {
  fail();
}

Stream::Stream(const Device&) {
  fail();
}
Stream::Stream(std::unique_ptr<State> state) : state_(std::move(state)) {}
Stream Stream::borrowed(int, void*) {
  fail();
}
Stream::~Stream() = default;
Stream::Stream(Stream&&) noexcept = default;
void* Stream::native() const {
  return nullptr;
}
int Stream::device_index() const {
  return 0;
}
void Stream::synchronize() const {
  fail();
}
void Stream::wait_for(const Event&) const {
  fail();
}

struct Event::State {};

Event::Event(const Device&) {
  fail();
}
Event::~Event() = default;
Event::Event(Event&&) noexcept = default;
void* Event::native() const {
  return nullptr;
}
void Event::record(const Stream&) const {
  fail();
}
void Event::synchronize() const {
  fail();
}

PinnedBuffer::PinnedBuffer(std::size_t, const Device&) {
  fail();
}
PinnedBuffer::~PinnedBuffer() = default;
PinnedBuffer::PinnedBuffer(PinnedBuffer&&) noexcept = default;

DeviceBuffer::DeviceBuffer(std::size_t, const Stream&) {
  fail();
}
DeviceBuffer::~DeviceBuffer() = default;
DeviceBuffer::DeviceBuffer(DeviceBuffer&&) noexcept = default;

void clear(const DeviceBuffer&, const Stream&) {
  fail();
}
void copy_to_device(std::span<const std::byte>, const DeviceBuffer&, const Stream&) {
  fail();
}
void copy_to_device(std::span<const std::byte>, void*, const Stream&) {
  fail();
}
void copy_to_host(const DeviceBuffer&, std::span<std::byte>, const Stream&) {
  fail();
}
void copy_to_host(const void*, std::span<std::byte>, const Stream&) {
  fail();
}

}  // namespace osler
