#pragma once
// Numbers that many threads change at once, on the device and on the host alike. Only the number
// itself is agreed on: memory beside it is not ordered.

#include <cuda/atomic>
#include <type_traits>

#include "kernels/host_device.hpp"

namespace osler::kernels {

template <typename T>
using Contended = cuda::atomic_ref<T, cuda::thread_scope_device>;

template <typename T>
OSLER_DEVICE inline T value_at(T* at) {
  return Contended<T>(*at).load(cuda::memory_order_relaxed);
}

template <typename T>
OSLER_DEVICE inline void put(T* at, T value) {
  Contended<T>(*at).store(value, cuda::memory_order_relaxed);
}

template <typename T>
OSLER_DEVICE inline void add(T* at, T value) {
  Contended<T>(*at).fetch_add(value, cuda::memory_order_relaxed);
}

/// Replaces what is there while `better(value, what is there)`. @return what was there
template <typename T, typename Better>
OSLER_DEVICE inline T replace_if(T* at, T value, Better better) {
  Contended<T> there(*at);
  T seen = there.load(cuda::memory_order_relaxed);
  while (better(value, seen) &&
         !there.compare_exchange_weak(seen, value, cuda::memory_order_relaxed)) {
  }
  return seen;
}

/// @return what was there
template <typename T>
OSLER_DEVICE inline T lower(T* at, T value) {
  if constexpr (std::is_integral_v<T>) {
    return Contended<T>(*at).fetch_min(value, cuda::memory_order_relaxed);
  } else {
    return replace_if(at, value, [](T a, T b) { return a < b; });
  }
}
template <typename T>
OSLER_DEVICE inline T raise(T* at, T value) {
  if constexpr (std::is_integral_v<T>) {
    return Contended<T>(*at).fetch_max(value, cuda::memory_order_relaxed);
  } else {
    return replace_if(at, value, [](T a, T b) { return a > b; });
  }
}

}  // namespace osler::kernels
