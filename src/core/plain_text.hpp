#pragma once
// Texts and numbers in characters that every character set has.

#include <string>
#include <string_view>

namespace osler {

/// UTF-8 to printable ASCII: common signs are spelt out, a backslash (a separator in DICOM) becomes
/// a slash, anything else a question mark.
std::string plain_ascii(std::string_view utf8);

/// A Decimal String (PS3.5 6.2): the most precise writing of a number that fits into 16 characters.
std::string decimal_string(double value);

}  // namespace osler
