#include "page/html_table.hpp"

#include <fmt/format.h>

#include "page/html_text.hpp"

namespace osler::page {

std::string table_begin(const std::string& caption, const std::vector<Column>& columns) {
  std::string html = fmt::format(
      "<table role=\"table\"><caption class=\"unseen\">{}</caption>"
      "<thead role=\"rowgroup\"><tr role=\"row\">",
      escaped(caption));
  for (const Column& column : columns) {
    html += fmt::format("<th scope=\"col\" role=\"columnheader\"{}>{}</th>",
                        column.numbers ? " class=\"n\"" : "", escaped(column.title));
  }
  return html + "</tr></thead>\n<tbody role=\"rowgroup\">\n";
}

std::string table_row(const std::string& style, const std::vector<Column>& columns,
                      const std::vector<Cell>& cells) {
  std::string html = fmt::format("<tr role=\"row\" class=\"{}\">", style);
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (i == 0) {
      html += fmt::format("<th scope=\"row\" role=\"rowheader\">{}</th>", cells[i].html);
      continue;
    }
    html += fmt::format("<td role=\"cell\" class=\"{}{}\" data-label=\"{}\">{}</td>",
                        columns[i].numbers ? "n " : "", cells[i].style, escaped(columns[i].title),
                        cells[i].html);
  }
  return html + "</tr>\n";
}

}  // namespace osler::page
