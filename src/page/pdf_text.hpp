#pragma once
// Text in the fonts of a document. Inside the room only.

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "page/pdf.hpp"

namespace osler::page {

/// Looks for a font that has a character, and says how wide it is.
class PdfText {
 public:
  using Font = void*;  ///< HPDF_Font

  /// What stands in one font, in that font's encoding.
  struct Run {
    Font font = nullptr;
    std::string bytes;
  };

  /// @param document  HPDF_Doc, which outlives this
  PdfText(void* document, const PdfFonts& fonts);

  std::vector<Run> runs(std::string_view text, bool bold);
  double width_pt(std::string_view text, double size_pt, bool bold);
  /// Lines no wider than a width, of at least one character each.
  std::vector<std::string> wrapped(std::string_view text, double width_pt, double size_pt,
                                   bool bold);
  /// Once all text is there: the fonts have every part of the characters that are used.
  void complete_fonts();
  bool lacked_characters() const { return lacked_; }

 private:
  Run run_of(std::string_view character, char32_t code, bool bold);

  std::vector<Font> regular_, bold_;
  std::vector<std::pair<Font, std::filesystem::path>> files_;
  bool embedded_ = false;
  bool lacked_ = false;
};

}  // namespace osler::page
