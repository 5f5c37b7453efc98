#include "page/pdf_canvas.hpp"

#include <fmt/format.h>
#include <hpdf.h>

#include <algorithm>
#include <type_traits>

#include "core/error.hpp"
#include "core/utf8.hpp"
#include "page/pdf_text.hpp"

namespace osler::page {
namespace {

constexpr double kPageWidth = 595.276, kPageHeight = 841.890;  // A4
constexpr double kMargin = 48;
constexpr double kBannerHeight = 22;
constexpr double kTop = kPageHeight - kBannerHeight - 20;
constexpr double kBottom = 52;  // above the footer
constexpr double kWidth = kPageWidth - 2 * kMargin;
constexpr double kLeading = 1.35;  // of the size of text
constexpr double kPadding = 4;     // of cells
constexpr Rgb kBannerColour{154, 52, 18}, kFaint{95, 95, 95}, kRule{200, 200, 200};

HPDF_REAL real(double value) {
  return static_cast<HPDF_REAL>(value);
}

struct DocumentDeleter {
  void operator()(HPDF_Doc document) const { HPDF_Free(document); }
};

void fill(HPDF_Page page, const Rgb& c) {
  HPDF_Page_SetRGBFill(page, real(c[0] / 255.0), real(c[1] / 255.0), real(c[2] / 255.0));
}

}  // namespace

struct PdfCanvas::State {
  State(const PdfFonts& fonts, std::string words)
      : document(HPDF_New(nullptr, nullptr)), banner(std::move(words)) {
    if (!document) throw Error(ErrorCode::internal, "libharu cannot make a document");
    HPDF_SetCompressionMode(document.get(), HPDF_COMP_ALL);
    HPDF_SetInfoAttr(document.get(), HPDF_INFO_TITLE, banner.c_str());
    HPDF_SetInfoAttr(document.get(), HPDF_INFO_CREATOR, "osler");
    text = std::make_unique<PdfText>(document.get(), fonts);
    new_page();
  }

  void check() const {
    const HPDF_STATUS status = HPDF_GetError(document.get());
    if (status != HPDF_OK) {
      throw Error(ErrorCode::internal, fmt::format("libharu fails with 0x{:04X}", status));
    }
  }

  void new_page() {
    page = HPDF_AddPage(document.get());
    check();
    HPDF_Page_SetWidth(page, real(kPageWidth));
    HPDF_Page_SetHeight(page, real(kPageHeight));
    pages.push_back(page);
    fill(page, kBannerColour);
    HPDF_Page_Rectangle(page, 0, real(kPageHeight - kBannerHeight), real(kPageWidth),
                        real(kBannerHeight));
    HPDF_Page_Fill(page);
    const TextStyle style{10, true, {255, 255, 255}};
    const double wide = text->width_pt(banner, style.size_pt, true);
    put((kPageWidth - wide) / 2, kPageHeight - 15, banner, style);
    y = kTop;
  }

  /// Makes sure that so much fits below. @return whether it took a new page
  bool need(double height) {
    if (y - height >= kBottom || y == kTop) return false;
    new_page();
    return true;
  }

  /// @param utf8  one line that is valid; its left end stands at (x, baseline)
  void put(double x, double baseline, std::string_view utf8, const TextStyle& style) {
    fill(page, style.colour);
    HPDF_Page_BeginText(page);
    HPDF_Page_MoveTextPos(page, real(x), real(baseline));
    for (const PdfText::Run& run : text->runs(utf8, style.bold)) {
      HPDF_Page_SetFontAndSize(page, static_cast<HPDF_Font>(run.font), real(style.size_pt));
      HPDF_Page_ShowText(page, run.bytes.c_str());
    }
    HPDF_Page_EndText(page);
  }

  void lines(double x, double width, std::string_view words, const TextStyle& style) {
    for (const std::string& line : text->wrapped(words, width, style.size_pt, style.bold)) {
      need(style.size_pt * kLeading);
      y -= style.size_pt * kLeading;
      put(x, y, line, style);
    }
  }

