#pragma once
// Texts of a data set, in whatever its Specific Character Set (0008,0005) says, to and from UTF-8
// (PS3.3 C.12.1.1.2, PS3.5 6.1.2), by the C library's iconv: DCMTK as Debian builds it has no
// ISO 2022 IR 87.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace osler::dicom {

/// What, besides a control character, ends what an escape sequence began (PS3.5 6.1.2.5.3).
enum class TextKind {
  text,        ///< LT, ST, UT: nothing; a backslash is a character
  values,      ///< LO, SH, UC and all that follow no character set: \ between values
  person_name  ///< PN: \ and, within a value, ^ and =
};

/// In what a text is not of the character set that is declared for it. Nothing is left out of it
/// for that.
struct TextNotes {
  bool replaced = false;        ///< bytes that are no character: U+FFFD stands for each of those
  bool undeclared = false;      ///< in part of another set, which is told by an escape sequence, or
                                ///< UTF-8 where ASCII is declared; read as that
  bool unknown_escape = false;  ///< an ESC that begins nothing of the standard's; it stays in
  bool unknown_term = false;    ///< bytes beyond ASCII, and what is declared is no defined term;
                                ///< read as what a misspelt one means, or as UTF-8

  bool any() const { return replaced || undeclared || unknown_escape || unknown_term; }
  void add(const TextNotes& others);
};

/// In words, of all that are set: "holds bytes that are no characters". Empty if none is.
std::string words_of(const TextNotes& notes);

struct Repertoire;

/// Of one data set, and of the items in it that declare no other. Small, and copied freely.
class CharacterSet {
 public:
  /// @param declared  the attribute's values with their backslashes; empty: ISO_IR 6, which is
  /// ASCII. Terms behind one that allows no code extensions (ISO_IR 192, GB18030, GBK) are ignored.
  explicit CharacterSet(std::string_view declared = {});

  struct Text {
    std::string utf8;  ///< valid; at most three bytes for one of the source's
    TextNotes notes;
  };
  /// GBK is read as GB 18030, which it is a part of. The yen sign and the overline of ISO-IR 14
  /// become ASCII's backslash, which is DICOM's delimiter, and tilde.
  Text to_utf8(std::string_view bytes, TextKind kind = TextKind::values) const;

  /// The pieces between delimiters (\ of values, = of a name's groups), still as bytes. A byte that
  /// is part of a character of several bytes is no delimiter, whatever its value.
  std::vector<std::string_view> split(std::string_view bytes, char delimiter) const;

  /// Nothing if a character cannot be written in the declared set, or could only be with escape
  /// sequences.
  std::optional<std::string> from_utf8(std::string_view text) const;

  const std::string& declared() const { return declared_; }

 private:
  enum class Coding { iso_2022, utf_8, gbk, gb18030 };
  void add_term(std::string_view term, bool is_first);
  class Decoder;

  std::string declared_;
  Coding coding_ = Coding::iso_2022;
  const Repertoire* initial_ = nullptr;  ///< beyond ASCII before any escape sequence; null: none
  std::uint32_t announced_ = 0;          ///< repertoires that terms name, one bit each
  bool has_unknown_term_ = false;
};

}  // namespace osler::dicom
