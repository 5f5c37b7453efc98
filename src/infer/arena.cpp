#include "infer/arena.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <cassert>
#include <iterator>

#include "core/large_pages.hpp"

namespace osler {
namespace {

std::size_t page_bytes() {
  static const auto bytes = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  return bytes;
}

std::size_t whole_pages(std::size_t bytes) {
  return (bytes + page_bytes() - 1) / page_bytes() * page_bytes();
}

}  // namespace

Arena::Arena(std::size_t reserved_bytes) {
  const std::size_t bytes = whole_pages(reserved_bytes);
  if (bytes == 0) return;
  void* place = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (place == MAP_FAILED) return;
  begin_ = static_cast<std::byte*>(place);
  bytes_ = bytes;
  free_.emplace(begin_, bytes_);
  prefer_large_pages({begin_, bytes_});
}

Arena::~Arena() {
  assert(used_.empty());
  if (bytes_ != 0) ::munmap(begin_, bytes_);
}

void* Arena::allocate(std::size_t bytes) {
  if (bytes == 0 || bytes > bytes_) return nullptr;
  const std::size_t wanted = whole_pages(bytes);
  const std::lock_guard lock(mutex_);
  for (auto range = free_.begin(); range != free_.end(); ++range) {
    const auto [begin, size] = *range;
    if (size < wanted) continue;
    free_.erase(range);
    if (size > wanted) free_.emplace(begin + wanted, size - wanted);
    used_.emplace(begin, wanted);
    return begin;
  }
  return nullptr;
}

void Arena::free(void* place) {
  const std::lock_guard lock(mutex_);
  const auto used = used_.find(static_cast<std::byte*>(place));
  assert(used != used_.end());
  const auto [begin, size] = *used;
  used_.erase(used);
  auto range = free_.emplace(begin, size).first;
  if (const auto next = std::next(range); next != free_.end() && begin + size == next->first) {
    range->second += next->second;
    free_.erase(next);
  }
  if (range == free_.begin()) return;
  if (const auto before = std::prev(range); before->first + before->second == begin) {
    before->second += range->second;
    free_.erase(range);
  }
}

bool Arena::owns(const void* place) const {
  const auto* at = static_cast<const std::byte*>(place);
  return at >= begin_ && at < begin_ + bytes_;
}

void Arena::give_back() {
  const std::lock_guard lock(mutex_);
  for (const auto& [begin, size] : free_) ::madvise(begin, size, MADV_DONTNEED);
}

}  // namespace osler
