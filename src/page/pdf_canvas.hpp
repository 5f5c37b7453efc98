#pragma once
// A4 pages that fill from top to bottom: text, tables, pictures. Inside the room only.

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "page/pdf.hpp"
#include "page/pictures.hpp"

namespace osler::page {

using Rgb = std::array<std::uint8_t, 3>;

struct TextStyle {
  double size_pt = 9;
  bool bold = false;
  Rgb colour{20, 20, 20};
};

struct Column {
  double share = 1;  ///< of the width, beside the shares of the others
  bool right = false;
};

struct Row {
  std::vector<std::string> cells;  ///< as many as columns
  bool bold = false;
};

struct LegendItem {
  Rgb colour{};
  std::string text;
};

/// Words are wrapped, a word wider than its column is cut, what does not fit begins a new page.
/// Text may be any bytes: it is printed as one line of valid UTF-8, a character that no font has as
/// a question mark.
class PdfCanvas {
 public:
  /// @param banner  stands at the top of each page. @throws Error internal
  PdfCanvas(const PdfFonts& fonts, std::string banner);
  ~PdfCanvas();

  void heading(std::string_view text, double size_pt = 12);
  void paragraph(std::string_view text, const TextStyle& style = {});
  void bullet(std::string_view text);
  /// The head is there again on each page that the table goes on to.
  void table(const std::vector<Column>& columns, const Row& head, const std::vector<Row>& rows);
  void legend(const std::vector<LegendItem>& items);
  /// Two in a row.
  void pictures(const std::vector<Picture>& pictures, const std::vector<std::string>& captions);

  /// Whether a character was printed as a question mark.
  bool lacked_characters() const;

  /// Footer and "page 1 of 3" on every page; the document's bytes. Nothing can be added then.
  /// @throws Error internal
  std::string finish(std::string_view footer);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace osler::page
