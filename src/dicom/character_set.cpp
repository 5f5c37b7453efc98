#include "dicom/character_set.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include "core/utf8.hpp"
#include "dicom/codeset_converter.hpp"
#include "dicom/values.hpp"

namespace osler::dicom {

/// PS3.3 tables C.12-2 to C.12-4.
struct Repertoire {
  std::string_view number;  ///< of the defined terms
  std::string_view escape;  ///< behind ESC, what chooses it
  bool in_g0 = false;       ///< in the place of ASCII; else beside it, in bytes from 80H on
  const char* codeset;      ///< iconv's name of what has it beside ASCII; null: ASCII itself
  std::size_t width = 1;    ///< bytes of a character in that codeset
};

namespace {

constexpr char kReplacement[] = "\xEF\xBF\xBD";  // U+FFFD
constexpr char kEscape = '\x1B';
constexpr char kKatakana[] = "JIS X 0201";  // iconv of glibc lacks it

constexpr Repertoire kRepertoires[] = {
    {"6", "(B", true, nullptr},
    {"13", "(J", true, nullptr},  // ISO-IR 14, which comes with 13
    {"87", "$B", true, "EUC-JP", 2},
    {"42", "$@", true, "EUC-JP", 2},  // the edition before; no term of DICOM's
    {"159", "$(D", true, "EUC-JP", 3},
    {"13", ")I", false, kKatakana},
    {"100", "-A", false, "ISO-8859-1"},
    {"101", "-B", false, "ISO-8859-2"},
    {"109", "-C", false, "ISO-8859-3"},
    {"110", "-D", false, "ISO-8859-4"},
    {"144", "-L", false, "ISO-8859-5"},
    {"127", "-G", false, "ISO-8859-6"},
    {"126", "-F", false, "ISO-8859-7"},
    {"138", "-H", false, "ISO-8859-8"},
    {"148", "-M", false, "ISO-8859-9"},
    {"203", "-b", false, "ISO-8859-15"},
    {"166", "-T", false, "TIS-620"},
    {"149", "$)C", false, "EUC-KR", 2},
    {"58", "$)A", false, "EUC-CN", 2}};
static_assert(std::size(kRepertoires) <= 32);  // bits of announced_

std::uint32_t bit_of(const Repertoire& repertoire) {
  return 1U << (&repertoire - std::begin(kRepertoires));
}

/// The one that an escape sequence chooses; null if none. @param bytes  begin with ESC
const Repertoire* chosen(std::string_view bytes) {
  const auto* found =
      std::find_if(std::begin(kRepertoires), std::end(kRepertoires),
                   [&](const Repertoire& r) { return bytes.substr(1).starts_with(r.escape); });
  return found == std::end(kRepertoires) ? nullptr : found;
}

unsigned char unsigned_of(char c) {
  return static_cast<unsigned char>(c);
}
bool is_high(char c) {
  return unsigned_of(c) >= 0x80;
}
bool is_control(char c) {
  return unsigned_of(c) < 0x20;
}

bool is_c1(char c) {
  return is_high(c) && unsigned_of(c) < 0xA0;
}

bool is_plain(std::string_view bytes) {
  return std::none_of(bytes.begin(), bytes.end(),
                      [](char c) { return is_high(c) || c == kEscape; });
}

/// The bytes up to the first that is none of these.
std::string_view front_of(std::string_view bytes, bool (*is_one)(char)) {
  const auto* end = std::find_if_not(bytes.begin(), bytes.end(), is_one);
  return bytes.substr(0, static_cast<std::size_t>(end - bytes.begin()));
}

bool is_between(std::string_view bytes, std::size_t i, unsigned char low, unsigned char high) {
  return i < bytes.size() && unsigned_of(bytes[i]) >= low && unsigned_of(bytes[i]) <= high;
}

/// Bytes of the character of GB18030 (GBK is a part of it) at the front.
std::size_t gb18030_width(std::string_view bytes) {
  if (!is_between(bytes, 0, 0x81, 0xFE)) return 1;
  if (is_between(bytes, 1, 0x30, 0x39)) {
    return is_between(bytes, 2, 0x81, 0xFE) && is_between(bytes, 3, 0x30, 0x39) ? 4 : 1;
  }
  return is_between(bytes, 1, 0x40, 0x7E) || is_between(bytes, 1, 0x80, 0xFE) ? 2 : 1;
}

struct Term {
  std::string name;  ///< number, or UTF-8, GBK, GB18030
  bool is_exact = true;
};

/// Other makers write ISO-IR 100, ISO 2022-IR 100, iso_ir 100, ISO_IR 87, UTF-8.
Term term_of(std::string_view written) {
  std::string term(written);
  for (char& c : term) {
    if (c == '_' || c == '-') c = ' ';
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  if (term == "UTF 8" || term == "UTF8") return {"192", false};
  for (const std::string_view prefix : {"ISO IR ", "ISO 2022 IR ", "ISO 2022 "}) {
    if (!term.starts_with(prefix)) continue;
    std::string number = term.substr(prefix.size());
    // Some are terms only with code extensions, UTF-8 only without.
    const bool is_extension =
        number == "87" || number == "159" || number == "149" || number == "58";
    const bool is_exact = (written.starts_with("ISO_IR ") && !is_extension) ||
                          (written.starts_with("ISO 2022 IR ") && number != "192");
    return {std::move(number), is_exact};
  }
  return {term, term == written};
}

}  // namespace

void TextNotes::add(const TextNotes& others) {
  replaced = replaced || others.replaced;
  undeclared = undeclared || others.undeclared;
  unknown_escape = unknown_escape || others.unknown_escape;
  unknown_term = unknown_term || others.unknown_term;
}

std::string words_of(const TextNotes& notes) {
  std::string words;
  const auto add = [&](bool is_set, const char* what) {
    if (is_set) words += (words.empty() ? "" : "; ") + std::string(what);
  };
  add(notes.replaced, "holds bytes that are no characters of its character set");
  add(notes.undeclared, "is in part of a character set that is not declared");
  add(notes.unknown_escape, "holds an escape sequence that chooses no character set");
  add(notes.unknown_term, "its character set is declared by no defined term");
  return words;
}

CharacterSet::CharacterSet(std::string_view declared) : declared_(trimmed(declared)) {
  std::string_view rest = declared_;
  for (bool is_first = true;; is_first = false) {
    const std::size_t end = std::min(rest.find('\\'), rest.size());
    const std::string_view term = trimmed(rest.substr(0, end));
    if (!term.empty()) add_term(term, is_first);
    if (end == rest.size() || coding_ != Coding::iso_2022) return;
    rest.remove_prefix(end + 1);
  }
}

void CharacterSet::add_term(std::string_view written, bool is_first) {
  const Term term = term_of(written);
  const bool stands_alone = term.name == "192" || term.name == "GBK" || term.name == "GB18030";
  bool is_known = stands_alone && is_first;
  if (is_known) {
    coding_ = term.name == "192"   ? Coding::utf_8
              : term.name == "GBK" ? Coding::gbk
                                   : Coding::gb18030;
  }
  for (const Repertoire& r : kRepertoires) {
    if (r.number != term.name || r.number == "42") continue;
    is_known = true;
    announced_ |= bit_of(r);
    if (is_first && !r.in_g0) initial_ = &r;
  }
  if (!is_known || !term.is_exact) has_unknown_term_ = true;
}

/// One text.
class CharacterSet::Decoder {
 public:
  Decoder(const CharacterSet& set, TextKind kind) : set_(set), kind_(kind), g1_(set.initial_) {}

