#pragma once
// What a page says, for tests: no parser, only what its own writer can have written.

#include <string>
#include <string_view>
#include <vector>

namespace osler::page {

inline int count(std::string_view page, std::string_view words) {
  int found = 0;
  for (std::size_t at = page.find(words); at != std::string_view::npos;
       at = page.find(words, at + 1)) {
    ++found;
  }
  return found;
}

/// The text between the first `from` and the next `to`; empty if they are not there.
inline std::string between(std::string_view page, std::string_view from, std::string_view to) {
  const std::size_t begin = page.find(from);
  if (begin == std::string_view::npos) return "";
  const std::size_t start = begin + from.size(), end = page.find(to, start);
  return end == std::string_view::npos ? "" : std::string(page.substr(start, end - start));
}

inline std::string without_tags(std::string_view html) {
  std::string text;
  bool tag = false;
  for (const char c : html) {
    if (c == '<') tag = true;
    if (!tag) text += c;
    if (c == '>') tag = false;
  }
  return text;
}

/// Texts of the cells beside the header cell that says `name`; empty if there is no such row.
inline std::vector<std::string> row(std::string_view page, std::string_view name) {
  for (std::size_t at = page.find("<tr"); at != std::string_view::npos;
       at = page.find("<tr", at + 1)) {
    const std::string_view html = page.substr(at, page.find("</tr>", at) - at);
    std::vector<std::string> cells;
    for (std::size_t cell = html.find("<t", 1); cell != std::string_view::npos;
         cell = html.find("<t", cell + 1)) {
      cells.push_back(without_tags(html.substr(cell, html.find("</t", cell) - cell)));
    }
    if (cells.empty() || cells[0] != name) continue;
    cells.erase(cells.begin());
    return cells;
  }
  return {};
}

}  // namespace osler::page
