#pragma once
// Texts of a data set, in whatever its Specific Character Set says, to and from UTF-8.

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace osler::reading {

/// Specific Character Set (PS3.3 C.12.1.1.2), code extensions of ISO 2022 included (PS3.5 6.1.2.5).
/// Not to be shared between threads.
class CharacterSet {
 public:
  /// @param declared  the attribute's values with their backslashes; empty: ISO_IR 6, which is
  /// ASCII
  explicit CharacterSet(std::string_view declared = {});
  ~CharacterSet();
  CharacterSet(CharacterSet&&) noexcept;
  CharacterSet& operator=(CharacterSet&&) noexcept;

  struct Text {
    std::string utf8;
    bool whole = true;  ///< false: something was no text of the declared set
  };

  /// What cannot be understood becomes U+FFFD; bytes beyond ASCII where none are declared are taken
  /// for UTF-8 if they are valid as such. Both say that the text is not whole.
  /// @param is_person_name  code extensions also end at ^ and =
  Text to_utf8(std::string_view bytes, bool is_person_name = false);

  /// Nothing if a character cannot be written in the declared set, or could only be with code
  /// extensions.
  std::optional<std::string> from_utf8(std::string_view text);

  const std::string& declared() const { return declared_; }

 private:
  class Converter;
  Converter& converter(const std::string& from, const std::string& to);
  void add_run(std::string_view bytes, const std::string& encoding, Text& text);
  Text extended_to_utf8(std::string_view bytes, bool is_person_name);

  std::string declared_;
  std::string encoding_;  ///< name for iconv; of code extensions that of the first value
  bool is_extended_ = false;
  bool is_known_ = true;
  std::map<std::string, std::unique_ptr<Converter>> converters_;
};

}  // namespace osler::reading