  Text decode(std::string_view bytes) {
    text_.notes.unknown_term =
        set_.has_unknown_term_ && std::any_of(bytes.begin(), bytes.end(), is_high);
    while (!bytes.empty()) {
      bytes.remove_prefix(set_.coding_ == Coding::iso_2022 ? iso_2022(bytes) : stand_alone(bytes));
    }
    return std::move(text_);
  }

 private:
  // All return how many of the bytes they have read.

  std::size_t stand_alone(std::string_view bytes) {
    if (bytes.front() == kEscape) return unknown_escape();
    const std::string_view run = bytes.substr(0, bytes.find(kEscape));
    if (set_.coding_ == Coding::utf_8) {
      add_utf8(run);
    } else {
      add(run, "GB18030", 1);
    }
    return run.size();
  }

  std::size_t iso_2022(std::string_view bytes) {
    if (bytes.front() == kEscape) return escape(bytes);
    if (is_high(bytes.front())) return beyond_ascii(bytes);
    if (ends_escapes(bytes.front())) {
      g0_ = nullptr;
      // Writers that name nothing as the first value forget to choose theirs again.
      if (set_.initial_ != nullptr) g1_ = set_.initial_;
      is_reset_ = true;
    } else if (g0_ != nullptr) {
      return kanji(bytes);
    }
    text_.utf8 += bytes.front();
    return 1;
  }

