#pragma once
// Tables of report.html: rows become cards on a narrow screen, which takes their meaning from
// HTML's own elements; roles give it back.

#include <string>
#include <vector>

namespace osler::page {

struct Column {
  std::string title;     ///< escaped here
  bool numbers = false;  ///< to the right, not broken
};

struct Cell {
  std::string html;
  std::string style;  ///< class
};

/// @param caption  read aloud, not shown
/// @param columns  the first one holds what a row is about: its header
std::string table_begin(const std::string& caption, const std::vector<Column>& columns);

/// @param style  class of the row
/// @param cells  one for each column
std::string table_row(const std::string& style, const std::vector<Column>& columns,
                      const std::vector<Cell>& cells);

inline constexpr char kTableEnd[] = "</tbody></table>\n";

}  // namespace osler::page
