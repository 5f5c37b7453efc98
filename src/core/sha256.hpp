#pragma once
// SHA-256 (FIPS 180-4), computed by OpenSSL.

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace osler {

using Digest = std::array<std::uint8_t, 32>;

/// Collects bytes; `finish` may be called once.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  Sha256& update(std::span<const std::byte> bytes);
  Sha256& update(std::string_view text);
  Digest finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

std::string hex(const Digest& digest);
std::string sha256_hex(std::span<const std::byte> bytes);

/// @throws Error bad_input if the file cannot be read
std::string sha256_hex_of_file(const std::filesystem::path& file);

}  // namespace osler