  bool ends_escapes(char c) const {
    if (is_control(c)) return true;
    if (g0_ != nullptr) return false;  // half of a character
    return (c == '\\' && kind_ != TextKind::text) ||
           ((c == '^' || c == '=') && kind_ == TextKind::person_name);
  }

  std::size_t escape(std::string_view bytes) {
    const Repertoire* r = chosen(bytes);
    if (r == nullptr) return unknown_escape();
    if (!r->in_g0) {
      g1_ = r;
      is_reset_ = false;
    } else {
      g0_ = r->codeset == nullptr ? nullptr : r;
    }
    if (r->codeset != nullptr && (set_.announced_ & bit_of(*r)) == 0) text_.notes.undeclared = true;
    return 1 + r->escape.size();
  }

  std::size_t unknown_escape() {
    text_.notes.unknown_escape = true;
    text_.utf8 += kEscape;
    return 1;
  }

  std::size_t beyond_ascii(std::string_view bytes) {
    if (g1_ == nullptr) {
      if (!set_.has_unknown_term_) text_.notes.undeclared = true;
      const std::string_view run = front_of(bytes, is_high);
      add_utf8(run);
      return run.size();
    }
    if (is_reset_ && g1_ != set_.initial_) text_.notes.undeclared = true;
    // No repertoire has these, whatever iconv says (PS3.5 6.1.3).
    if (is_c1(bytes.front())) {
      replace();
      return 1;
    }
    const std::string_view run = front_of(bytes, [](char c) { return is_high(c) && !is_c1(c); });
    if (g1_->codeset == kKatakana) {
      std::for_each(run.begin(), run.end(), [this](char c) { add_katakana(c); });
    } else {
      add(run, g1_->codeset, g1_->width);
    }
    return run.size();
  }

  /// Characters of two bytes of 21H to 7EH; space is not among them and stays what it is.
  std::size_t kanji(std::string_view bytes) {
    std::size_t count = 0;
    while (is_between(bytes, count, 0x21, 0x7E)) ++count;
    if (count == 0) {
      text_.utf8 += bytes.front();
      return 1;
    }
    std::string euc;
    for (std::size_t i = 0; i < count; ++i) {
      if (i % 2 == 0 && g0_->width == 3) euc += '\x8F';
      euc += static_cast<char>(bytes[i] | '\x80');
    }
    add(euc, g0_->codeset, g0_->width);
    return count;
  }

  /// Half-width katakana, U+FF61 to U+FF9F.
  void add_katakana(char c) {
    if (unsigned_of(c) < 0xA1 || unsigned_of(c) > 0xDF) return replace();
    const unsigned code = 0xFF61U + (unsigned_of(c) - 0xA1U);
    text_.utf8 +=
        {static_cast<char>(0xE0 | code >> 12), static_cast<char>(0x80 | (code >> 6 & 0x3F)),
         static_cast<char>(0x80 | (code & 0x3F))};
  }

