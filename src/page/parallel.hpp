#pragma once
// A loop on several threads that may throw.

#include <cstdint>
#include <exception>

namespace osler::page {

/// task(i) for i in [0, count), in no order. Inside of another one it runs on one thread.
/// @throws what the first failing task threw, after all have ended
template <class Task>
void in_parallel(std::int64_t count, const Task& task) {
  std::exception_ptr failure;
#pragma omp parallel for schedule(dynamic)
  for (std::int64_t i = 0; i < count; ++i) {
    try {
      task(i);
    } catch (...) {
#pragma omp critical
      if (!failure) failure = std::current_exception();
    }
  }
  if (failure) std::rethrow_exception(failure);
}

}  // namespace osler::page
