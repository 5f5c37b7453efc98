#include "page/pdf_text.hpp"

#include <hpdf.h>
#include <hpdf_font.h>
#include <hpdf_fontdef.h>

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <utility>

#include "core/utf8.hpp"

namespace osler::page {
namespace {

constexpr std::size_t kLongestRun = 4096;  // bytes; libharu takes no string over 32767

std::vector<PdfText::Font> load(
    HPDF_Doc document, const std::vector<std::filesystem::path>& files,
    std::vector<std::pair<PdfText::Font, std::filesystem::path>>& embedded) {
  std::vector<PdfText::Font> fonts;
  for (const auto& file : files) {
    const char* name = HPDF_LoadTTFontFromFile(document, file.c_str(), HPDF_TRUE);
    HPDF_Font font = name == nullptr ? nullptr : HPDF_GetFont(document, name, "UTF-8");
    if (font != nullptr) {
      fonts.push_back(font);
      embedded.emplace_back(font, file);
    }
    HPDF_ResetError(document);  // a font that cannot be used is as one that is not there
  }
  return fonts;
}

HPDF_FontDef definition_of(PdfText::Font font) {
  return static_cast<HPDF_FontAttr>(static_cast<HPDF_Font>(font)->attr)->fontdef;
}

bool has_glyph(PdfText::Font font, char32_t code) {
  return code <= 0xFFFF &&
         HPDF_TTFontDef_GetGlyphid(definition_of(font), static_cast<HPDF_UINT16>(code)) != 0;
}

int i16(const unsigned char* p) {
  return static_cast<std::int16_t>(p[0] << 8 | p[1]);
}

/// Glyphs that are made of others (OpenType, glyf table): libharu embeds only components that are
/// simple and whose number is below 32768, and what is missing would make other characters of them.
void mark_components(PdfText::Font font, const std::filesystem::path& file) {
  const auto attributes = static_cast<HPDF_TTFontDefAttr>(definition_of(font)->attr);
  if (attributes->header.index_to_loc_format == 0) return;  // small fonts, which are not used here
  std::ifstream bytes(file, std::ios::binary);
  std::vector<std::size_t> open;
  for (std::size_t i = 0; i < attributes->num_glyphs; ++i) {
    if (attributes->glyph_tbl.flgs[i] != 0) open.push_back(i);
  }
  while (!open.empty()) {
    const std::size_t glyph = open.back();
    open.pop_back();
    unsigned char head[10];
    bytes.clear();
    bytes.seekg(static_cast<std::streamoff>(attributes->glyph_tbl.base_offset) +
                attributes->glyph_tbl.offsets[glyph]);
    if (attributes->glyph_tbl.offsets[glyph] == attributes->glyph_tbl.offsets[glyph + 1] ||
        !bytes.read(reinterpret_cast<char*>(head), sizeof head) || i16(head) >= 0) {
      continue;
    }
    for (bool more = true; more;) {
      unsigned char component[4];
      if (!bytes.read(reinterpret_cast<char*>(component), sizeof component)) break;
      const int flags = i16(component);
      const auto number = static_cast<std::size_t>(component[2] << 8 | component[3]);
      if (number < attributes->num_glyphs && attributes->glyph_tbl.flgs[number] == 0) {
        attributes->glyph_tbl.flgs[number] = 1;
        open.push_back(number);
      }
      // Offsets of one or two bytes each; a scale, two scales or a matrix.
      const int scale = (flags & 0x08) != 0   ? 2
                        : (flags & 0x40) != 0 ? 4
                        : (flags & 0x80) != 0 ? 8
                                              : 0;
      bytes.seekg(((flags & 0x01) != 0 ? 4 : 2) + scale, std::ios::cur);
      more = (flags & 0x20) != 0;
    }
  }
}

}  // namespace

PdfText::PdfText(void* handle, const PdfFonts& fonts) {
  const auto document = static_cast<HPDF_Doc>(handle);
  HPDF_UseUTFEncodings(document);
  regular_ = load(document, fonts.regular, files_);
  bold_ = load(document, fonts.bold, files_);
  embedded_ = !regular_.empty() && !bold_.empty();
  if (embedded_) return;
  regular_ = {HPDF_GetFont(document, "Helvetica", "WinAnsiEncoding")};
  bold_ = {HPDF_GetFont(document, "Helvetica-Bold", "WinAnsiEncoding")};
}

PdfText::Run PdfText::run_of(std::string_view character, char32_t code, bool bold) {
  const std::vector<Font>& fonts = bold ? bold_ : regular_;
  if (!embedded_) {
    // Windows-1252 is Latin-1 from U+00A0 on.
    const bool there = code < 0x7F || (code >= 0xA0 && code <= 0xFF);
    lacked_ = lacked_ || !there;
    return {fonts[0], std::string(1, there ? static_cast<char>(code) : '?')};
  }
  for (const Font font : fonts) {
    if (has_glyph(font, code)) return {font, std::string(character)};
  }
  lacked_ = true;
  return {fonts[0], "?"};
}

std::vector<PdfText::Run> PdfText::runs(std::string_view text, bool bold) {
  std::vector<Run> runs;
  while (!text.empty()) {
    const auto [bytes, code] = utf8_front(text);
    Run run = run_of(text.substr(0, bytes), code, bold);
    if (!runs.empty() && runs.back().font == run.font && runs.back().bytes.size() < kLongestRun) {
      runs.back().bytes += run.bytes;
    } else {
      runs.push_back(std::move(run));
    }
    text.remove_prefix(bytes);
  }
  return runs;
}

double PdfText::width_pt(std::string_view text, double size_pt, bool bold) {
  double thousandths = 0;
  for (const Run& run : runs(text, bold)) {
    thousandths += HPDF_Font_TextWidth(static_cast<HPDF_Font>(run.font),
                                       reinterpret_cast<const HPDF_BYTE*>(run.bytes.data()),
                                       static_cast<HPDF_UINT>(run.bytes.size()))
                       .width;
  }
  return thousandths * size_pt / 1000;
}

std::vector<std::string> PdfText::wrapped(std::string_view text, double width, double size_pt,
                                          bool bold) {
  const std::string line = one_line(text);
  std::vector<std::string> lines;
  std::string current;
  double used = 0;
  const double space = width_pt(" ", size_pt, bold);
  const auto end_line = [&] {
    lines.push_back(std::exchange(current, {}));
    used = 0;
  };
  for (std::size_t at = 0; at < line.size();) {
    const std::size_t end = std::min(line.find(' ', at), line.size());
    std::string_view word = std::string_view(line).substr(at, end - at);
    at = std::min(line.find_first_not_of(' ', end), line.size());
    double wide = width_pt(word, size_pt, bold);
    if (!current.empty() && used + space + wide > width) end_line();
    if (!current.empty()) {
      current += ' ';
      used += space;
    }
    while (wide > width && !word.empty()) {  // letter by letter
      const std::size_t bytes = utf8_front(word).bytes;
      const double letter = width_pt(word.substr(0, bytes), size_pt, bold);
      if (!current.empty() && used + letter > width) end_line();
      current += word.substr(0, bytes);
      used += letter;
      word.remove_prefix(bytes);
    }
    if (word.empty()) continue;
    current += word;
    used += wide;
  }
  if (!current.empty() || lines.empty()) lines.push_back(current);
  return lines;
}

void PdfText::complete_fonts() {
  for (const auto& [font, file] : files_) mark_components(font, file);
}

}  // namespace osler::page
