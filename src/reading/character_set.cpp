#include "reading/character_set.hpp"

#include <iconv.h>

#include <algorithm>
#include <array>

namespace osler::reading {
namespace {

constexpr char kReplacement[] = "\xEF\xBF\xBD";  // U+FFFD
constexpr char kEscape = '\x1B';
constexpr char kAscii[] = "ASCII";
constexpr char kKatakana[] = "JIS X 0201";  // iconv of glibc lacks it

struct Term {
  std::string_view defined;  ///< without "ISO_IR " or "ISO 2022 IR "
  const char* encoding;      ///< as iconv calls what stands beside ASCII
};
constexpr Term kTerms[] = {{"6", kAscii},          {"100", "ISO-8859-1"},  {"101", "ISO-8859-2"},
                           {"109", "ISO-8859-3"},  {"110", "ISO-8859-4"},  {"144", "ISO-8859-5"},
                           {"127", "ISO-8859-6"},  {"126", "ISO-8859-7"},  {"138", "ISO-8859-8"},
                           {"148", "ISO-8859-9"},  {"203", "ISO-8859-15"}, {"13", kKatakana},
                           {"166", "ISO-8859-11"}, {"192", "UTF-8"},       {"87", kAscii},
                           {"159", kAscii},        {"149", "EUC-KR"},      {"58", "GB2312"}};

// ISO-IR 14 (romaji) differs from ASCII in the signs of yen and overline, of which the first is
// DICOM's backslash: read as ASCII.
enum class Low { ascii, jis_x0208, jis_x0212 };

struct Escape {
  std::string_view bytes;  ///< after ESC
  std::optional<Low> low;  ///< G0, if it changes that one
  const char* high;        ///< G1, if it changes that one
};
// PS3.3 tables C.12-3 and C.12-4.
constexpr Escape kEscapes[] = {
    {"(B", Low::ascii, nullptr},         {"(J", Low::ascii, nullptr},
    {"$B", Low::jis_x0208, nullptr},     {"$@", Low::jis_x0208, nullptr},
    {"$(D", Low::jis_x0212, nullptr},    {")I", std::nullopt, kKatakana},
    {"-A", std::nullopt, "ISO-8859-1"},  {"-B", std::nullopt, "ISO-8859-2"},
    {"-C", std::nullopt, "ISO-8859-3"},  {"-D", std::nullopt, "ISO-8859-4"},
    {"-L", std::nullopt, "ISO-8859-5"},  {"-G", std::nullopt, "ISO-8859-6"},
    {"-F", std::nullopt, "ISO-8859-7"},  {"-H", std::nullopt, "ISO-8859-8"},
    {"-M", std::nullopt, "ISO-8859-9"},  {"-b", std::nullopt, "ISO-8859-15"},
    {"-T", std::nullopt, "ISO-8859-11"}, {"$)C", std::nullopt, "EUC-KR"},
    {"$)A", std::nullopt, "GB2312"}};

bool is_high(char c) {
  return static_cast<unsigned char>(c) >= 0x80;
}

bool is_ascii(std::string_view text) {
  return std::none_of(text.begin(), text.end(), is_high);
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.back() == ' ' || text.back() == '\0')) text.remove_suffix(1);
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  return text;
}

/// The encoding that a defined term names; nothing if it is not one of the standard's.
std::optional<std::string> encoding_of(std::string_view term) {
  if (term.empty()) return kAscii;
  if (term == "GB18030" || term == "GBK") return std::string(term);
  for (const std::string_view prefix : {"ISO_IR ", "ISO 2022 IR "}) {
    if (!term.starts_with(prefix)) continue;
    for (const Term& t : kTerms) {
      if (t.defined == term.substr(prefix.size())) return t.encoding;
    }
  }
  return std::nullopt;
}

/// Half-width katakana, U+FF61 to U+FF9F. Nothing if a byte is none.
std::optional<std::string> katakana(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0xA1 || byte > 0xDF) return std::nullopt;
    const unsigned code = 0xFF61U + (byte - 0xA1U);
    out += {static_cast<char>(0xE0 | code >> 12), static_cast<char>(0x80 | (code >> 6 & 0x3F)),
            static_cast<char>(0x80 | (code & 0x3F))};
  }
  return out;
}

/// Japanese two-byte characters as EUC-JP has them.
std::string as_euc(std::string_view bytes, Low set) {
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (set == Low::jis_x0212 && i % 2 == 0) out += '\x8F';
    out += static_cast<char>(bytes[i] | '\x80');
  }
  return out;
}

}  // namespace

class CharacterSet::Converter {
 public:
  Converter(const std::string& from, const std::string& to)
      : handle_(::iconv_open(to.c_str(), from.c_str())) {}
  ~Converter() {
    if (is_open()) ::iconv_close(handle_);
  }
  Converter(const Converter&) = delete;
  Converter& operator=(const Converter&) = delete;

