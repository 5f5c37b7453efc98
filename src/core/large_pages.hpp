#pragma once
// Memory that is written from end to end, or read here and there.

#include <cstddef>
#include <span>

namespace osler {

/// Asks the system for large pages: a fraction of the page faults, and of the misses where places
/// far apart are read. No more memory is taken: only whole large pages inside of `bytes` become
/// such. The system may refuse.
void prefer_large_pages(std::span<std::byte> bytes);

}  // namespace osler
