#pragma once
// UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing beyond U+10FFFF.

#include <cstddef>
#include <string>
#include <string_view>

namespace osler {

struct Utf8Character {
  std::size_t bytes = 0;  ///< 1 to 4; 0: the text does not start with a character
  char32_t code = 0;
};

/// The character at the front of a text that is not empty.
Utf8Character utf8_front(std::string_view text);

/// Every byte that is no part of a character becomes U+FFFD.
std::string valid_utf8(std::string_view text);

/// Valid UTF-8 of one line: a tab or the end of a line becomes a space, other control characters
/// (C0, DEL, C1) go; no spaces at either end.
std::string one_line(std::string_view text);

}  // namespace osler
