#include "report/pdf.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "core/error.hpp"
#include "report/encapsulated_pdf.hpp"
#include "report/fhir.hpp"
#include "report/results.hpp"
#include "report/segmentation.hpp"
#include "report/structured_report.hpp"
#include "report_phantom.hpp"

namespace osler::report {
namespace {

using phantom::Phantom;

const Size3 kSize{15, 10, 8};
const Affine kStraight = Affine::from_columns({1, 0, 0}, {0, 1.25, 0}, {0, 0, 2.5}, {-3, -4, 17});

Phantom make(const std::filesystem::path& folder, const phantom::Header& header = {}) {
  return phantom::make(
      folder, kSize, kStraight,
      [](int c, int r, int k) { return phantom::two_boxes(kSize, c, r, k); }, header);
}

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
  const Phantom p = make(folder.path / "source");
  const auto pictures = draw_pictures(p.findings, p.labels, p.volume);
  const Identity identity = read_identity(p.findings);
  const std::string pdf = to_pdf(p.findings, identity, pictures);
  EXPECT_TRUE(pdf.starts_with("%PDF-1."));
  EXPECT_EQ(pdf, to_pdf(p.findings, identity, pictures));
  EXPECT_EQ(pdf.find("CreationDate"), std::string::npos);
}

TEST(Pdf, LongTablesGoOnOverPages) {
  phantom::TemporaryFolder folder;
  const Phantom p = make(folder.path / "source");
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

TEST(EncapsulatedPdf, HoldsTheDocumentAndItsLength) {
  phantom::TemporaryFolder folder;
  const Phantom p = make(folder.path / "source");
  const std::string pdf = "%PDF-1.4 odd";  // 12 bytes
  const ObjectIds ids = write_encapsulated_pdf(p.findings, pdf + "!", {}, folder.path / "a.dcm");
  DcmFileFormat file;
  ASSERT_TRUE(file.loadFile((folder.path / "a.dcm").c_str()).good());
  DcmDataset& d = *file.getDataset();
  const Uint8* bytes = nullptr;
  unsigned long size = 0;
  ASSERT_TRUE(d.findAndGetUint8Array(DCM_EncapsulatedDocument, bytes, &size).good());
  EXPECT_EQ(size, 14U);
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(bytes), 14), pdf + "!" + '\0');
  Uint32 length = 0;
  d.findAndGetUint32(DCM_EncapsulatedDocumentLength, length);
  EXPECT_EQ(length, 13U);
  OFString value;
  d.findAndGetOFString(DCM_BurnedInAnnotation, value);
  EXPECT_EQ(value, "YES");
  d.findAndGetOFString(DCM_SOPInstanceUID, value);
  EXPECT_EQ(value.c_str(), ids.sop_instance_uid);
  EXPECT_EQ(ids.sop_instance_uid, object_uid(p.findings, "pdf"));
}

TEST(EncapsulatedPdf, RefusesWhatIsNoPdf) {
  phantom::TemporaryFolder folder;
  const Phantom p = make(folder.path / "source");
  EXPECT_THROW(write_encapsulated_pdf(p.findings, "<html>", {}, folder.path / "a.dcm"), Error);
}

void write(const std::filesystem::path& file, const std::string& bytes) {
  std::ofstream(file, std::ios::binary) << bytes;
}

