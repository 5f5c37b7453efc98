#pragma once
// Findings as a PDF: what the page says, for whoever has a printer or an archive of documents.

#include <filesystem>
#include <string>
#include <vector>

#include "findings/findings.hpp"
#include "findings/identity.hpp"
#include "page/pictures.hpp"

namespace osler::page {

/// TrueType fonts that are embedded, as far as their characters are used; in the order in which a
/// character is looked for. None: Helvetica, which every reader has, with Latin-1 only.
struct PdfFonts {
  std::vector<std::filesystem::path> regular;
  std::vector<std::filesystem::path> bold;
};

/// DejaVu Sans (fonts-dejavu-core: Latin, Greek, Cyrillic, Hebrew, Arabic and more) and, where it
/// is there, Droid Sans Fallback (fonts-droid-fallback: Chinese, Japanese, Korean) of this system.
PdfFonts installed_fonts();

/// PDF 1.x, A4. The same input gives the same bytes: there is no date in it that the identity does
/// not hold. Text runs from left to right and is not shaped: Arabic and Indic scripts are legible
/// letter by letter only. Characters that no font has are question marks, and the document says so.
/// @throws Error internal
std::string to_pdf(const Findings& findings, const Identity& identity,
                   const std::vector<Picture>& pictures, const PdfFonts& fonts = installed_fonts());

}  // namespace osler::page