  void rule() {
    HPDF_Page_SetRGBStroke(page, real(kRule[0] / 255.0), real(kRule[1] / 255.0),
                           real(kRule[2] / 255.0));
    HPDF_Page_SetLineWidth(page, real(0.5));
    HPDF_Page_MoveTo(page, real(kMargin), real(y));
    HPDF_Page_LineTo(page, real(kMargin + kWidth), real(y));
    HPDF_Page_Stroke(page);
  }

  /// The wrapped cells of a row, and how high they are together.
  struct Cells {
    std::vector<std::vector<std::string>> lines;
    std::size_t most = 1;
  };
  Cells cells_of(const Row& row, const std::vector<double>& widths, const TextStyle& style) {
    Cells cells;
    for (std::size_t i = 0; i < row.cells.size(); ++i) {
      cells.lines.push_back(
          text->wrapped(row.cells[i], widths[i] - 2 * kPadding, style.size_pt, style.bold));
      cells.most = std::max(cells.most, cells.lines.back().size());
    }
    return cells;
  }

  void put_row(const Cells& cells, const std::vector<double>& widths,
               const std::vector<Column>& columns, const TextStyle& style) {
    const double step = style.size_pt * kLeading;
    double x = kMargin;
    for (std::size_t i = 0; i < cells.lines.size(); ++i) {
      double baseline = y - step;
      for (const std::string& line : cells.lines[i]) {
        const double wide = text->width_pt(line, style.size_pt, style.bold);
        put(columns[i].right ? x + widths[i] - kPadding - wide : x + kPadding, baseline, line,
            style);
        baseline -= step;
      }
      x += widths[i];
    }
    y -= step * static_cast<double>(cells.most) + kPadding;
    rule();
  }

