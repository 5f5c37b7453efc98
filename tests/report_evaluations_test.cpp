// What becomes of evaluations: groups of the structured report, a table of the page, JSON.

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "core/error.hpp"
#include "report/findings_json.hpp"
#include "report/html.hpp"
#include "report/image_picture.hpp"
#include "report/results.hpp"
#include "report/sentences.hpp"
#include "report/structured_report.hpp"
#include "report_phantom.hpp"

namespace osler::report {
namespace {

/// One delivery. @return its files
std::vector<std::string> write(Findings& findings, const Volume& volume,
                               const std::vector<Picture>& pictures, StagedFolder& staged) {
  Delivery delivery{staged};
  write_evaluations(findings, volume, pictures, {&delivery, 1});
  return delivery.files;
}

using phantom::Phantom;

const Size3 kSize{15, 10, 2};
const Code kPneumonia{"233604007", "SCT", "Pneumonia"};
const Code kNormal{"17621005", "SCT", "Normal"};
const Code kQuestion{"PNEUMONIA_OR_NOT", "99TEST", "Pneumonia or normal?"};

std::string text_of(const std::filesystem::path& file) {
  std::stringstream text;
  text << std::ifstream(file, std::ios::binary).rdbuf();
  return text.str();
}

Evaluation evaluation(const std::string& label, const Code& code, double probability,
                      std::optional<std::size_t> image) {
  Evaluation e;
  e.label = label;
  e.question = kQuestion;
  e.value = code;
  e.probability = probability;
  e.exclusive = true;
  e.calibration = "temperature 1.3, fitted on 100 <other> pictures";
  e.image = image;
  return e;
}

/// The first image shows the class, the second nothing.
void put_evaluations(Findings& f, bool pictures) {
  f.segments.clear();
  f.findings.clear();
  f.asymmetries.clear();
  for (std::size_t i = 0; i < (pictures ? 2U : 1U); ++i) {
    const double p = i == 0 ? 0.98765432 : 0.0000071;
    const std::optional<std::size_t> image = pictures ? std::optional(i) : std::nullopt;
    f.evaluations.push_back(evaluation("Pneumonia", kPneumonia, p, image));
    f.evaluations.back().threshold = 0.4;
    f.evaluations.back().present = i == 0;
    f.evaluations.push_back(evaluation("Normal", kNormal, 1 - p, image));
    f.evaluations.back().nothing_found = true;
    f.evaluations.back().present = i == 1;
  }
}

Phantom make(const std::filesystem::path& folder, bool pictures) {
  const Affine affine = Affine::from_columns({1, 0, 0}, {0, 1.25, 0}, {0, 0, 2.5}, {-3, -4, 17});
  Phantom p = phantom::make(folder, kSize, affine, [](int, int, int) { return 0; });
  put_evaluations(p.findings, pictures);
  if (pictures) p.volume = Volume{};
  return p;
}

std::string string_of(DcmItem& item, const DcmTagKey& tag) {
  OFString value;
  item.findAndGetOFStringArray(tag, value);
  return std::string(value.c_str(), value.length());
}

std::vector<DcmItem*> items_of(DcmItem& item, const DcmTagKey& tag) {
  std::vector<DcmItem*> items;
  DcmSequenceOfItems* sequence = nullptr;
  if (item.findAndGetSequence(tag, sequence).bad()) return items;
  for (unsigned long i = 0; i < sequence->card(); ++i) items.push_back(sequence->getItem(i));
  return items;
}

std::string code_of(DcmItem& item, const DcmTagKey& sequence) {
  const auto items = items_of(item, sequence);
  return items.empty() ? std::string() : string_of(*items[0], DCM_CodeValue);
}

/// Children of one concept name.
std::vector<DcmItem*> named(DcmItem& parent, const std::string& name) {
  std::vector<DcmItem*> found;
  for (DcmItem* item : items_of(parent, DCM_ContentSequence)) {
    if (code_of(*item, DCM_ConceptNameCodeSequence) == name) found.push_back(item);
  }
  return found;
}

std::vector<DcmItem*> groups_of(DcmItem& root) {
  const auto measurements = named(root, "126010");
  return measurements.size() == 1 ? named(*measurements[0], "125007") : std::vector<DcmItem*>{};
}

TEST(Evaluations, EachClassOfEachImageIsAGroupOfTheReport) {
  phantom::TemporaryFolder folder;
  const Phantom p = make(folder.path / "source", true);
  write_structured_report(p.findings, p.volume, std::nullopt, folder.path / "sr.dcm");
  DcmFileFormat file;
  ASSERT_TRUE(file.loadFile((folder.path / "sr.dcm").c_str()).good());
  const auto groups = groups_of(*file.getDataset());
  ASSERT_EQ(groups.size(), 4U);
  for (std::size_t i = 0; i < 4; ++i) {
    const Evaluation& e = p.findings.evaluations[i];
    DcmItem& group = *groups[i];
    ASSERT_EQ(named(group, "121071").size(), 1U);
    EXPECT_EQ(code_of(*named(group, "121071")[0], DCM_ConceptCodeSequence), e.value.value);
    ASSERT_EQ(named(group, "121112").size(), 1U);
    const auto references = items_of(*named(group, "121112")[0], DCM_ReferencedSOPSequence);
    ASSERT_EQ(references.size(), 1U);
    EXPECT_EQ(string_of(*references[0], DCM_ReferencedSOPInstanceUID),
              p.findings.source.instances[*e.image].sop_instance_uid);
    ASSERT_EQ(named(group, "122157").size(), 1U);
    const auto values = items_of(*named(group, "122157")[0], DCM_MeasuredValueSequence);
    ASSERT_EQ(values.size(), 1U);
    EXPECT_NEAR(std::stod(string_of(*values[0], DCM_NumericValue)), e.probability, 1e-8);
    EXPECT_EQ(code_of(*values[0], DCM_MeasurementUnitsCodeSequence), "1");
    ASSERT_EQ(named(group, "121052").size(), 1U);
    EXPECT_EQ(code_of(*named(group, "121052")[0], DCM_ConceptCodeSequence),
              e.present ? "52101004" : "2667000");
    // Only what is there answers the question.
    const auto answers = named(group, kQuestion.value);
    ASSERT_EQ(answers.size(), e.present ? 1U : 0U);
    if (!e.present) continue;
    EXPECT_EQ(code_of(*answers[0], DCM_ConceptCodeSequence), e.value.value);
  }
}

TEST(Evaluations, AVolumeIsNamedByAllOfItsImages) {
  phantom::TemporaryFolder folder;
  const Phantom p = make(folder.path / "source", false);
  write_structured_report(p.findings, p.volume, std::nullopt, folder.path / "sr.dcm");
  DcmFileFormat file;
  ASSERT_TRUE(file.loadFile((folder.path / "sr.dcm").c_str()).good());
  const auto groups = groups_of(*file.getDataset());
  ASSERT_EQ(groups.size(), 2U);
  EXPECT_EQ(named(*groups[0], "121112").size(), 2U);
}

TEST(Evaluations, OfAnImageThatIsNotThereIsRefused) {
  phantom::TemporaryFolder folder;
  Phantom p = make(folder.path / "source", true);
  p.findings.evaluations[0].image = 7;
  EXPECT_THROW(write_structured_report(p.findings, p.volume, std::nullopt, folder.path / "sr.dcm"),
               Error);
}

TEST(Evaluations, ThePageSaysWhatWasFoundAndOnWhatItRests) {
  phantom::TemporaryFolder folder;
  const Phantom p = make(folder.path / "source", true);
  dicom::Picture image;
  image.rows = 2;
  image.columns = 4;
  image.values = std::vector<float>{0, 1, 2, 3, 4, 5, 6, 7};
  const std::string page = to_html(p.findings, {}, {draw_image(image, "Image 1", "as it came")});
  for (const char* words :
       {"<h3>Image 1</h3>", "<h3>Image 2</h3>", "0.9877", "&lt; 0.0001", "&gt; 0.9999", ">0.4<",
        "present", "absent", "no other class is present", "fitted on 100 &lt;other&gt; pictures",
        "AI, unverified", "Image 1, as it came", "2 images"}) {
    EXPECT_NE(page.find(words), std::string::npos) << words;
  }
  EXPECT_EQ(page.find("Volumes"), std::string::npos);
  EXPECT_EQ(page.find("with outlines"), std::string::npos);
}

TEST(Evaluations, JsonHasEachWithItsImage) {
  phantom::TemporaryFolder folder;
  Phantom p = make(folder.path / "source", true);
  p.findings.evaluations[1].calibration.clear();
  const Json json = to_json(p.findings, {});
  const Json& all = json["evaluations"];
  ASSERT_EQ(all.size(), 4U);
  EXPECT_EQ(all[0]["label"], "Pneumonia");
  EXPECT_EQ(all[0]["code"]["value"], "233604007");
  EXPECT_EQ(all[0]["probability"], 0.98765432);
  EXPECT_EQ(all[0]["threshold"], 0.4);
  EXPECT_EQ(all[0]["present"], true);
  EXPECT_EQ(all[0]["calibrated"], true);
  EXPECT_EQ(all[0]["image"]["number"], 1);
  EXPECT_EQ(all[0]["image"]["sop_instance_uid"], p.findings.source.instances[0].sop_instance_uid);
  EXPECT_EQ(all[1]["threshold"], nullptr);
  EXPECT_EQ(all[1]["calibrated"], false);
  EXPECT_EQ(all[3]["nothing_found"], true);
  EXPECT_TRUE(json["findings"].empty());
}

TEST(Evaluations, ResultsAreAReportAPageAndJson) {
  phantom::TemporaryFolder folder;
  Phantom p = make(folder.path / "source", true);
  StagedFolder staged(folder.path / "out");
  EXPECT_EQ(write(p.findings, p.volume, {}, staged),
            (std::vector<std::string>{"sr.dcm", "report.html", "findings.json"}));
  staged.commit();
  EXPECT_NE(text_of(folder.path / "out" / "report.html").find("Pneumonia"), std::string::npos);
}

TEST(DrawImage, BrightIsBrightAndPixelsAreAsHighAsWide) {
  dicom::Picture image;
  image.rows = 2;
  image.columns = 4;
  image.values = std::vector<float>{0, 1, 2, 3, 4, 5, 6, 999};
  image.padding = {false, false, false, false, false, false, false, true};
  image.pixel_size = dicom::PixelSize{{2, 1}, dicom::PixelSizeFrom::imager_pixel_spacing};
  const Picture picture = draw_image(image, "Image 1", "");
  EXPECT_EQ(picture.width, kPictureWidth);
  EXPECT_EQ(picture.height, kPictureWidth);
  EXPECT_EQ(picture.rgb.size(), 3U * kPictureWidth * kPictureWidth);
  EXPECT_EQ(picture.rgb.front(), 0);
  const std::size_t last_row = 3U * kPictureWidth * (kPictureWidth - 1);
  EXPECT_EQ(picture.rgb.back(), 0);  // padding
  EXPECT_GT(picture.rgb[last_row + 3U * (kPictureWidth * 5 / 8)], 200);
}

TEST(DrawImage, ColourIsScaledToEightBits) {
  dicom::Picture image;
  image.rows = 1;
  image.columns = 1;
  image.colour_bits = 12;
  image.values = std::vector<std::uint16_t>{4095, 0, 2048};
  const Picture picture = draw_image(image, "Image 1", "");
  EXPECT_EQ(std::vector<std::uint8_t>(picture.rgb.begin(), picture.rgb.begin() + 3),
            (std::vector<std::uint8_t>{255, 0, 128}));
}

/// Sets of results for tests/end_to_end/objects_test.py.
TEST(ResultsForJudges, Evaluations) {
  const char* place = std::getenv("OSLER_JUDGE_DIR");
  if (place == nullptr) GTEST_SKIP() << "OSLER_JUDGE_DIR is not set";
  const std::filesystem::path root = std::filesystem::path(place) / "judged objects";
  for (const bool pictures : {true, false}) {
    const std::string name = pictures ? "classes-of-pictures" : "classes-of-a-volume";
    Phantom p = make(root / (name + "-source"), pictures);
    StagedFolder staged(root / name);
    write(p.findings, p.volume, {}, staged);
    staged.commit();
  }
}

}  // namespace
}  // namespace osler::report
