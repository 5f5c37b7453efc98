#pragma once
// Times work on a CUDA device by events, and what the device's memory can do at best.

#include <cuda_runtime_api.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/error.hpp"
#include "device/device.hpp"

namespace osler::benchmarks {

inline void check_cuda(cudaError_t result, const char* what) {
  if (result == cudaSuccess) return;
  throw Error(ErrorCode::device, std::string(what) + ": " + cudaGetErrorString(result));
}

inline cudaStream_t native(const Stream& stream) {
  return static_cast<cudaStream_t>(stream.native());
}

inline int attribute(const Device& device, cudaDeviceAttr which) {
  int value = 0;
  check_cuda(cudaDeviceGetAttribute(&value, which, device.index), "device attribute");
  return value;
}

/// Bytes per second by the data sheet: two transfers a clock on a bus of so many bits; nothing if
/// the driver does not tell.
inline std::optional<double> data_sheet_bytes_per_s(const Device& device) {
  const double clock_hz = 1e3 * attribute(device, cudaDevAttrMemoryClockRate);
  const double bus_bits = attribute(device, cudaDevAttrGlobalMemoryBusWidth);
  if (clock_hz <= 0 || bus_bits <= 0) return std::nullopt;
  return 2 * clock_hz * bus_bits / 8;
}

class Event {
 public:
  Event() { check_cuda(cudaEventCreate(&event_), "create event"); }
  ~Event() { cudaEventDestroy(event_); }
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  void record(const Stream& stream) {
    check_cuda(cudaEventRecord(event_, native(stream)), "event");
  }
  float ms_since(const Event& start) const {
    float ms = 0;
    check_cuda(cudaEventElapsedTime(&ms, start.event_, event_), "elapsed time");
    return ms;
  }

 private:
  cudaEvent_t event_ = nullptr;
};

struct Times {
  double median_ms = 0, least_ms = 0, most_ms = 0;
};

inline Times times_of(std::vector<double> ms) {
  std::sort(ms.begin(), ms.end());
  const std::size_t half = ms.size() / 2;
  return {ms.size() % 2 == 1 ? ms[half] : (ms[half - 1] + ms[half]) / 2, ms.front(), ms.back()};
}

/// Work queued on one stream, timed run by run; before each run the second-level cache is filled
/// with other bytes, so that inputs come from memory.
class Clock {
 public:
  static constexpr int kWarmUps = 3;

  Clock(const Stream& stream, const Device& device, int runs)
      : stream_(stream),
        runs_(runs),
        sweep_(4 * static_cast<std::size_t>(attribute(device, cudaDevAttrL2CacheSize)), stream) {}

  template <typename F>
  Times time(F queue) const {
    std::vector<double> ms;
    Event start, end;
    for (int run = -kWarmUps; run < runs_; ++run) {
      check_cuda(cudaMemsetAsync(sweep_.data(), run & 0xff, sweep_.bytes(), native(stream_)),
                 "sweep the cache");
      start.record(stream_);
      queue();
      end.record(stream_);
      stream_.synchronize();
      if (run >= 0) ms.push_back(end.ms_since(start));
    }
    return times_of(std::move(ms));
  }

  int runs() const { return runs_; }

 private:
  const Stream& stream_;
  int runs_;
  DeviceBuffer sweep_;
};

/// Bytes read and written per second by a copy inside the device's memory.
inline double copy_bytes_per_s(const Clock& clock, const Stream& stream) {
  constexpr std::size_t bytes = std::size_t{1} << 30;
  const DeviceBuffer from(bytes, stream), to(bytes, stream);
  check_cuda(cudaMemsetAsync(from.data(), 1, bytes, native(stream)), "fill");
  const Times times = clock.time([&] {
    check_cuda(
        cudaMemcpyAsync(to.data(), from.data(), bytes, cudaMemcpyDeviceToDevice, native(stream)),
        "copy on the device");
  });
  return 2.0 * static_cast<double>(bytes) / (times.median_ms / 1e3);
}

/// Bytes per second from ordinary host memory, which is how the programs hold volumes.
inline double upload_bytes_per_s(const Clock& clock, const Stream& stream) {
  const std::vector<std::byte> host(std::size_t{1} << 28, std::byte{1});
  const DeviceBuffer to(host.size(), stream);
  const Times times = clock.time([&] { copy_to_device(host, to, stream); });
  return static_cast<double>(host.size()) / (times.median_ms / 1e3);
}

}  // namespace osler::benchmarks
