#include "core/large_pages.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <bit>
#include <cstdint>

namespace osler {

void prefer_large_pages(std::span<std::byte> bytes) {
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  const std::size_t before = (page - std::bit_cast<std::uintptr_t>(bytes.data()) % page) % page;
  if (bytes.size() <= before) return;
  ::madvise(bytes.data() + before, bytes.size() - before, MADV_HUGEPAGE);
}

}  // namespace osler
