#include <gtest/gtest.h>

#include <cstring>
#include <fstream>

#include "core/error.hpp"
#include "findings_phantom.hpp"
#include "report/findings_json.hpp"
#include "report/results.hpp"
#include "text_file.hpp"
#include "volume/exchange.hpp"

namespace osler::report {
namespace {

/// One delivery. @return its files
std::vector<std::string> write(Findings& findings, const LabelMap* labels, const Volume& volume,
                               StagedFolder& staged, bool nifti = false) {
  ObjectSet objects;
  objects.labels = nifti;
  Delivery delivery{staged, objects};
  write_results(findings, labels, volume, {&delivery, 1});
  return delivery.files;
}

using phantom::Phantom;
using testing::text_of;

Phantom make(const std::filesystem::path& folder, const Size3& size, const Affine& affine) {
  return phantom::boxes(folder, {size, affine});
}

const Affine kOblique = phantom::oblique({0.7, 0.9, 1.6}, {-12, 8, -71}, 23, -11);

void make_partial(Findings& findings) {
  findings.status = Status::partial;
  findings.segments.clear();
  findings.findings.clear();
  findings.asymmetries.clear();
  findings.refusals = {"Mutual information is too low."};
  findings.gates[0].passed = false;
}

TEST(Results, CompleteStudyHasEveryFile) {
  phantom::TemporaryFolder folder;
  Phantom p = make(folder.path / "source", {15, 10, 8}, kOblique);
  StagedFolder staged(folder.path / "out");
  const auto files = write(p.findings, &p.labels, p.volume, staged);
  staged.commit();
  const std::vector<std::string> expected = {"seg.dcm",        "sr.dcm",          "sc-axial.dcm",
                                             "sc-coronal.dcm", "sc-sagittal.dcm", "report.html",
                                             "findings.json"};
  EXPECT_EQ(files, expected);
  for (const std::string& file : files)
    EXPECT_TRUE(std::filesystem::exists(folder.path / "out" / file));
  const Json json = Json::parse(text_of(folder.path / "out" / "findings.json"));
  EXPECT_EQ(json["outputs"], Json(expected));
}

TEST(Results, LabelsAreWrittenAsNiftiBesideTheObjectsIfWanted) {
  phantom::TemporaryFolder folder;
  Phantom p = make(folder.path / "source", {15, 10, 8}, kOblique);
  StagedFolder staged(folder.path / "out");
  const auto files = write(p.findings, &p.labels, p.volume, staged, true);
  ASSERT_EQ(files.size(), 8U);
  EXPECT_EQ(files[5], "labels.nii.gz");
  const Volume read = read_exchange(staged.path() / "labels.nii.gz");
  ASSERT_EQ(read.bytes(), p.labels.labels.size());
  EXPECT_EQ(std::memcmp(read.voxels.get(), p.labels.labels.data(), read.bytes()), 0);
}

TEST(Results, AFileThatIsNotDicomHasLabelsAndNoObjects) {
  phantom::TemporaryFolder folder;
  Phantom p = make(folder.path / "source", {15, 10, 8}, kOblique);
  p.findings.source.file = "head <1>.nii.gz";
  p.findings.source.study_uid.clear();
  StagedFolder staged(folder.path / "out");
  EXPECT_EQ(write(p.findings, &p.labels, p.volume, staged),
            (std::vector<std::string>{"labels.nii.gz", "report.html", "findings.json"}));
  const std::string html = text_of(staged.path() / "report.html");
  EXPECT_NE(html.find("head &lt;1&gt;.nii.gz"), std::string::npos);
  EXPECT_EQ(html.find(">Patient<"), std::string::npos);
  const Json json = Json::parse(text_of(staged.path() / "findings.json"));
  EXPECT_EQ(json["inputs"][0]["source"], (Json{{"kind", "file"}, {"file", "head <1>.nii.gz"}}));
}

TEST(Results, UnevenSlicesHaveNoLabelFileAndSaySo) {
  phantom::TemporaryFolder folder;
  Phantom p = make(folder.path / "source", {15, 10, 8}, kOblique);
  p.findings.source.file = "head.nii.gz";
  p.labels.grid.slice_at = p.volume.grid.slice_at = {0, 1, 2, 3, 4, 5, 5.5, 7};
  StagedFolder staged(folder.path / "out");
  EXPECT_EQ(write(p.findings, &p.labels, p.volume, staged),
            (std::vector<std::string>{"report.html", "findings.json"}));
  EXPECT_EQ(p.findings.source.warnings.back().code, "no_label_file");
}

TEST(Results, LabelsThatDoNotMeasureWhatTheFindingsSayAreNotWritten) {
  phantom::TemporaryFolder folder;
  Phantom p = make(folder.path / "source", {15, 10, 8}, kOblique);
  p.findings.source.file = "head.nii.gz";
  p.findings.findings[0].volume_mm3 *= 1.1;
  StagedFolder staged(folder.path / "out");
  EXPECT_THROW(write(p.findings, &p.labels, p.volume, staged), Error);
}

TEST(Results, PartialStudyHasNoSegmentationAndNoNumber) {
  phantom::TemporaryFolder folder;
  Phantom p = make(folder.path / "source", {15, 10, 8}, kOblique);
  make_partial(p.findings);
  StagedFolder staged(folder.path / "out");
  const auto files = write(p.findings, nullptr, p.volume, staged);
  EXPECT_EQ(files, (std::vector<std::string>{"sr.dcm", "report.html", "findings.json"}));
  const std::string html = text_of(staged.path() / "report.html");
  EXPECT_NE(html.find("No measurements"), std::string::npos);
  EXPECT_NE(html.find("Mutual information is too low."), std::string::npos);
  EXPECT_EQ(html.find("<h2>Volumes</h2>"), std::string::npos);
  const Json json = Json::parse(text_of(staged.path() / "findings.json"));
  EXPECT_EQ(json["status"], "partial");
  EXPECT_TRUE(json["findings"].empty());
}

TEST(Results, RefusedStudyWritesNoObject) {
  phantom::TemporaryFolder folder;
  Findings findings;
  findings.refusals = {"Not a head."};
  StagedFolder staged(folder.path / "out");
  EXPECT_EQ(write(findings, nullptr, Volume{}, staged),
            (std::vector<std::string>{"report.html", "findings.json"}));
}

TEST(Results, WrongFiguresAreNotWritten) {
  phantom::TemporaryFolder folder;
  Phantom p = make(folder.path / "source", {15, 10, 8}, kOblique);
  ++p.findings.findings[0].voxels;
  StagedFolder staged(folder.path / "out");
  EXPECT_THROW(write(p.findings, &p.labels, p.volume, staged), Error);
}

TEST(FindingsJson, HasEveryField) {
  phantom::TemporaryFolder folder;
  Phantom p = make(folder.path / "source", {15, 10, 8}, kOblique);
  const Json json = to_json(p.findings, {"seg.dcm"});
  for (const char* key : {"status", "model", "device", "findings", "gates", "timings_ms", "inputs",
                          "outputs", "asymmetries", "refusals", "not_used", "warnings"}) {
    EXPECT_TRUE(json.contains(key)) << key;
  }
  EXPECT_EQ(json["status"], "complete");
  EXPECT_EQ(json["model"]["name"], "hippocampus-t1");
  EXPECT_EQ(json["model"]["digest"], std::string(64, 'a'));
  const Json& left = json["findings"][0];
  const Finding& finding = p.findings.findings[0];
  EXPECT_EQ(left["label"], "Left hippocampus");
  EXPECT_EQ(left["code"]["value"], "5366008");
  EXPECT_EQ(left["laterality"], "left");
  EXPECT_EQ(json["findings"][1]["laterality"], "right");
  EXPECT_DOUBLE_EQ(left["volume_mm3"].get<double>(), finding.volume_mm3);
  EXPECT_EQ(left["voxels"].get<std::int64_t>(), finding.voxels);
  EXPECT_DOUBLE_EQ(left["centroid_mm"][2].get<double>(), finding.centroid_mm[2]);
  EXPECT_EQ(left["segments"], Json({1, 2}));
  EXPECT_EQ(json["gates"][0]["comparison"], ">=");
  EXPECT_DOUBLE_EQ(json["gates"][0]["threshold"].get<double>(), 0.12);
  EXPECT_EQ(json["gates"][0]["passed"], true);
  EXPECT_DOUBLE_EQ(json["timings_ms"]["infer"].get<double>(), 2500.0);
  EXPECT_EQ(json["inputs"][0]["series_uid"], p.volume.series_uid);
  EXPECT_EQ(json["outputs"], Json({"seg.dcm"}));
}

TEST(FindingsJson, HasNoPatientInIt) {
  phantom::TemporaryFolder folder;
  Phantom p = make(folder.path / "source", {15, 10, 8}, kOblique);
  const std::string text = to_json(p.findings, {}).dump();
  EXPECT_EQ(text.find("Phantom"), std::string::npos);
  EXPECT_EQ(text.find("P-0042"), std::string::npos);
}

/// Objects for tests/judges/check_objects.py, of series that are awkward: OSLER_JUDGE_DIR/<name>
/// and OSLER_JUDGE_DIR/<name>-source.
TEST(ResultsForJudges, OfAwkwardSeries) {
  const char* place = std::getenv("OSLER_JUDGE_DIR");
  if (place == nullptr) GTEST_SKIP() << "OSLER_JUDGE_DIR is not set";
  const std::filesystem::path root = std::filesystem::path(place) / "judged objects";
  struct Series {
    const char* name;
    Size3 size;
    Affine affine;
    phantom::Header header;
  };
  const Affine straight = Affine::from_columns({1, 0, 0}, {0, 1.25, 0}, {0, 0, 2.5}, {-3, -4, 17});
  const phantom::Header plain;
  phantom::Header lossy, latin;
  lossy.lossy = true;
  latin.patient_name = "M\xFCller^J\xF6rg";
  latin.character_set = "ISO_IR 100";
  for (const Series& s :
       {Series{"odd", {7, 9, 5}, straight, plain}, Series{"wide", {511, 3, 4}, kOblique, plain},
        Series{"oblique", {33, 29, 21}, kOblique, lossy},
        Series{"latin", {15, 10, 8}, straight, latin},
        Series{"tilted", {15, 10, 8}, phantom::sheared(straight, 0.6), plain}}) {
    Phantom p =
        phantom::boxes(root / (std::string(s.name) + "-source"), {s.size, s.affine}, s.header);
    StagedFolder staged(root / s.name);
    write(p.findings, &p.labels, p.volume, staged);
    staged.commit();
  }
  const Size3 size{15, 10, 8};
  const Grid uneven{size, phantom::sheared(straight, 0.6), {0, 1, 2, 2.5, 3, 4.25, 5.5, 7}};
  Phantom thick = phantom::boxes(root / "uneven-source", uneven);
  StagedFolder thick_staged(root / "uneven");
  write(thick.findings, &thick.labels, thick.volume, thick_staged);
  thick_staged.commit();
  // What a norm, intensities, an Enhanced SR and a planar region look like.
  Phantom known = make(root / "norms-source", {15, 10, 8}, straight);
  for (Finding& finding : known.findings.findings) {
    finding.norm = Norm{"Adults of 60 to 69 years", "A. Author 2020", 90, 10, 70, 110, 1.5, 93};
    finding.intensities = Intensities{finding.voxels, 40.25, 12.5, -3, 71};
  }
  StagedFolder known_staged(root / "norms");
  write(known.findings, &known.labels, known.volume, known_staged);
  known_staged.commit();
  Phantom p = make(root / "partial-source", {15, 10, 8}, straight);
  make_partial(p.findings);
  StagedFolder staged(root / "partial");
  write(p.findings, nullptr, p.volume, staged);
  staged.commit();
}

}  // namespace
}  // namespace osler::report
