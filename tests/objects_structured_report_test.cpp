#include <gtest/gtest.h>

#include <map>
#include <set>

#include "core/error.hpp"
#include "objects/segmentation.hpp"
#include "objects/structured_report.hpp"
#include "objects_reading.hpp"

namespace osler::objects {
namespace {

using phantom::Phantom;

const Size3 kSize{15, 10, 8};

/// A content item with its concept name and what it stands in.
struct Content {
  DcmItem* item = nullptr;
  std::string type;
  std::string concept_value;
  DcmItem* parent = nullptr;
};

void collect(DcmItem& parent, std::vector<Content>& out) {
  for (DcmItem* item : items_of(parent, DCM_ContentSequence)) {
    out.push_back({item, text_of(*item, DCM_ValueType), code_of(*item, DCM_ConceptNameCodeSequence),
                   &parent});
    collect(*item, out);
  }
}

struct Report {
  DcmFileFormat format;
  std::vector<Content> contents;
  explicit Report(const std::filesystem::path& file) {
    EXPECT_TRUE(format.loadFile(file.c_str()).good());
    collect(*format.getDataset(), contents);
  }
  DcmItem& root() { return *format.getDataset(); }
  std::vector<Content> all(const std::string& type, const std::string& concept_value) const {
    std::vector<Content> found;
    for (const Content& c : contents) {
      if (c.type == type && c.concept_value == concept_value) found.push_back(c);
    }
    return found;
  }
};

Phantom make(const std::filesystem::path& folder) {
  return boxes(folder, {kSize, phantom::oblique({0.7, 0.9, 1.6}, {-12, 8, -71}, 23, -11)});
}

TEST(StructuredReport, VolumesStandBesideTheSegmentsThatTheyAreOf) {
  phantom::TemporaryFolder folder;
  const Phantom p = make(folder.path / "source");
  const ObjectIds seg = write_segmentation(p.findings, p.labels, p.volume, folder.path / "seg.dcm");
  write_structured_report(p.findings, p.volume, seg, folder.path / "sr.dcm");
  Report report(folder.path / "sr.dcm");

  std::map<std::string, double> volumes;  // by segment numbers
  for (const Content& group : report.all("CONTAINER", "125007")) {
    std::string numbers;
    double volume = -1;
    for (DcmItem* item : items_of(*group.item, DCM_ContentSequence)) {
      const std::string name = code_of(*item, DCM_ConceptNameCodeSequence);
      if (name == "121191") {
        DcmItem& reference = *items_of(*item, DCM_ReferencedSOPSequence).at(0);
        EXPECT_EQ(text_of(reference, DCM_ReferencedSOPInstanceUID), seg.sop_instance_uid);
        numbers = text_of(reference, DCM_ReferencedSegmentNumber);
      }
      if (name == "118565006") {
        DcmItem& value = *items_of(*item, DCM_MeasuredValueSequence).at(0);
        EXPECT_EQ(code_of(value, DCM_MeasurementUnitsCodeSequence), "mm3");
        volume = std::stod(text_of(value, DCM_NumericValue));
      }
    }
    const auto templates = items_of(*group.item, DCM_ContentTemplateSequence);
    ASSERT_EQ(templates.size(), 1U);
    EXPECT_EQ(text_of(*templates[0], DCM_TemplateIdentifier),
              numbers.find('\\') == std::string::npos ? "1411" : "1501");
    if (volume >= 0) volumes[numbers] = volume;
  }
  ASSERT_EQ(volumes.size(), 6U);
  for (const Finding& finding : p.findings.findings) {
    std::string numbers;
    for (const int n : finding.segments) {
      numbers += (numbers.empty() ? "" : "\\") + std::to_string(n);
    }
    EXPECT_NEAR(volumes.at(numbers), finding.volume_mm3, 5e-4);
  }
  const auto index = report.all("NUM", "ASYMMETRY");
  ASSERT_EQ(index.size(), 1U);
  DcmItem& value = *items_of(*index[0].item, DCM_MeasuredValueSequence).at(0);
  EXPECT_NEAR(std::stod(text_of(value, DCM_NumericValue)), p.findings.asymmetries[0].index, 1e-9);
  EXPECT_EQ(code_of(value, DCM_MeasurementUnitsCodeSequence), "1");
}

/// Number of a NUM item.
double number_of(DcmItem& item) {
  return std::stod(text_of(*items_of(item, DCM_MeasuredValueSequence).at(0), DCM_NumericValue));
}

TEST(StructuredReport, SaysWhatIsNormalOfWhomAndByWhoseAuthority) {
  phantom::TemporaryFolder folder;
  Phantom p = make(folder.path / "source");
  Finding& first = p.findings.findings[2];  // one segment
  first.norm = Norm{"Adults of 60 to 69 years", "A. Author 2020", 3000, 250, 2510, 3490, 2.4, 99.2};
  first.volume_mm3 = 3600;
  first.intensities = Intensities{7, 40.25, 12.5, -3, 71};
  const ObjectIds seg{kSegmentationStorage, "1.2.3", "1.2.4"};
  write_structured_report(p.findings, p.volume, seg, folder.path / "sr.dcm");
  Report report(folder.path / "sr.dcm");
  std::map<std::string, double> numbers;
  std::map<std::string, std::string> texts;
  std::string normality;
  for (const Content& c : report.contents) {
    if (text_of(*c.item, DCM_RelationshipType) != "HAS PROPERTIES") continue;
    EXPECT_EQ(code_of(*c.parent, DCM_ConceptNameCodeSequence), "118565006");
    EXPECT_DOUBLE_EQ(number_of(*c.parent), 3600);
    if (c.type == "NUM") numbers[c.concept_value] = number_of(*c.item);
    if (c.type == "TEXT") texts[c.concept_value] = text_of(*c.item, DCM_TextValue);
    if (c.type == "CODE") normality = code_of(*c.item, DCM_ConceptCodeSequence);
  }
  EXPECT_EQ(numbers, (std::map<std::string, double>{{"373098007", 3000},
                                                    {"121414", 250},
                                                    {"121415", 99.2},
                                                    {"121416", 2.4},
                                                    {"385524004", 2510},
                                                    {"371933006", 3490}}));
  EXPECT_EQ(texts["121405"], "Adults of 60 to 69 years");
  EXPECT_EQ(texts["121406"], "A. Author 2020");
  EXPECT_EQ(normality, "371879000");  // Abnormally High
  std::map<std::string, double> derived;
  for (const Content& c : report.all("NUM", "112031")) {
    for (DcmItem* item : items_of(*c.item, DCM_ContentSequence)) {
      if (code_of(*item, DCM_ConceptNameCodeSequence) == "121401") {
        derived[code_of(*item, DCM_ConceptCodeSequence)] = number_of(*c.item);
      }
    }
  }
  EXPECT_EQ(derived,
            (std::map<std::string, double>{
                {"373098007", 40.25}, {"386136009", 12.5}, {"255605001", -3}, {"56851009", 71}}));
}

TEST(StructuredReport, OfASingleSliceGivesAreasOfPlanarRegions) {
  phantom::TemporaryFolder folder;
  const Size3 size{15, 10, 1};
  // Pixels of 0.5 x 0.75 mm; 4 of them are segment 1.
  const Affine affine = Affine::from_columns({0.5, 0, 0}, {0, 0.75, 0}, {0, 0, 3}, {0, 0, 0});
  Phantom p = phantom::make(folder.path / "source", size, affine,
                            [](int c, int r, int) { return r == 2 && c < 4 ? 1 : 0; });
  p.findings.asymmetries.clear();
  std::erase_if(p.findings.findings, [](const Finding& f) { return f.voxels == 0; });
  const ObjectIds seg{kSegmentationStorage, "1.2.3", "1.2.4"};
  write_structured_report(p.findings, p.volume, seg, folder.path / "sr.dcm");
  Report report(folder.path / "sr.dcm");
  const auto areas = report.all("NUM", "42798000");
  ASSERT_EQ(areas.size(), 1U);
  EXPECT_DOUBLE_EQ(number_of(*areas[0].item), 4 * 0.5 * 0.75);
  DcmItem& group = *areas[0].parent;
  EXPECT_EQ(text_of(*items_of(group, DCM_ContentTemplateSequence).at(0), DCM_TemplateIdentifier),
            "1410");
  EXPECT_EQ(report.all("IMAGE", "121214").size(), 1U);
  const auto sources = report.all("IMAGE", "121233");
  ASSERT_EQ(sources.size(), 1U);
  EXPECT_EQ(text_of(*items_of(*sources[0].item, DCM_ReferencedSOPSequence).at(0),
                    DCM_ReferencedSOPInstanceUID),
            p.volume.slices[0].sop_instance_uid);
}

TEST(StructuredReport, EnhancedHasNoCoordinatesInSpaceAndAnotherUid) {
  phantom::TemporaryFolder folder;
  const Phantom p = make(folder.path / "source");
  const ObjectIds seg{kSegmentationStorage, "1.2.3", "1.2.4"};
  const ObjectIds full = write_structured_report(p.findings, p.volume, seg, folder.path / "3d.dcm");
  const ObjectIds ids =
      write_structured_report(p.findings, p.volume, seg, folder.path / "sr.dcm", SrForm::enhanced);
  Report report(folder.path / "sr.dcm"), whole(folder.path / "3d.dcm");
  EXPECT_EQ(text_of(report.root(), DCM_SOPClassUID), kEnhancedSrStorage);
  EXPECT_NE(ids.sop_instance_uid, full.sop_instance_uid);
  EXPECT_EQ(report.all("SCOORD3D", "128138").size(), 0U);
  EXPECT_EQ(whole.all("SCOORD3D", "128138").size(), 6U);
  EXPECT_EQ(report.all("NUM", "118565006").size(), whole.all("NUM", "118565006").size());
}

TEST(StructuredReport, IsUnverifiedAndPreliminaryAndListsItsEvidence) {
  phantom::TemporaryFolder folder;
  const Phantom p = make(folder.path / "source");
  const ObjectIds seg = write_segmentation(p.findings, p.labels, p.volume, folder.path / "seg.dcm");
  const ObjectIds ids = write_structured_report(p.findings, p.volume, seg, folder.path / "sr.dcm");
  Report report(folder.path / "sr.dcm");
  DcmItem& root = report.root();
  EXPECT_EQ(text_of(root, DCM_SOPClassUID), kComprehensive3dSrStorage);
  EXPECT_EQ(text_of(root, DCM_SOPInstanceUID), ids.sop_instance_uid);
  EXPECT_EQ(text_of(root, DCM_VerificationFlag), "UNVERIFIED");
  EXPECT_EQ(text_of(root, DCM_PreliminaryFlag), "PRELIMINARY");
  EXPECT_EQ(text_of(root, DCM_CompletionFlag), "COMPLETE");
  EXPECT_EQ(text_of(root, DCM_SeriesDescription).rfind("AI, unverified", 0), 0U);

  std::set<std::string> evidence;
  for (DcmItem* study : items_of(root, DCM_CurrentRequestedProcedureEvidenceSequence)) {
    for (DcmItem* series : items_of(*study, DCM_ReferencedSeriesSequence)) {
      for (DcmItem* sop : items_of(*series, DCM_ReferencedSOPSequence)) {
        evidence.insert(text_of(*sop, DCM_ReferencedSOPInstanceUID));
      }
    }
  }
  EXPECT_EQ(evidence.size(), static_cast<std::size_t>(kSize[2]) + 1);
  for (const Content& c : report.contents) {
    for (DcmItem* sop : items_of(*c.item, DCM_ReferencedSOPSequence)) {
      EXPECT_EQ(evidence.count(text_of(*sop, DCM_ReferencedSOPInstanceUID)), 1U);
    }
  }
}

TEST(StructuredReport, SaysWhatWarnedAndWhatWasNotUsed) {
  phantom::TemporaryFolder folder;
  const Phantom p = make(folder.path / "source");
  const ObjectIds seg = write_segmentation(p.findings, p.labels, p.volume, folder.path / "seg.dcm");
  write_structured_report(p.findings, p.volume, seg, folder.path / "sr.dcm");
  Report report(folder.path / "sr.dcm");
  ASSERT_EQ(report.all("TEXT", "GATE_WARNED").size(), 1U);
  EXPECT_EQ(text_of(*report.all("TEXT", "GATE_WARNED")[0].item, DCM_TextValue),
            "volume_left: 5200, expected at least 2200 and at most 5000. Volume of the left side, "
            "mm3.");
  EXPECT_EQ(report.all("TEXT", "GATE_FAILED").size(), 0U);
  EXPECT_EQ(report.all("TEXT", "SOURCE_WARNING").size(), 1U);
  EXPECT_EQ(report.all("TEXT", "NOT_USED").size(), 1U);
  EXPECT_EQ(report.all("TEXT", "LIMITATION").size(), 1U);
}

TEST(StructuredReport, PartialHasReasonsAndNoMeasurement) {
  phantom::TemporaryFolder folder;
  Phantom p = make(folder.path / "source");
  p.findings.status = Status::partial;
  p.findings.refusals = {"The registration to the template failed."};
  write_structured_report(p.findings, p.volume, std::nullopt, folder.path / "sr.dcm");
  Report report(folder.path / "sr.dcm");
  EXPECT_EQ(text_of(report.root(), DCM_CompletionFlag), "PARTIAL");
  EXPECT_TRUE(report.all("CONTAINER", "126010").empty());
  EXPECT_TRUE(report.all("NUM", "118565006").empty());
  ASSERT_EQ(report.all("TEXT", "NO_MEASUREMENTS").size(), 1U);
  EXPECT_EQ(text_of(*report.all("TEXT", "NO_MEASUREMENTS")[0].item, DCM_TextValue),
            "The registration to the template failed.");
}

TEST(StructuredReport, CompleteWithoutASegmentationIsRefused) {
  phantom::TemporaryFolder folder;
  const Phantom p = make(folder.path / "source");
  EXPECT_THROW(write_structured_report(p.findings, p.volume, std::nullopt, folder.path / "sr.dcm"),
               Error);
}

TEST(StructuredReport, AFullDiskIsAnOutputError) {
  phantom::TemporaryFolder folder;
  Phantom p = make(folder.path / "source");
  p.findings.status = Status::partial;
  for (const char* file : {"/dev/full", "/nonexistent/sr.dcm"}) {
    try {
      write_structured_report(p.findings, p.volume, std::nullopt, file);
      FAIL() << file;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::output) << error.what();
    }
  }
}

TEST(StructuredReport, TrackingStaysWhenTheModelChanges) {
  phantom::TemporaryFolder folder;
  Phantom p = make(folder.path / "source");
  const auto tracking = [&] {
    const ObjectIds seg =
        write_segmentation(p.findings, p.labels, p.volume, folder.path / "seg.dcm");
    write_structured_report(p.findings, p.volume, seg, folder.path / "sr.dcm");
    Report report(folder.path / "sr.dcm");
    std::set<std::string> uids;
    for (const Content& c : report.all("UIDREF", "112040")) uids.insert(text_of(*c.item, DCM_UID));
    return uids;
  };
  const auto before = tracking();
  EXPECT_EQ(before.size(), 7U);  // six findings and the asymmetry
  p.findings.model.digest = std::string(64, 'e');
  EXPECT_EQ(tracking(), before);
}

}  // namespace
}  // namespace osler::objects
