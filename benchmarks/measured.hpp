#pragma once
// What every program here says of a run: time, processor time, memory.

#include <sys/resource.h>

#include <chrono>
#include <fstream>
#include <string>

#include "core/error.hpp"

namespace osler::benchmarks {

inline double now_s() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double>(now).count();
}

/// Of all threads so far.
inline double cpu_s() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

/// Most that this process had resident so far, in 10^6 bytes. Not ru_maxrss, which starts at the
/// size of the process that started this one.
inline double peak_mb() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) return std::stod(line.substr(6)) * 1024 / 1e6;
  }
  throw Error(ErrorCode::internal, "no VmHWM in /proc/self/status");
}

}  // namespace osler::benchmarks
