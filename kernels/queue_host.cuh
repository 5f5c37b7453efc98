#pragma once
// The queue of kernels/queue.cuh on Thrust's CPU backend: for tests. Work is done at once; "device"
// memory is the host's. What a device leaves open, which voxel comes first, is chosen by the
// environment's OSLER_HOST_ORDER, so that nothing comes to rest on one order:
//   forward, backward, shuffled (default; the same each time), threads (OpenMP's)

#include <thrust/for_each.h>
#include <thrust/iterator/counting_iterator.h>
#include <thrust/reduce.h>
#include <thrust/scan.h>
#include <thrust/sort.h>
#include <thrust/system/cpp/execution_policy.h>
#include <thrust/system/omp/execution_policy.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <numeric>
#include <string_view>

#include "device/device.hpp"

namespace osler::kernels {

enum class HostOrder { forward, backward, shuffled, threads };

inline HostOrder host_order() {
  static const HostOrder order = [] {
    const char* wish = std::getenv("OSLER_HOST_ORDER");
    const std::string_view word = wish == nullptr ? "" : wish;
    return word == "forward"    ? HostOrder::forward
           : word == "backward" ? HostOrder::backward
           : word == "threads"  ? HostOrder::threads
                                : HostOrder::shuffled;
  }();
  return order;
}

/// Calls f(i) for i in 0 ... count - 1, in the order of this run.
template <typename F>
void in_host_order(std::int64_t count, const F& f) {
  if (count == 0) return;
  const thrust::counting_iterator<std::int64_t> first(0);
  const HostOrder order = host_order();
  if (order == HostOrder::threads) {
    thrust::for_each_n(thrust::omp::par, first, count, f);
    return;
  }
  // Steps that share no divisor with the count come to each i once.
  std::int64_t step = order == HostOrder::shuffled ? 1640531527 : 1;
  while (std::gcd(step, count) > 1) ++step;
  thrust::for_each_n(thrust::cpp::par, first, count, [&](std::int64_t n) {
    f(order == HostOrder::backward ? count - 1 - n : n * step % count);
  });
}

/// As on the device, where `threads` run side by side.
template <int threads>
struct Group {
  template <typename T>
  class Own {
   public:
    T& of(int thread) { return values_[thread]; }

   private:
    T values_[threads]{};
  };

  template <typename F>
  void each(const F& f) const {
    const bool backward = host_order() != HostOrder::forward;
    for (int n = 0; n < threads; ++n) f(backward ? threads - 1 - n : n);
  }

  template <typename F>
  unsigned vote(const F& f) const {
    static_assert(threads == 32);
    unsigned votes = 0;
    each([&](int thread) { votes |= f(thread) ? 1U << thread : 0U; });
    return votes;
  }
};

struct Scratch {
  void* at = nullptr;
  std::size_t bytes = 0;
};

class Queue {
 public:
  /// Copies that were queued before are made before.
  Queue(const char*, const Stream& stream) { stream.synchronize(); }

  template <unsigned threads = 0, typename F>
  void each(const char*, std::int64_t count, const F& f) const {
    in_host_order(count, [&](std::int64_t i) { f(i); });
  }
  template <typename F>
  void each_voting(const char*, std::int64_t count, const F& f) const {
    in_warps(count, [&](std::int64_t first, int lanes) {
      unsigned votes = 0;
      for (int lane = 0; lane < lanes; ++lane) {
        if (f.vote(first + lane)) votes |= 1U << lane;
      }
      for (int lane = lanes - 1; lane >= 0; --lane) f(first + lane, lane, votes);
    });
  }
  template <typename F>
  void each_alike(const char*, std::int64_t count, const F& f) const {
    in_warps(count, [&](std::int64_t first, int lanes) {
      std::uint32_t keys[32];
      for (int lane = 0; lane < lanes; ++lane) keys[lane] = f.key(first + lane);
      for (int lane = 0; lane < lanes; ++lane) {
        if (keys[lane] == 0 || std::find(keys, keys + lane, keys[lane]) != keys + lane) continue;
        f(keys[lane], static_cast<std::uint32_t>(std::count(keys, keys + lanes, keys[lane])));
      }
    });
  }
  template <typename F>
  void each_joined(const char*, std::int64_t lines, std::int64_t width, const F& f) const {
    const std::int64_t per_line = (width + kJoinedWidth - 1) / kJoinedWidth;
    in_host_order(lines * per_line, [&](std::int64_t warp) {
      const std::int64_t begin = warp % per_line * kJoinedWidth;
      join(warp / per_line, begin, std::min(begin + kJoinedWidth, width), f);
    });
  }
  template <typename F>
  void groups(const char*, std::int64_t count, const F& f) const {
    in_host_order(count, [&](std::int64_t n) {
      typename F::Shared shared;
      std::memset(static_cast<void*>(&shared), 0xff, sizeof shared);  // NaN: nobody wrote it
      f(Group<F::kThreads>{}, n, shared);
    });
  }

