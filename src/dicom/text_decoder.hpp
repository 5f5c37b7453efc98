#pragma once
// Text of any Specific Character Set (0008,0005) -> UTF-8 (PS3.5 6.1, PS3.3 C.12.1.1.2), by the C
// library's iconv: DCMTK as Debian builds it has no ISO 2022 IR 87.

#include <string>
#include <string_view>
#include <vector>

namespace osler::dicom {

/// Of one data set, and of the items in it that name no other character set.
class TextDecoder {
 public:
  /// @param character_set  the value of the attribute; one that is unknown decodes as UTF-8 does
  explicit TextDecoder(std::string_view character_set);

  /// UTF-8; U+FFFD for bytes that the character set does not have.
  /// @param is_name  ^ ends what an escape sequence began, as the end of a line always does
  std::string decode(std::string_view bytes, bool is_name = false) const;

  /// All groups of a Person Name, which = parts.
  std::string decode_name(std::string_view bytes) const;

  /// The pieces between delimiters, still as bytes. A byte that is half of a character of several
  /// bytes is no delimiter, whatever its value.
  std::vector<std::string_view> split(std::string_view bytes, char delimiter) const;

 private:
  const char* codeset_ = nullptr;  ///< iconv's name of what no escape sequence has chosen
  bool code_extension_ = false;
};

}  // namespace osler::dicom
