#include "core/printable.hpp"

#include <cstddef>

#include "core/utf8.hpp"

namespace osler {
namespace {

/// Bytes of the UTF-8 character at the front that may be printed; 0 if there is none.
std::size_t printable_bytes(std::string_view text) {
  const Utf8Character character = utf8_front(text);
  const bool control = character.code < 0x20 || (character.code >= 0x7F && character.code < 0xA0);
  return control ? 0 : character.bytes;
}

}  // namespace

std::string printable(std::string_view text) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  while (!text.empty()) {
    const std::size_t count = printable_bytes(text);
    if (count > 0) {
      out += text.substr(0, count);
    } else {
      const auto byte = static_cast<unsigned char>(text.front());
      out += {'\\', 'x', kDigits[byte >> 4], kDigits[byte & 15]};
    }
    text.remove_prefix(count > 0 ? count : 1);
  }
  return out;
}

}  // namespace osler
