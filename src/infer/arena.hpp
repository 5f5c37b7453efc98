#pragma once
// Memory that is kept when it is freed.

#include <cstddef>
#include <map>
#include <mutex>

namespace osler {

/// One reservation of address space, of which the system gives a page when it is first written to.
/// What is freed keeps its pages for the next use. Any thread may call.
class Arena {
 public:
  /// @param reserved_bytes of address space; where the system refuses, `allocate` gives nothing
  explicit Arena(std::size_t reserved_bytes);
  ~Arena();
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  /// The lowest place that is large enough, at the beginning of a page; null where none is.
  void* allocate(std::size_t bytes);

  /// @param place as `allocate` gave it
  void free(void* place);

  bool owns(const void* place) const;

  /// Gives the pages of what is free back to the system.
  void give_back();

 private:
  using Ranges = std::map<std::byte*, std::size_t>;  ///< begin and bytes

  std::byte* begin_ = nullptr;
  std::size_t bytes_ = 0;
  std::mutex mutex_;
  Ranges free_, used_;
};

}  // namespace osler