  /// Nothing if not all of it can be converted.
  std::optional<std::string> convert(std::string_view bytes) {
    if (!is_open()) return std::nullopt;
    ::iconv(handle_, nullptr, nullptr, nullptr, nullptr);
    std::string in(bytes), out;
    char* from = in.data();
    std::size_t left = in.size();
    while (left > 0) {
      std::array<char, 512> block;
      char* to = block.data();
      std::size_t room = block.size();
      const std::size_t result = ::iconv(handle_, &from, &left, &to, &room);
      const std::size_t made = block.size() - room;
      out.append(block.data(), made);
      if (result == static_cast<std::size_t>(-1) && made == 0) return std::nullopt;
    }
    return out;
  }

 private:
  bool is_open() const { return handle_ != reinterpret_cast<iconv_t>(-1); }
  iconv_t handle_;
};

CharacterSet::CharacterSet(std::string_view declared) : declared_(trimmed(declared)) {
  const std::size_t end = std::min(declared_.find('\\'), declared_.size());
  const std::string_view first = trimmed(std::string_view(declared_).substr(0, end));
  is_extended_ = end < declared_.size() || first.starts_with("ISO 2022");
  const auto encoding = encoding_of(first);
  is_known_ = encoding.has_value();
  encoding_ = encoding.value_or(kAscii);
}

CharacterSet::~CharacterSet() = default;
CharacterSet::CharacterSet(CharacterSet&&) noexcept = default;
CharacterSet& CharacterSet::operator=(CharacterSet&&) noexcept = default;

CharacterSet::Converter& CharacterSet::converter(const std::string& from, const std::string& to) {
  auto& made = converters_[from + ">" + to];
  if (!made) made = std::make_unique<Converter>(from, to);
  return *made;
}

void CharacterSet::add_run(std::string_view bytes, const std::string& encoding, Text& text) {
  const auto utf8 =
      encoding == kKatakana ? katakana(bytes) : converter(encoding, "UTF-8").convert(bytes);
  if (utf8) {
    text.utf8 += *utf8;
    return;
  }
  text.whole = false;
  // One by one: what can be read is shown.
  for (const char c : bytes)
    text.utf8 += is_high(c) ? std::string(kReplacement) : std::string(1, c);
}

CharacterSet::Text CharacterSet::to_utf8(std::string_view bytes, bool is_person_name) {
  if (is_extended_) return extended_to_utf8(bytes, is_person_name);
  if (is_ascii(bytes)) return {std::string(bytes), true};
  if (encoding_ == kKatakana) return extended_to_utf8(bytes, is_person_name);
  Text text;
  if (encoding_ == kAscii) {
    text.whole = false;
    add_run(bytes, "UTF-8", text);
  } else {
    add_run(bytes, encoding_, text);
  }
  return text;
}

CharacterSet::Text CharacterSet::extended_to_utf8(std::string_view bytes, bool is_person_name) {
  Low low = Low::ascii;
  std::string high = encoding_;
  Text text;
  text.whole = is_known_;
  while (!bytes.empty()) {
    if (bytes.front() == kEscape) {
      const auto known =
          std::find_if(std::begin(kEscapes), std::end(kEscapes),
                       [&](const Escape& e) { return bytes.substr(1, e.bytes.size()) == e.bytes; });
      if (known != std::end(kEscapes)) {
        if (known->low) low = *known->low;
        if (known->high != nullptr) high = known->high;
        bytes.remove_prefix(1 + known->bytes.size());
        continue;
      }
      text.whole = false;
      text.utf8 += kEscape;
      bytes.remove_prefix(1);
      continue;
    }
    const bool is_control = static_cast<unsigned char>(bytes.front()) < 0x20;
    const bool two_bytes = low == Low::jis_x0208 || low == Low::jis_x0212;
    const bool delimits = is_control || (is_person_name && !two_bytes &&
                                         (bytes.front() == '^' || bytes.front() == '='));
    if (delimits) {  // code extensions end here (PS3.5 6.1.2.5.3)
      text.utf8 += bytes.front();
      bytes.remove_prefix(1);
      low = Low::ascii;
      // Of some writers what was designated last still holds, where the first value has nothing.
      if (encoding_ != kAscii) high = encoding_;
      continue;
    }
    std::size_t count = 1;
    const bool is_high_run = is_high(bytes.front());
    while (count < bytes.size() && is_high(bytes[count]) == is_high_run &&
           static_cast<unsigned char>(bytes[count]) >= 0x20 &&
           !(is_person_name && !two_bytes && (bytes[count] == '^' || bytes[count] == '='))) {
      ++count;
    }
    const std::string_view run = bytes.substr(0, count);
    if (is_high_run) {
      add_run(run, high, text);
    } else if (two_bytes) {
      add_run(as_euc(run, low), "EUC-JP", text);
    } else {
      text.utf8 += run;
    }
    bytes.remove_prefix(count);
  }
  return text;
}

std::optional<std::string> CharacterSet::from_utf8(std::string_view text) {
  if (is_ascii(text)) return std::string(text);
  if (is_extended_ || !is_known_ || encoding_ == kAscii || encoding_ == kKatakana)
    return std::nullopt;
  return converter("UTF-8", encoding_).convert(text);
}

}  // namespace osler::reading
