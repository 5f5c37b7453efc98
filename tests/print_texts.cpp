// print_texts: for a judge. Of each line of standard input - the declared character sets, the kind
// of text (text, values, person_name) and the bytes, all but the kind in hexadecimal, between tabs
// - one line: the text as UTF-8 in hexadecimal, a tab, and the letters of its notes: r(eplaced),
// u(ndeclared), e(scape), t(erm).

#include <iostream>
#include <string>

#include "dicom/character_set.hpp"

namespace {

std::string from_hex(const std::string& text) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(text.substr(i, 2), nullptr, 16));
  }
  return bytes;
}

std::string to_hex(const std::string& bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text += {kDigits[byte >> 4], kDigits[byte & 15]};
  }
  return text;
}

}  // namespace

int main() {
  using osler::dicom::TextKind;
  std::string line;
  while (std::getline(std::cin, line)) {
    const std::size_t first = line.find('\t'), second = line.find('\t', first + 1);
    const std::string kind = line.substr(first + 1, second - first - 1);
    const osler::dicom::CharacterSet set(from_hex(line.substr(0, first)));
    const auto text =
        set.to_utf8(from_hex(line.substr(second + 1)), kind == "text"     ? TextKind::text
                                                       : kind == "values" ? TextKind::values
                                                                          : TextKind::person_name);
    std::cout << to_hex(text.utf8) << '\t' << (text.notes.replaced ? "r" : "")
              << (text.notes.undeclared ? "u" : "") << (text.notes.unknown_escape ? "e" : "")
              << (text.notes.unknown_term ? "t" : "") << '\n';
  }
  return 0;
}
