#pragma once
// Which compute device runs, and memory and streams on it. Nothing here is copied or synchronised
// unless it is asked for by name.

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace osler {

enum class Backend { cpu, cuda };

struct Device {
  Backend backend = Backend::cpu;
  int index = 0;     ///< of a CUDA device
  std::string name;  ///< "cpu (4 threads)", "cuda:0 (NVIDIA H100 80GB HBM3)"
};

/// "auto" (the first usable CUDA device, else the CPU), "cpu", "cuda" or "cuda:n".
/// @throws Error device: a GPU was asked for by name and there is none, or this build has no CUDA;
/// Error usage: another word
Device choose_device(std::string_view wish);

/// Usable CUDA devices; 0 without a driver, without a device, or in a build without CUDA.
int cuda_device_count();
/// Why `cuda_device_count` is 0, in a sentence; empty if it is not.
std::string cuda_absence();

/// Bytes of a CUDA device's memory that nobody has taken. @throws Error device
std::size_t free_device_memory(const Device& device);

/// The arena: the device's own pool, of which DeviceBuffer and, by what infer/torch_device asks of
/// it, LibTorch take all memory. What is freed stays in it for the next use.
struct DeviceArena {
  std::size_t used = 0;      ///< bytes that are taken now
  std::size_t reserved = 0;  ///< bytes that the pool holds: also what is kept for the next use
  std::size_t peak = 0;      ///< the most that were taken since the last reset
  /// The most that were taken since the program began, and besides the most of CUDA graphs' memory,
  /// which is in none of the others.
  std::size_t highest = 0;
};
/// @throws Error device
DeviceArena device_arena(const Device& device);
void reset_device_arena_peak(const Device& device);

class Event;

/// An ordered queue of work on one CUDA device. Created on the device that it is given, destroyed
/// after its work is done; a borrowed one is only named. Move-only.
class Stream {
 public:
  /// @throws Error device
  explicit Stream(const Device& device);
  /// Another library's stream, which must outlive this. Neither waited for nor destroyed.
  /// @param native cudaStream_t
  /// @throws Error device if this build has no CUDA
  static Stream borrowed(int device_index, void* native);
  ~Stream();
  Stream(Stream&&) noexcept;
  Stream& operator=(Stream&&) = delete;

  void* native() const;  ///< cudaStream_t
  int device_index() const;
  /// Waits for all work of this stream. @throws Error device if any of it failed
  void synchronize() const;
  /// What is queued from now on begins when the event's work is done; the host does not wait.
  void wait_for(const Event& event) const;

 private:
  struct State;
  explicit Stream(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

/// A point in the work of a stream. Move-only.
class Event {
 public:
  /// @throws Error device
  explicit Event(const Device& device);
  ~Event();
  Event(Event&&) noexcept;
  Event& operator=(Event&&) = delete;

  void* native() const;  ///< cudaEvent_t
  /// From now on the event is all that was queued on the stream so far.
  void record(const Stream& stream) const;
  /// The host waits; not at all for an event that was never recorded. @throws Error device
  void synchronize() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Host memory that stays where it is, so that a device copies it by itself while the processor
/// does other work. Dear to make: for staging. Move-only.
class PinnedBuffer {
 public:
  /// @throws Error device (out of memory)
  PinnedBuffer(std::size_t bytes, const Device& device);
  ~PinnedBuffer();
  PinnedBuffer(PinnedBuffer&& other) noexcept;
  PinnedBuffer& operator=(PinnedBuffer&&) = delete;

  std::span<std::byte> bytes() const { return {data_, bytes_}; }

 private:
  std::byte* data_ = nullptr;
  std::size_t bytes_ = 0;
};

/// Device memory, allocated and freed in the order of a stream, which must outlive it. Move-only.
class DeviceBuffer {
 public:
  /// Waits for the device where memory does not suffice at once. @throws Error device
  DeviceBuffer(std::size_t bytes, const Stream& stream);
  ~DeviceBuffer();
  DeviceBuffer(DeviceBuffer&& other) noexcept;
  DeviceBuffer& operator=(DeviceBuffer&&) = delete;

  void* data() const { return data_; }
  std::size_t bytes() const { return bytes_; }

 private:
  void* data_ = nullptr;
  std::size_t bytes_ = 0;
  const Stream* stream_ = nullptr;
};

/// Sets all of it to 0, in the order of the stream.
void clear(const DeviceBuffer& device, const Stream&);

/// Copies on a stream; host memory must stay as it is until the stream is synchronised. Of ordinary
/// (not pinned) memory: see device/staging.hpp.
void copy_to_device(std::span<const std::byte> host, const DeviceBuffer& device, const Stream&);
/// @param device  at least host.size() bytes of device memory
void copy_to_device(std::span<const std::byte> host, void* device, const Stream&);
void copy_to_host(const DeviceBuffer& device, std::span<std::byte> host, const Stream&);
/// @param device  at least host.size() bytes of device memory
void copy_to_host(const void* device, std::span<std::byte> host, const Stream&);

}  // namespace osler