  void add_utf8(std::string_view bytes) {
    while (!bytes.empty()) {
      const std::size_t count = utf8_front(bytes).bytes;
      if (count == 0) replace();
      text_.utf8 += bytes.substr(0, count);
      bytes.remove_prefix(std::max<std::size_t>(count, 1));
    }
  }

  void add(std::string_view bytes, const char* codeset, std::size_t width) {
    CodesetConverter& converter = converter_from(codeset);
    while (true) {
      bytes.remove_prefix(converter.convert(bytes, text_.utf8));
      if (bytes.empty()) return;
      replace();
      // A whole character that is not there, so that the next one is read from its first byte on.
      const bool is_lead = width == 3 || is_between(bytes, 0, 0xA1, 0xFE);
      std::size_t count = 1;
      while (is_lead && count < width && is_between(bytes, count, 0xA1, 0xFE)) ++count;
      bytes.remove_prefix(count);
    }
  }

  void replace() {
    text_.utf8 += kReplacement;
    text_.notes.replaced = true;
  }

  /// Opened once in a text, which may switch between two with every character.
  CodesetConverter& converter_from(const char* codeset) {
    for (const auto& open : converters_) {
      if (open->from() == codeset) return *open;
    }
    return *converters_.emplace_back(std::make_unique<CodesetConverter>("UTF-8", codeset));
  }

  const CharacterSet& set_;
  const TextKind kind_;
  const Repertoire* g0_ = nullptr;  ///< null: ASCII
  const Repertoire* g1_;            ///< null: nothing
  bool is_reset_ = false;           ///< g1_ was chosen before a delimiter
  std::vector<std::unique_ptr<CodesetConverter>> converters_;
  Text text_;
};

CharacterSet::Text CharacterSet::to_utf8(std::string_view bytes, TextKind kind) const {
  if (is_plain(bytes)) return {std::string(bytes), {}};
  return Decoder(*this, kind).decode(bytes);
}

std::vector<std::string_view> CharacterSet::split(std::string_view bytes, char delimiter) const {
  const bool is_gb = coding_ == Coding::gb18030 || coding_ == Coding::gbk;
  std::vector<std::string_view> pieces;
  std::size_t begin = 0;
  bool kanji = false;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (bytes[i] == kEscape && coding_ == Coding::iso_2022) {
      const Repertoire* r = chosen(bytes.substr(i));
      if (r != nullptr && r->in_g0) kanji = r->codeset != nullptr;
      if (r != nullptr) i += r->escape.size();
    } else if (is_gb) {
      const std::size_t width = gb18030_width(bytes.substr(i));
      if (width == 1 && bytes[i] == delimiter) {
        pieces.push_back(bytes.substr(begin, i - begin));
        begin = i + 1;
      }
      i += width - 1;
    } else if (is_control(bytes[i])) {
      kanji = false;
    } else if (bytes[i] == delimiter && !kanji) {
      pieces.push_back(bytes.substr(begin, i - begin));
      begin = i + 1;
    }
  }
  pieces.push_back(bytes.substr(begin));
  return pieces;
}

std::optional<std::string> CharacterSet::from_utf8(std::string_view text) const {
  if (is_plain(text)) return std::string(text);
  if (text.find(kEscape) != std::string_view::npos || valid_utf8(text) != text) return std::nullopt;
  if (coding_ == Coding::utf_8) return std::string(text);
  const char* codeset = coding_ == Coding::gb18030 ? "GB18030"
                        : coding_ == Coding::gbk   ? "GBK"
                        : initial_ == nullptr      ? nullptr
                                                   : initial_->codeset;
  if (codeset == nullptr || codeset == kKatakana) return std::nullopt;
  std::string out;
  if (CodesetConverter(codeset, "UTF-8").convert(text, out) < text.size()) return std::nullopt;
  return out;
}

}  // namespace osler::dicom
