#include "dicom/text_decoder.hpp"

#include <iconv.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "core/utf8.hpp"
#include "dicom/values.hpp"

namespace osler::dicom {
namespace {

constexpr char kReplacement[] = "\xEF\xBF\xBD";
constexpr char kEscape = 0x1B;

/// Defined terms after "ISO_IR " or "ISO 2022 IR ", the escape sequence that chooses the set, and
/// the set with ASCII beside it.
struct CharacterSet {
  std::string_view number;
  std::string_view escape;
  const char* codeset;
};
constexpr CharacterSet kSets[] = {
    {"100", "-A", "ISO-8859-1"},  {"101", "-B", "ISO-8859-2"}, {"109", "-C", "ISO-8859-3"},
    {"110", "-D", "ISO-8859-4"},  {"144", "-L", "ISO-8859-5"}, {"127", "-G", "ISO-8859-6"},
    {"126", "-F", "ISO-8859-7"},  {"138", "-H", "ISO-8859-8"}, {"148", "-M", "ISO-8859-9"},
    {"203", "-b", "ISO-8859-15"}, {"166", "-T", "TIS-620"},    {"13", ")I", "SHIFT_JIS"},
    {"149", "$)C", "EUC-KR"},     {"58", "$)A", "EUC-CN"},     {"6", "(B", nullptr},
    {"14", "(J", nullptr}};

/// JIS X 0208 and 0212: two bytes a character, in the place of ASCII.
constexpr std::string_view kKanji[] = {"$B", "$@", "$(D"};

std::string_view kanji_escape(std::string_view after_escape) {
  const auto* found = std::find_if(std::begin(kKanji), std::end(kKanji),
                                   [&](std::string_view e) { return after_escape.starts_with(e); });
  return found == std::end(kKanji) ? std::string_view() : *found;
}

const char* codeset_of(std::string_view term) {
  if (term == "GB18030" || term == "GBK") return "GB18030";  // which GBK is a part of
  const auto number = term.substr(std::min(term.rfind(' ') + 1, term.size()));
  for (const CharacterSet& set : kSets) {
    if (set.number == number) return set.codeset;
  }
  return nullptr;
}

/// @param codeset  null: UTF-8 already
std::string to_utf8(const char* codeset, std::string bytes) {
  const auto none = reinterpret_cast<iconv_t>(-1);  // NOLINT(performance-no-int-to-ptr): POSIX
  const iconv_t converter = codeset == nullptr ? none : iconv_open("UTF-8", codeset);
  if (converter == none) return valid_utf8(bytes);
  std::string out;
  char* in = bytes.data();
  std::size_t left = bytes.size();
  while (left > 0) {
    char block[256];
    char* end = block;
    std::size_t room = sizeof block;
    const bool failed = iconv(converter, &in, &left, &end, &room) == static_cast<std::size_t>(-1);
    out.append(block, end);
    if (failed && errno != E2BIG) {
      out += kReplacement;
      ++in;
      --left;
    }
  }
  iconv_close(converter);
  return out;
}

bool is_plain(std::string_view bytes) {
  return std::all_of(bytes.begin(), bytes.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x80 && c != kEscape; });
}

}  // namespace

TextDecoder::TextDecoder(std::string_view character_set) {
  const std::string_view terms = trimmed(character_set);
  code_extension_ = terms.find('\\') != std::string_view::npos || terms.starts_with("ISO 2022");
  codeset_ = codeset_of(trimmed(terms.substr(0, terms.find('\\'))));
}

std::string TextDecoder::decode(std::string_view bytes, bool is_name) const {
  if (is_plain(bytes)) return std::string(bytes);
  if (!code_extension_) return to_utf8(codeset_, std::string(bytes));
  std::string out;
  std::string run;  // of one set
  const char* codeset = codeset_;
  const auto end_run = [&] {
    if (!run.empty()) out += to_utf8(codeset, std::exchange(run, {}));
  };
  for (std::size_t i = 0; i < bytes.size();) {
    const std::string_view rest = bytes.substr(i);
    const std::string_view kanji = rest[0] == kEscape ? kanji_escape(rest.substr(1)) : "";
    if (!kanji.empty()) {
      end_run();
      const std::size_t end = std::min(rest.find_first_of("\x1B\r\n\f\t", 1), rest.size());
      out += to_utf8("ISO-2022-JP-2", std::string(rest.substr(0, end)));
      i += end;
      continue;
    }
    if (rest[0] == kEscape) {
      const auto* set = std::find_if(std::begin(kSets), std::end(kSets), [&](const auto& one) {
        return rest.substr(1).starts_with(one.escape);
      });
      if (set != std::end(kSets)) {
        end_run();
        // ASCII and its Japanese likeness take the place of kanji and leave the other set alone.
        if (set->codeset != nullptr) codeset = set->codeset;
        i += 1 + set->escape.size();
        continue;
      }
    }
    const bool resets = rest[0] == '\r' || rest[0] == '\n' || rest[0] == '\f' || rest[0] == '\t' ||
                        (is_name && rest[0] == '^');
    if (resets) {
      end_run();
      codeset = codeset_;
    }
    run += rest[0];
    ++i;
  }
  end_run();
  return out;
}

std::string TextDecoder::decode_name(std::string_view bytes) const {
  std::string name;
  bool first = true;
  for (const std::string_view group : split(bytes, '=')) {
    if (!std::exchange(first, false)) name += '=';
    name += decode(group, true);
  }
  return name;
}

std::vector<std::string_view> TextDecoder::split(std::string_view bytes, char delimiter) const {
  const bool gb = codeset_ != nullptr && std::string_view(codeset_) == "GB18030";
  std::vector<std::string_view> pieces;
  std::size_t begin = 0;
  bool kanji = false;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const auto byte = static_cast<unsigned char>(bytes[i]);
    if (code_extension_ && bytes[i] == kEscape) {
      kanji = !kanji_escape(bytes.substr(i + 1)).empty();
    } else if (gb && byte >= 0x81) {
      const bool four = i + 1 < bytes.size() && bytes[i + 1] >= '0' && bytes[i + 1] <= '9';
      i += four ? 3 : 1;
    } else if (bytes[i] == delimiter && !kanji) {
      pieces.push_back(bytes.substr(begin, i - begin));
      begin = i + 1;
    }
  }
  pieces.push_back(bytes.substr(begin));
  return pieces;
}

}  // namespace osler::dicom
