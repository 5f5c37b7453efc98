#include "core/plain_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace osler {
namespace {

struct Spelling {
  std::string_view utf8;
  std::string_view ascii;
};
constexpr Spelling kSpellings[] = {
    {"\u00b1", "+-"},       {"\u00b5", "u"},  {"\u00b3", "3"},  {"\u00b2", "2"},  {"\u00d7", "x"},
    {"\u2013", "-"},        {"\u2014", "-"},  {"\u2212", "-"},  {"\u2018", "'"},  {"\u2019", "'"},
    {"\u201c", "\""},       {"\u201d", "\""}, {"\u2264", "<="}, {"\u2265", ">="}, {"\u2026", "..."},
    {"\u00b0", " degrees"}, {"\u00a0", " "}};

}  // namespace

std::string plain_ascii(std::string_view utf8) {
  std::string out;
  for (std::size_t i = 0; i < utf8.size();) {
    const auto byte = static_cast<unsigned char>(utf8[i]);
    if (byte < 0x80) {
      if (byte == '\\') {
        out += '/';
      } else {
        out += byte < 0x20 || byte == 0x7F ? ' ' : utf8[i];
      }
      ++i;
      continue;
    }
    const auto known =
        std::find_if(std::begin(kSpellings), std::end(kSpellings),
                     [&](const Spelling& s) { return utf8.substr(i, s.utf8.size()) == s.utf8; });
    out += known == std::end(kSpellings) ? std::string_view("?") : known->ascii;
    ++i;
    while (i < utf8.size() && (static_cast<unsigned char>(utf8[i]) & 0xC0) == 0x80) ++i;
  }
  return out;
}

std::string decimal_string(double value) {
  if (value == 0) return "0";
  for (int digits = 15; digits > 0; --digits) {
    std::string text = fmt::format("{:.{}g}", value, digits);
    if (text.size() <= 16) return text;
  }
  return "0";
}

}  // namespace osler