  std::unique_ptr<std::remove_pointer_t<HPDF_Doc>, DocumentDeleter> document;
  std::string banner;
  std::unique_ptr<PdfText> text;
  std::vector<HPDF_Page> pages;
  HPDF_Page page = nullptr;
  double y = 0;  // what is free ends here
};

PdfCanvas::PdfCanvas(const PdfFonts& fonts, std::string banner)
    : state_(std::make_unique<State>(fonts, std::move(banner))) {}

PdfCanvas::~PdfCanvas() = default;

void PdfCanvas::heading(std::string_view text, double size_pt) {
  State& s = *state_;
  s.need(size_pt * 5);  // not alone at the end of a page
  if (s.y != kTop) s.y -= size_pt * 0.7;
  s.lines(kMargin, kWidth, text, {size_pt, true});
  s.y -= 6;
}

void PdfCanvas::paragraph(std::string_view text, const TextStyle& style) {
  state_->lines(kMargin, kWidth, text, style);
  state_->y -= 2;
}

void PdfCanvas::bullet(std::string_view text) {
  State& s = *state_;
  const TextStyle style;
  s.need(style.size_pt * kLeading);
  s.put(kMargin, s.y - style.size_pt * kLeading, "-", style);
  s.lines(kMargin + 10, kWidth - 10, text, style);
  s.y -= 2;
}

void PdfCanvas::table(const std::vector<Column>& columns, const Row& head,
                      const std::vector<Row>& rows) {
  State& s = *state_;
  double shares = 0;
  for (const Column& column : columns) shares += column.share;
  std::vector<double> widths;
  widths.reserve(columns.size());
  for (const Column& column : columns) widths.push_back(kWidth * column.share / shares);
  const TextStyle head_style{8, true, kFaint};
  const State::Cells head_cells = s.cells_of(head, widths, head_style);
  const double head_height = head_style.size_pt * kLeading * 2;
  bool has_head = false;
  for (const Row& row : rows) {
    const TextStyle style{9, row.bold};
    State::Cells cells = s.cells_of(row, widths, style);
    const double step = style.size_pt * kLeading;
    // A row that is higher than a page is cut there.
    const auto most = static_cast<std::size_t>((kTop - kBottom - head_height - kPadding) / step);
    for (auto& lines : cells.lines) lines.resize(std::min(lines.size(), most));
    cells.most = std::min(cells.most, most);
    const double height = step * static_cast<double>(cells.most) + kPadding;
    if (s.need(has_head ? height : height + head_height)) has_head = false;
    if (!has_head) s.put_row(head_cells, widths, columns, head_style);
    has_head = true;
    s.put_row(cells, widths, columns, style);
  }
  s.y -= 6;
}

void PdfCanvas::legend(const std::vector<LegendItem>& items) {
  State& s = *state_;
  constexpr double kSquare = 8, kStep = 13;
  const TextStyle style{8};
  for (std::size_t i = 0; i < items.size(); ++i) {
    const bool first = i % 2 == 0;
    if (first) {
      s.need(kStep);
      s.y -= kStep;
    }
    const double x = kMargin + (first ? 0 : kWidth / 2);
    fill(s.page, items[i].colour);
    HPDF_Page_Rectangle(s.page, real(x), real(s.y), real(kSquare), real(kSquare));
    HPDF_Page_Fill(s.page);
    const double width = kWidth / 2 - 2 * kSquare;
    s.put(x + 1.6 * kSquare, s.y + 1,
          s.text->wrapped(items[i].text, width, style.size_pt, false)[0], style);
  }
  s.y -= 8;
}

void PdfCanvas::pictures(const std::vector<Picture>& pictures,
                         const std::vector<std::string>& captions) {
  State& s = *state_;
  constexpr double kGap = 12, kBox = (kWidth - kGap) / 2, kCaption = 26;
  const TextStyle style{8, false, kFaint};
  const auto scale = [](const Picture& p) { return kBox / std::max({p.width, p.height, 1}); };
  for (std::size_t i = 0; i < pictures.size(); i += 2) {
    const std::size_t end = std::min(i + 2, pictures.size());
    double row = 0;
    for (std::size_t j = i; j < end; ++j) {
      row = std::max(row, pictures[j].height * scale(pictures[j]));
    }
    s.need(row + kCaption);
    s.y -= row;
    for (std::size_t j = i; j < end; ++j) {
      const Picture& picture = pictures[j];
      const HPDF_Image image = HPDF_LoadRawImageFromMem(
          s.document.get(), picture.rgb.data(), static_cast<HPDF_UINT>(picture.width),
          static_cast<HPDF_UINT>(picture.height), HPDF_CS_DEVICE_RGB, 8);
      s.check();
      const double wide = picture.width * scale(picture), high = picture.height * scale(picture);
      const double x = kMargin + (j == i ? 0 : kBox + kGap);
      HPDF_Page_DrawImage(s.page, image, real(x), real(s.y + row - high), real(wide), real(high));
      s.put(x, s.y - 11, s.text->wrapped(captions[j], kBox, style.size_pt, false)[0], style);
    }
    s.y -= kCaption;
  }
}

bool PdfCanvas::lacked_characters() const {
  return state_->text->lacked_characters();
}

std::string PdfCanvas::finish(std::string_view footer) {
  State& s = *state_;
  const TextStyle style{7.5, false, kFaint};
  for (std::size_t i = 0; i < s.pages.size(); ++i) {
    s.page = s.pages[i];
    s.put(kMargin, 30, s.text->wrapped(footer, kWidth - 80, style.size_pt, false)[0], style);
    const std::string number = fmt::format("page {} of {}", i + 1, s.pages.size());
    s.put(kMargin + kWidth - s.text->width_pt(number, style.size_pt, false), 30, number, style);
  }
  s.check();
  s.text->complete_fonts();
  HPDF_SaveToStream(s.document.get());
  s.check();
  std::string bytes(HPDF_GetStreamSize(s.document.get()), '\0');
  HPDF_ResetStream(s.document.get());
  auto size = static_cast<HPDF_UINT32>(bytes.size());
  HPDF_ReadFromStream(s.document.get(), reinterpret_cast<HPDF_BYTE*>(bytes.data()), &size);
  bytes.resize(size);
  return bytes;
}

}  // namespace osler::page
