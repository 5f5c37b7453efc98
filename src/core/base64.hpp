#pragma once
// Bytes as text (RFC 4648, section 4).

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace osler {

/// Padded, on one line.
std::string base64(std::span<const std::uint8_t> bytes);
constexpr std::size_t base64_length(std::size_t bytes) {
  return (bytes + 2) / 3 * 4;
}

}  // namespace osler
