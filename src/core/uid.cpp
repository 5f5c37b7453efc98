#include "core/uid.hpp"

#include <algorithm>

#include "core/sha256.hpp"

namespace osler {
namespace {

__extension__ using Uint128 = unsigned __int128;
constexpr std::string_view kUuidRoot = "2.25.";

}  // namespace

std::string derived_uid(std::span<const std::string> parts) {
  Sha256 sha;
  for (const std::string& part : parts) {
    sha.update(std::to_string(part.size()) + ":");
    sha.update(part);
  }
  Digest digest = sha.finish();
  digest[6] = static_cast<std::uint8_t>((digest[6] & 0x0F) | 0x80);
  digest[8] = static_cast<std::uint8_t>((digest[8] & 0x3F) | 0x80);

  Uint128 value = 0;
  for (int i = 0; i < 16; ++i) value = (value << 8) | digest[i];
  std::string decimal;
  while (value != 0) {
    decimal += static_cast<char>('0' + static_cast<int>(value % 10));
    value /= 10;
  }
  std::reverse(decimal.begin(), decimal.end());
  return std::string(kUuidRoot) + decimal;
}

std::string uuid_of(std::string_view derived_uid) {
  Uint128 value = 0;
  for (const char digit : derived_uid.substr(kUuidRoot.size())) {
    value = value * 10 + static_cast<unsigned>(digit - '0');
  }
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string uuid;
  for (int i = 31; i >= 0; --i) {
    uuid += kDigits[static_cast<unsigned>(value >> (4 * i)) & 15];
    if (i == 24 || i == 20 || i == 16 || i == 12) uuid += '-';
  }
  return uuid;
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
