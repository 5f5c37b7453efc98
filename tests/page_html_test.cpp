#include "page/html.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "findings_phantom.hpp"
#include "objects/identity.hpp"
#include "page_text.hpp"

namespace osler::page {
namespace {

using phantom::Phantom;

const Affine kStraight = Affine::from_columns({1, 0, 0}, {0, 1.25, 0}, {0, 0, 2.5}, {-8, -6, 17});
const std::string kHostile =
    "</script><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"
    "&amp;\xE2\x80\xA8'";

SliceStack slices_of(const Phantom& p) {
  return draw_slices(p.findings, p.labels, p.volume, extents_of(p.labels));
}

std::string page_of(const Phantom& p, const Identity& identity = {}) {
  return to_html(p.findings, identity, draw_pictures(p.findings, p.labels, p.volume), slices_of(p));
}

/// Mean 4 mL, SD 0.5 mL, normal from 3 to 5 mL.
void give_norm(Finding& finding, double volume_mm3) {
  finding.volume_mm3 = volume_mm3;
  finding.norm = Norm{.population = "Adults of 60 to 69 years",
                      .authority = "A. Author et al. 2019",
                      .mean = 4000,
                      .sd = 500,
                      .low = 3000,
                      .high = 5000,
                      .z = (volume_mm3 - 4000) / 500,
                      .percentile = 84.1};
}

void make_hostile(Findings& f) {
  f.model.title = f.model.name = f.model.licence = f.model.protocol = f.device = kHostile;
  f.model.limits = f.not_used = {kHostile};
  f.model.parameters = {{kHostile, kHostile}};
  f.gates[0].name = f.gates[0].meaning = kHostile;
  f.source.warnings = {{kHostile, kHostile, false}};
  f.source.series_uid = kHostile;
  f.findings[0].code.meaning = f.findings[1].code.meaning = f.findings[0].label = kHostile;
  f.timings.stages_ms = {{kHostile, 1.0}};
  for (Segment& segment : f.segments) segment.label = kHostile + std::to_string(segment.number);
  give_norm(f.findings[0], 4100);
  f.findings[0].norm->population = f.findings[0].norm->authority = kHostile;
}

const Identity kHostileIdentity{kHostile, kHostile, kHostile, kHostile, kHostile, kHostile};

TEST(Html, EscapesEverything) {
  EXPECT_EQ(escaped("<b a='1' c=\"2\">&\n"), "&lt;b a=&#39;1&#39; c=&quot;2&quot;&gt;&amp; ");
  EXPECT_EQ(escaped("M\u00fcller"), "M\u00fcller");
  EXPECT_EQ(escaped("M\xFCller"), "M\xEF\xBF\xBDller");
  EXPECT_EQ(escaped("\xE2\x82"), "\xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST(Html, HashesOfTheContentSecurityPolicyAreThoseOfItsStandard) {
  // The example of CSP Level 3, 8.3: echo -n "alert('Hello, world.');" | openssl sha256
  EXPECT_EQ(csp_hash("alert('Hello, world.');"),
            "'sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng='");
}

TEST(Html, JsonInAScriptEndsNoScript) {
  const std::string text = script_json({{"a", kHostile}});
  EXPECT_EQ(text.find_first_of("<>&"), std::string::npos);
  for (const char c : text) EXPECT_LT(static_cast<unsigned char>(c), 0x80);
  EXPECT_EQ(Json::parse(text)["a"], kHostile);
  EXPECT_NO_THROW(script_json({{"a", "M\xFCller"}}));
}

TEST(Html, HostileTextStaysText) {
  phantom::TemporaryFolder folder;
  Phantom p = phantom::boxes(folder.path / "source", {{15, 10, 8}, kStraight});
  make_hostile(p.findings);
  std::string page = page_of(p, kHostileIdentity);
  EXPECT_EQ(page::count(page, "<script"), 2);  // data and program
  EXPECT_EQ(page::count(page, "</script"), 2);
  EXPECT_EQ(page::count(page, "<img"), 4);  // three pictures and the viewer's
  EXPECT_EQ(page.find("\xE2\x80\xA8", page.find("slices-data")), std::string::npos);
  const Json data = Json::parse(page::between(page, "id=\"slices-data\">", "</script>"));
  EXPECT_EQ(data["segments"]["3"]["name"], kHostile + "3");
  p.findings.status = Status::partial;
  p.findings.refusals = {kHostile};
  page = page_of(p, kHostileIdentity);
  EXPECT_EQ(page.find("<script"), std::string::npos);
  EXPECT_NE(page.find("&lt;script&gt;"), std::string::npos);
}

TEST(Html, NeedsNothingBesideIt) {
  phantom::TemporaryFolder folder;
  const Phantom p = phantom::boxes(folder.path / "source", {{15, 10, 8}, kStraight});
  const std::string page = page_of(p, objects::read_identity(p.findings));
  for (const char* address : {"http:", "https:", "url(", "@import", "<link", "eval", "innerHTML"}) {
    EXPECT_EQ(page.find(address), std::string::npos) << address;
  }
  EXPECT_NE(page.find("data:image/png;base64,iVBOR"), std::string::npos);
  EXPECT_NE(page.find("AI, unverified; not for clinical use"), std::string::npos);
  EXPECT_NE(page.find("Test^Phantom"), std::string::npos);
  EXPECT_NE(page.find("Hippocampus, anterior part"), std::string::npos);
}

TEST(Html, OnlyAPageWithSlicesMayRunAScript) {
  phantom::TemporaryFolder folder;
  const Phantom p = phantom::boxes(folder.path / "source", {{15, 10, 8}, kStraight});
  const std::string with = page_of(p), without = to_html(p.findings, {}, {});
  EXPECT_NE(with.find("default-src 'none'; img-src data:"), std::string::npos);
  EXPECT_NE(with.find("script-src " + csp_hash(page::between(with, "<script>", "</script>"))),
            std::string::npos);
  for (const std::string& page : {with, without}) {
    const std::string style = csp_hash(page::between(page, "<style>", "</style>"));
    EXPECT_NE(page.find("style-src " + style), std::string::npos);
    EXPECT_LT(page.find("Content-Security-Policy"), page.find("<style>"));
  }
  EXPECT_NE(without.find("script-src 'none'"), std::string::npos);
  EXPECT_EQ(without.find("<script"), std::string::npos);
  EXPECT_EQ(without.find("data-slice"), std::string::npos);
}

Finding finding_of(const std::string& label, std::optional<Code> laterality, double ml) {
  Finding f;
  f.label = label;
  f.code = {"39607008", "SCT", "Lung"};
  f.laterality = std::move(laterality);
  f.volume_mm3 = 1000 * ml;
  f.voxels = static_cast<std::int64_t>(ml);
  return f;
}

using Row = std::vector<std::string>;

TEST(Html, AStructureWithoutSideStandsInNoSidesColumn) {
  Findings f;
  f.status = Status::complete;
  f.findings = {finding_of("Aorta", std::nullopt, 123)};
  const std::string page = to_html(f, {}, {});
  EXPECT_EQ(page::row(page, "Structure"), (Row{"Volume, mL", "Voxels"}));
  EXPECT_EQ(page::row(page, "Aorta"), (Row{"123.00", "123"}));
}

TEST(Html, WhatIsNoPairIsShownByItsOwnName) {
  Findings f;
  f.status = Status::complete;
  f.findings = {finding_of("Upper", phantom::kLeft, 11), finding_of("Lower", phantom::kLeft, 22),
                finding_of("Right", phantom::kRight, 33)};
  const std::string page = to_html(f, {}, {});
  EXPECT_EQ(page::row(page, "Upper"), (Row{"11.00", "11"}));
  EXPECT_EQ(page::row(page, "Lower"), (Row{"22.00", "22"}));
  EXPECT_EQ(page::row(page, "Right"), (Row{"33.00", "33"}));
  EXPECT_EQ(page.find("Difference"), std::string::npos);
}

TEST(Html, CtNumbersHaveTheirColumnsWhereThereAreAny) {
  Findings f;
  f.status = Status::complete;
  f.findings = {finding_of("Left lung", phantom::kLeft, 90),
                finding_of("Right lung", phantom::kRight, 110),
                finding_of("Aorta", std::nullopt, 5)};
  f.findings[0].intensities = Intensities{90, -812.4, 101.6, -1000, 60};
  f.findings[2].intensities = Intensities{5, -0.4, 12.2, -20, 30};
  const std::string page = to_html(f, {}, {});
  // (90 - 110) / 100
  EXPECT_EQ(page::row(page, "Lung"),
            (Row{"90.00", "110.00", "-20.0 %", "-812 ± 102", "-", "90 / 110"}));
  EXPECT_EQ(page::row(page, "Aorta"), (Row{"5.00", "0 ± 12", "5"}));
  EXPECT_NE(page.find("HU (mean ± SD)"), std::string::npos);
}

TEST(Html, ANormIsDrawnWhereItsFiguresLie) {
  Findings f;
  f.status = Status::complete;
  f.findings = {finding_of("Hippocampus", std::nullopt, 4.5), finding_of("Small", std::nullopt, 1),
                finding_of("Without", std::nullopt, 2)};
  give_norm(f.findings[0], 4500);
  give_norm(f.findings[1], 1000);
  f.findings[1].norm->percentile = 0.0000001;
  const std::string page = to_html(f, {}, {});
  EXPECT_EQ(page::count(page, "<figure class=\"norm\">"), 2);
  EXPECT_NE(
      page.find("4.50 mL: within the normal range of 3.00 to 5.00 mL; z +1.00, percentile 84"),
      std::string::npos);
  // 320 wide, 26 to each edge, 3.2 SD from the middle: 134 / 3.2 = 41.875 for an SD.
  EXPECT_NE(page.find("<path class=\"mark\" d=\"M201.9 "), std::string::npos);
  EXPECT_NE(page.find("<rect class=\"band\" x=\"76.2\" y=\"34\" width=\"167.5\""),
            std::string::npos);
  // 6 SD below: at the end of a chart of 5 SD, with an arrow.
  EXPECT_NE(page.find("<path class=\"mark\" d=\"M26.0 "), std::string::npos);
  EXPECT_NE(page.find("← 1.00 mL"), std::string::npos);
  EXPECT_NE(
      page.find("below the normal range of 3.00 to 5.00 mL; z -6.00, below the 1st percentile"),
      std::string::npos);
  EXPECT_EQ(page::count(page, "A. Author et al. 2019"), 2);
  EXPECT_NE(page.find("aria-labelledby=\"norm1-title norm1-text\""), std::string::npos);
}

TEST(Html, ANormThatCannotBeDrawnIsStillSaid) {
  Findings f;
  f.status = Status::complete;
  f.findings = {finding_of("Hippocampus", std::nullopt, 4.5)};
  give_norm(f.findings[0], 4500);
  f.findings[0].norm->sd = 0;
  const std::string page = to_html(f, {}, {});
  EXPECT_EQ(page.find("<svg"), std::string::npos);
  EXPECT_NE(page.find("Adults of 60 to 69 years"), std::string::npos);
  EXPECT_EQ(page::between(page, "<figure class=\"norm\">", "</figure>").find("nan"),
            std::string::npos);
}

TEST(Html, AStructuresNameLeadsToItsLargestSlice) {
  phantom::TemporaryFolder folder;
  const Grid grid{{15, 10, 8}, kStraight};
  // Left: one slice at the third, larger at the fourth; right at the fifth.
  const Phantom p = phantom::make(folder.path / "source", grid, [](int c, int r, int k) {
    if (k == 2) return c == 11 && r == 4 ? 1 : 0;
    if (k == 3) return c > 9 && c < 13 && r > 2 && r < 6 ? 1 : 0;
    return k == 4 && c > 2 && c < 6 && r > 2 && r < 6 ? 3 : 0;
  });
  const SliceStack stack = slices_of(p);
  ASSERT_EQ(stack.slices.size(), 8U);
  EXPECT_EQ(stack.largest({1}), 3);
  EXPECT_EQ(stack.largest({3, 4}), 4);
  EXPECT_EQ(stack.largest({2}), -1);
  const std::string page = page_of(p);
  EXPECT_NE(page.find("<span class=\"entry\" data-slice=\"3\" data-segments=\"1\">"),
            std::string::npos);
}

/// For tests/end_to_end/page_test.py: pages in OSLER_JUDGE_DIR.
TEST(PagesForBrowser, OfEveryKind) {
  const char* place = std::getenv("OSLER_JUDGE_DIR");
  if (place == nullptr) GTEST_SKIP() << "OSLER_JUDGE_DIR is not set";
  phantom::TemporaryFolder folder;
  const auto write = [&](const char* name, const std::string& page) {
    std::ofstream(std::filesystem::path(place) / name, std::ios::binary) << page;
  };
  const Affine body = Affine::from_columns({1.5, 0, 0}, {0, 1.5, 0}, {0, 0, 2.5}, {-60, -55, -20});
  Phantom p = phantom::boxes(folder.path / "plain", {{80, 74, 30}, body});
  give_norm(p.findings.findings[0], 4500);
  give_norm(p.findings.findings[1], 2700);
  p.findings.findings[0].intensities = Intensities{9, 41.2, 10.4, 0, 60};
  write("plain.html", page_of(p, objects::read_identity(p.findings)));
  Phantom uneven = phantom::boxes(folder.path / "uneven",
                                  {{15, 10, 8}, kStraight, {0, 1, 2, 2.5, 3, 4.25, 5.5, 7}});
  make_hostile(uneven.findings);
  write("hostile.html", page_of(uneven, kHostileIdentity));
  p.findings.status = Status::partial;
  p.findings.refusals = {"Mutual information is too low."};
  write("partial.html", page_of(p, kHostileIdentity));
}

}  // namespace
}  // namespace osler::page
