// What people read and what other programs are sent of the same results, for judges.

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <fstream>

#include "fhir/fhir.hpp"
#include "findings_phantom.hpp"
#include "objects/encapsulated_pdf.hpp"
#include "objects/identity.hpp"
#include "objects/segmentation.hpp"
#include "objects/structured_report.hpp"
#include "page/pdf.hpp"
#include "page/pictures.hpp"

namespace osler::report {
namespace {

using phantom::Phantom;

void write(const std::filesystem::path& file, const std::string& bytes) {
  std::ofstream(file, std::ios::binary) << bytes;
}

/// All views of one set of results, for tests/judges/check_views.py:
/// OSLER_JUDGE_DIR/"judged views"/<name>.
void write_views(Phantom& p, const std::filesystem::path& folder) {
  std::filesystem::create_directories(folder);
  fhir::FhirReferences references;
  references.issued = std::chrono::sys_seconds(std::chrono::seconds(1'700'000'000));
  std::vector<Picture> pictures;
  std::vector<ObjectIds> shown;
  if (p.findings.status == Status::complete && p.findings.evaluations.empty()) {
    references.segmentation =
        objects::write_segmentation(p.findings, p.labels, p.volume, folder / "seg.dcm");
    pictures = page::draw_pictures(p.findings, p.labels, p.volume);
    shown = {*references.segmentation};
  }
  references.structured_report = objects::write_structured_report(
      p.findings, p.volume, references.segmentation, folder / "sr.dcm");
  const Identity identity = objects::read_identity(p.findings);
  const std::string pdf = page::to_pdf(p.findings, identity, pictures);
  write(folder / "report.pdf", pdf);
  write(folder / "no-fonts.pdf", page::to_pdf(p.findings, identity, pictures, {}));
  references.others = {objects::write_encapsulated_pdf(p.findings, pdf, shown, folder / "pdf.dcm")};
  references.presented_form = fhir::PresentedForm{"application/pdf", "AI, unverified: report", pdf};
  write(folder / "bundle.json", fhir::to_fhir(p.findings, identity, references).dump());
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
    Phantom p = phantom::small_boxes(root / (std::string(name) + "-source"), header);
    p.findings.asymmetries[0].index = -0.0542704626334521;  // more digits than a Decimal String has
    write_views(p, root / name);
  }
  // One character each, of fonts whose glyphs are made of others: CJK, Vietnamese, Latin.
  std::filesystem::create_directories(root / "glyphs");
  for (const char* character : {"\u90CE", "\u1ED7", "\u00FC", "\u5C71", "\uAE38", "\u0416"}) {
    Identity identity;
    identity.patient_name = character;
    write(root / "glyphs" / (std::string(character) + ".pdf"), page::to_pdf({}, identity, {}));
  }
  Phantom partial = phantom::small_boxes(root / "partial-source");
  partial.findings.status = Status::partial;
  partial.findings.findings.clear();
  partial.findings.asymmetries.clear();
  partial.findings.refusals = {"The head is cut: too little of it was found."};
  write_views(partial, root / "partial");
  Phantom classes = phantom::small_boxes(root / "classes-source");
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