  template <typename F>
  void warps(const char*, std::int64_t count, const F& f) const {
    in_host_order(count, [&](std::int64_t n) { f(Group<32>{}, n); });
  }

  template <typename In, typename T>
  static std::size_t inclusive_sum_bytes(In, T*, std::int64_t) {
    return 1;
  }
  template <typename In, typename T>
  void inclusive_sum(In in, T* out, std::int64_t count, Scratch) const {
    thrust::inclusive_scan(thrust::omp::par, in, in + count, out);
  }

  template <typename T>
  static std::size_t sort_bytes(const T*, T*, std::int64_t) {
    return 1;
  }
  template <typename T>
  void sort(const T* in, T* out, std::int64_t count, Scratch) const {
    std::copy_n(in, count, out);
    thrust::sort(thrust::omp::par, out, out + count);
  }

  template <typename In, typename T>
  static std::size_t sum_bytes(In, T*, std::int64_t) {
    return 1;
  }
  template <typename In, typename T>
  void sum(In in, T* out, std::int64_t count, Scratch) const {
    *out = thrust::reduce(thrust::omp::par, in, in + count, T{});
  }

  void clear(void* at, std::size_t bytes) const { std::memset(at, 0, bytes); }
  void copy(void* to, const void* from, std::size_t bytes) const { std::memcpy(to, from, bytes); }
  void copy_in(void* to, const void* from, std::size_t bytes) const { copy(to, from, bytes); }

 private:
  static constexpr std::int64_t kJoinedWidth = 256;

  template <typename F>
  static void hand_over(const F& f, std::int64_t line, std::uint32_t (&keys)[32],
                        typename F::Part (&parts)[32]) {
    for (int lane = 31; lane >= 0; --lane) {
      if (keys[lane] == 0) continue;
      typename F::Part all{};
      const std::uint32_t key = keys[lane];
      for (int other = 0; other <= lane; ++other) {
        if (keys[other] != key) continue;
        all.join(parts[other]);
        keys[other] = 0;
      }
      f(line, key, all);
    }
    for (auto& part : parts) part = {};
  }
  /// As the device does it, lane beside lane.
  template <typename F>
  static void join(std::int64_t line, std::int64_t begin, std::int64_t end, const F& f) {
    std::uint32_t held[32]{};
    typename F::Part parts[32]{};
    for (std::int64_t first = begin; first < end; first += 32) {
      const int lanes = static_cast<int>(std::min<std::int64_t>(32, end - first));
      std::uint32_t keys[32]{};
      typename F::Part next[32]{};
      bool others = false;
      for (int lane = 0; lane < lanes; ++lane) {
        keys[lane] = f.take(line, first + lane, next[lane]);
        others = others || (keys[lane] != 0 && held[lane] != 0 && keys[lane] != held[lane]);
      }
      if (others) hand_over(f, line, held, parts);
      for (int lane = 0; lane < lanes; ++lane) {
        if (keys[lane] == 0) continue;
        held[lane] = keys[lane];
        parts[lane].join(next[lane]);
      }
    }
    hand_over(f, line, held, parts);
  }

  template <typename F>
  void in_warps(std::int64_t count, const F& f) const {
    in_host_order((count + 31) / 32, [&](std::int64_t warp) {
      f(warp * 32, static_cast<int>(std::min<std::int64_t>(32, count - warp * 32)));
    });
  }
};

}  // namespace osler::kernels