/// All views of one set of results, for tests/judges/check_views.py:
/// OSLER_JUDGE_DIR/"judged views"/<name>.
void write_views(Phantom& p, const std::filesystem::path& folder) {
  std::filesystem::create_directories(folder);
  FhirReferences references;
  references.issued = std::chrono::sys_seconds(std::chrono::seconds(1'700'000'000));
  std::vector<Picture> pictures;
  std::vector<ObjectIds> shown;
  if (p.findings.status == Status::complete && p.findings.evaluations.empty()) {
    references.segmentation =
        write_segmentation(p.findings, p.labels, p.volume, folder / "seg.dcm");
    pictures = draw_pictures(p.findings, p.labels, p.volume);
    shown = {*references.segmentation};
  }
  references.structured_report =
      write_structured_report(p.findings, p.volume, references.segmentation, folder / "sr.dcm");
  const Identity identity = read_identity(p.findings);
  const std::string pdf = to_pdf(p.findings, identity, pictures);
  write(folder / "report.pdf", pdf);
  write(folder / "no-fonts.pdf", to_pdf(p.findings, identity, pictures, {}));
  references.others = {write_encapsulated_pdf(p.findings, pdf, shown, folder / "pdf.dcm")};
  references.presented_form = PresentedForm{"application/pdf", "AI, unverified: report", pdf};
  write(folder / "bundle.json", to_fhir(p.findings, identity, references).dump());
}

TEST(ViewsForJudges, OfAwkwardHeaders) {
  const char* place = std::getenv("OSLER_JUDGE_DIR");
  if (place == nullptr) GTEST_SKIP() << "OSLER_JUDGE_DIR is not set";
  const std::filesystem::path root = std::filesystem::path(place) / "judged views";
  phantom::Header latin, kanji, korean, hostile, zone;
  latin.patient_name = "M\xFCller^J\xF6rg";
  latin.character_set = "ISO_IR 100";
  kanji.patient_name =
      "Yamada^Tarou=\x1B$B;3ED\x1B(B^\x1B$BB@O:\x1B(B=\x1B$B$d$^$@\x1B(B^\x1B$B$?$m$&\x1B(B";
  kanji.character_set = "\\ISO 2022 IR 87";
  korean.patient_name = "Hong^Gildong=\x1B$)C\xFB\xF3^\x1B$)C\xD1\xCE\xD4\xD7";
  korean.character_set = "\\ISO 2022 IR 149";
  hostile.patient_name =
      "<script>alert('1')</script>\x1B[2J\x01^\"quoted\"\xFF\xFE" + std::string(40, 'W');
  zone.timezone = "-0330";
  for (const auto& [name, header] : {std::pair<const char*, phantom::Header>{"plain", {}},
                                     {"latin", latin},
                                     {"kanji", kanji},
                                     {"korean", korean},
                                     {"hostile", hostile},
                                     {"zone", zone}}) {
    Phantom p = make(root / (std::string(name) + "-source"), header);
    p.findings.asymmetries[0].index = -0.0542704626334521;  // more digits than a Decimal String has
    write_views(p, root / name);
  }
  // One character each, of fonts whose glyphs are made of others: CJK, Vietnamese, Latin.
  std::filesystem::create_directories(root / "glyphs");
  for (const char* character : {"\u90CE", "\u1ED7", "\u00FC", "\u5C71", "\uAE38", "\u0416"}) {
    Identity identity;
    identity.patient_name = character;
    write(root / "glyphs" / (std::string(character) + ".pdf"), to_pdf({}, identity, {}));
  }
  Phantom partial = make(root / "partial-source");
  partial.findings.status = Status::partial;
  partial.findings.findings.clear();
  partial.findings.asymmetries.clear();
  partial.findings.refusals = {"The head is cut: too little of it was found."};
  write_views(partial, root / "partial");
  Phantom classes = make(root / "classes-source");
  Findings& f = classes.findings;
  f.findings.clear();
  f.asymmetries.clear();
  f.segments.clear();
  for (const double probability : {0.25, 0.99}) {
    Evaluation e;
    e.label = probability < 0.5 ? "Pneumonia" : "No finding";
    e.question = {"121071", "DCM", "Finding"};
    e.value = probability < 0.5 ? Code{"233604007", "SCT", "Pneumonia"}
                                : Code{"373068000", "SCT", "Undetermined"};
    e.probability = probability;
    e.threshold = 0.5;
    e.present = probability >= 0.5;
    e.image = 3;
    f.evaluations.push_back(e);
  }
  write_views(classes, root / "classes");
}

}  // namespace
}  // namespace osler::report
