// Takes the place of src/device/cuda.cpp in tests: one "CUDA device" that is the host's memory, for
// kernels/queue_host.cuh. So the dispatch of each operator, its copies, its scratch and all of its
// .cu file run without a GPU.
//
// Copies are as late as a device may make them: when work of their stream that needs them begins,
// when the stream or an event behind them is waited for, or when the stream ends. Who reads too
// early, or changes memory that is still to be copied, gets wrong answers here too.

#include <algorithm>
#include <cstring>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <new>
#include <utility>

#include "core/error.hpp"
#include "device/cuda_names.hpp"
#include "device/device.hpp"

namespace osler {
namespace {

constexpr std::size_t kAlignment = 256;  // cudaMallocAsync's
constexpr int kNotWritten = 0xA5;        // a device's memory holds anything at first

std::mutex mutex;
DeviceArena arena;

/// What is queued, and how much of all that ever was is done.
struct Work : std::enable_shared_from_this<Work> {
  std::deque<std::function<void()>> queued;
  std::size_t done = 0;

  void add(std::function<void()> work) {
    const std::lock_guard guard(mutex);
    queued.push_back(std::move(work));
  }
  std::size_t all() const {
    const std::lock_guard guard(mutex);
    return done + queued.size();
  }
  void run_until(std::size_t count) {
    for (;;) {
      std::function<void()> next;
      {
        const std::lock_guard guard(mutex);
        if (done >= count || queued.empty()) return;
        next = std::move(queued.front());
        queued.pop_front();
        ++done;
      }
      next();
    }
  }
};

/// What was queued up to here.
struct Mark {
  std::shared_ptr<Work> work;
  std::size_t count = 0;

  void wait() const {
    if (work) work->run_until(count);
  }
};

void* allocate(std::size_t bytes) {
  if (bytes == 0) return nullptr;
  void* data = ::operator new (bytes, std::align_val_t{kAlignment});
  std::memset(data, kNotWritten, bytes);
  return data;
}

void take(std::size_t bytes) {
  const std::lock_guard guard(mutex);
  arena.used += bytes;
  arena.reserved = arena.used;
  arena.peak = std::max(arena.peak, arena.used);
  arena.highest = std::max(arena.highest, arena.used);
}

}  // namespace

struct Stream::State {
  std::shared_ptr<Work> work;
  bool borrowed = false;
};

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

DeviceArena device_arena(const Device&) {
  const std::lock_guard guard(mutex);
  return arena;
}
void reset_device_arena_peak(const Device&) {
  const std::lock_guard guard(mutex);
  arena.peak = arena.used;
}

namespace {

Work& work_of(const Stream& stream) {
  return *static_cast<Work*>(stream.native());
}

}  // namespace

Stream::Stream(const Device&)
    : state_(std::make_unique<State>(State{std::make_shared<Work>(), false})) {}
Stream::Stream(std::unique_ptr<State> state) : state_(std::move(state)) {}
Stream Stream::borrowed(int, void* native) {
  auto state = std::make_unique<State>();
  state->work = static_cast<Work*>(native)->shared_from_this();
  state->borrowed = true;
  return Stream(std::move(state));
}
Stream::~Stream() {
  if (state_ && !state_->borrowed) synchronize();
}
Stream::Stream(Stream&&) noexcept = default;
/// Whoever asks queues work behind what is there, and a host does it at once.
void* Stream::native() const {
  return state_->work.get();
}
int Stream::device_index() const {
  return 0;
}
void Stream::synchronize() const {
  state_->work->run_until(state_->work->all());
}

struct Event::State : Mark {};

Event::Event(const Device&) : state_(std::make_unique<State>()) {}
Event::~Event() = default;
Event::Event(Event&&) noexcept = default;
void* Event::native() const {
  return static_cast<Mark*>(state_.get());
}
void Event::record(const Stream& stream) const {
  state_->work = work_of(stream).shared_from_this();
  state_->count = state_->work->all();
}
void Event::synchronize() const {
  state_->wait();
}

void Stream::wait_for(const Event& event) const {
  const Mark then = *static_cast<const Mark*>(event.native());
  state_->work->add([then] { then.wait(); });
}

PinnedBuffer::PinnedBuffer(std::size_t bytes, const Device&)
    : data_(static_cast<std::byte*>(allocate(bytes))), bytes_(bytes) {}
PinnedBuffer::~PinnedBuffer() {
  ::operator delete (data_, std::align_val_t{kAlignment});
}
PinnedBuffer::PinnedBuffer(PinnedBuffer&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}

DeviceBuffer::DeviceBuffer(std::size_t bytes, const Stream& stream)
    : data_(allocate(bytes)), bytes_(bytes), stream_(&stream) {
  take(bytes);
}
DeviceBuffer::~DeviceBuffer() {
  if (data_ == nullptr) return;
  stream_->synchronize();
  ::operator delete (data_, std::align_val_t{kAlignment});
  take(-bytes_);
}
DeviceBuffer::DeviceBuffer(DeviceBuffer&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      bytes_(std::exchange(other.bytes_, 0)),
      stream_(other.stream_) {}

void clear(const DeviceBuffer& device, const Stream& stream) {
  work_of(stream).add([at = device.data(), bytes = device.bytes()] { std::memset(at, 0, bytes); });
}

void copy_to_device(std::span<const std::byte> host, const DeviceBuffer& device,
                    const Stream& stream) {
  if (host.size() > device.bytes())
    throw Error(ErrorCode::bad_argument, "copy past a buffer's end");
  copy_to_device(host, device.data(), stream);
}

void copy_to_device(std::span<const std::byte> host, void* device, const Stream& stream) {
  if (host.empty()) return;
  work_of(stream).add([host, device] { std::memcpy(device, host.data(), host.size()); });
}

void copy_to_host(const DeviceBuffer& device, std::span<std::byte> host, const Stream& stream) {
  if (host.size() > device.bytes())
    throw Error(ErrorCode::bad_argument, "copy past a buffer's end");
  copy_to_host(device.data(), host, stream);
}

void copy_to_host(const void* device, std::span<std::byte> host, const Stream& stream) {
  if (host.empty()) return;
  work_of(stream).add([host, device] { std::memcpy(host.data(), device, host.size()); });
}

}  // namespace osler
