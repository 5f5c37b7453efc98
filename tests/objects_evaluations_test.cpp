// What becomes of evaluations in the structured report: groups.

#include <gtest/gtest.h>

#include "core/error.hpp"
#include "evaluations_phantom.hpp"
#include "objects/structured_report.hpp"
#include "objects_reading.hpp"

namespace osler::objects {
namespace {

using phantom::kQuestion;
using phantom::Phantom;

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
  const Phantom p = phantom::classified(folder.path / "source", true);
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
    EXPECT_EQ(text_of(*references[0], DCM_ReferencedSOPInstanceUID),
              p.findings.source.instances[*e.image].sop_instance_uid);
    ASSERT_EQ(named(group, "122157").size(), 1U);
    const auto values = items_of(*named(group, "122157")[0], DCM_MeasuredValueSequence);
    ASSERT_EQ(values.size(), 1U);
    EXPECT_NEAR(std::stod(text_of(*values[0], DCM_NumericValue)), e.probability, 1e-8);
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
  const Phantom p = phantom::classified(folder.path / "source", false);
  write_structured_report(p.findings, p.volume, std::nullopt, folder.path / "sr.dcm");
  DcmFileFormat file;
  ASSERT_TRUE(file.loadFile((folder.path / "sr.dcm").c_str()).good());
  const auto groups = groups_of(*file.getDataset());
  ASSERT_EQ(groups.size(), 2U);
  EXPECT_EQ(named(*groups[0], "121112").size(), 2U);
}

TEST(Evaluations, OfAnImageThatIsNotThereIsRefused) {
  phantom::TemporaryFolder folder;
  Phantom p = phantom::classified(folder.path / "source", true);
  p.findings.evaluations[0].image = 7;
  EXPECT_THROW(write_structured_report(p.findings, p.volume, std::nullopt, folder.path / "sr.dcm"),
               Error);
}

}  // namespace
}  // namespace osler::objects
