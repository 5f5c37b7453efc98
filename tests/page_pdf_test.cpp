#include "page/pdf.hpp"

#include <gtest/gtest.h>

#include "findings_phantom.hpp"
#include "objects/identity.hpp"
#include "page/pictures.hpp"

namespace osler::page {
namespace {

using phantom::Phantom;

/// Pages are counted in the page tree, which is not compressed.
std::size_t pages_of(const std::string& pdf) {
  std::size_t pages = 0;
  for (auto at = pdf.find("/Type /Page\n"); at != std::string::npos;
       at = pdf.find("/Type /Page\n", at + 1)) {
    ++pages;
  }
  return pages;
}

TEST(Pdf, IsTheSameForTheSameFindings) {
  phantom::TemporaryFolder folder;
  const Phantom p = phantom::small_boxes(folder.path / "source");
  const auto pictures = draw_pictures(p.findings, p.labels, p.volume);
  const Identity identity = objects::read_identity(p.findings);
  const std::string pdf = to_pdf(p.findings, identity, pictures);
  EXPECT_TRUE(pdf.starts_with("%PDF-1."));
  EXPECT_EQ(pdf, to_pdf(p.findings, identity, pictures));
  EXPECT_EQ(pdf.find("CreationDate"), std::string::npos);
}

TEST(Pdf, LongTablesGoOnOverPages) {
  phantom::TemporaryFolder folder;
  const Phantom p = phantom::small_boxes(folder.path / "source");
  Findings findings = p.findings;
  const std::size_t before = pages_of(to_pdf(findings, {}, {}));
  for (int i = 0; i < 104; ++i) findings.findings.push_back(findings.findings[0]);
  // 104 rows of 9 pt x 1.35 + 4 pt = 16.15 pt are 1680 pt, and a page has about 748.
  EXPECT_EQ(pages_of(to_pdf(findings, {}, {})), before + 2);
}

TEST(Pdf, HostileTextMakesADocument) {
  Findings findings;
  findings.status = Status::complete;
  findings.model.title = std::string(5000, 'W') + "\xFF\x01(\\)<script>";
  Identity identity;
  identity.patient_name =
      "(\\)\x1B[2J\xC3\x28<script>\u5C71\u7530^\U0001F600" + std::string(300, ')');
  findings.refusals = {""};
  Finding finding;
  finding.label = std::string(100'000, 'x');
  findings.findings = {finding};
  for (const PdfFonts& fonts :
       {installed_fonts(), PdfFonts{}, PdfFonts{{"none.ttf"}, {"none.ttf"}}}) {
    const std::string pdf = to_pdf(findings, identity, {}, fonts);
    EXPECT_TRUE(pdf.starts_with("%PDF-1."));
    EXPECT_NE(pdf.find("%%EOF"), std::string::npos);
  }
}

}  // namespace
}  // namespace osler::page
