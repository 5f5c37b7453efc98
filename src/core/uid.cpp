#include "core/uid.hpp"

#include <algorithm>

#include "core/sha256.hpp"

namespace osler {

std::string derived_uid(std::span<const std::string> parts) {
  Sha256 sha;
  for (const std::string& part : parts) {
    sha.update(std::to_string(part.size()) + ":");
    sha.update(part);
  }
  Digest digest = sha.finish();
  digest[6] = static_cast<std::uint8_t>((digest[6] & 0x0F) | 0x80);
  digest[8] = static_cast<std::uint8_t>((digest[8] & 0x3F) | 0x80);

  __extension__ using Uint128 = unsigned __int128;
  Uint128 value = 0;
  for (int i = 0; i < 16; ++i) value = (value << 8) | digest[i];
  std::string decimal;
  while (value != 0) {
    decimal += static_cast<char>('0' + static_cast<int>(value % 10));
    value /= 10;
  }
  std::reverse(decimal.begin(), decimal.end());
  return "2.25." + decimal;
}

bool is_valid_uid(std::string_view uid) {
  if (uid.empty() || uid.size() > 64 || uid.front() == '.' || uid.back() == '.') return false;
  for (std::size_t i = 0; i < uid.size(); ++i) {
    const bool digit = uid[i] >= '0' && uid[i] <= '9';
    if (!digit && !(uid[i] == '.' && uid[i - 1] != '.')) return false;
  }
  return true;
}

}  // namespace osler
