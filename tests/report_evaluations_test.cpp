// Results of a classifier: files and JSON.

#include <gtest/gtest.h>

#include <cstdlib>

#include "evaluations_phantom.hpp"
#include "report/findings_json.hpp"
#include "report/results.hpp"
#include "text_file.hpp"

namespace osler::report {
namespace {

using phantom::Phantom;
using testing::text_of;

/// One delivery. @return its files
std::vector<std::string> write(Findings& findings, const Volume& volume,
                               const std::vector<Picture>& pictures, StagedFolder& staged) {
  Delivery delivery{staged};
  write_evaluations(findings, volume, pictures, {&delivery, 1});
  return delivery.files;
}

TEST(Evaluations, JsonHasEachWithItsImage) {
  phantom::TemporaryFolder folder;
  Phantom p = phantom::classified(folder.path / "source", true);
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
  Phantom p = phantom::classified(folder.path / "source", true);
  StagedFolder staged(folder.path / "out");
  EXPECT_EQ(write(p.findings, p.volume, {}, staged),
            (std::vector<std::string>{"sr.dcm", "report.html", "findings.json"}));
  staged.commit();
  EXPECT_NE(text_of(folder.path / "out" / "report.html").find("Pneumonia"), std::string::npos);
}

/// Sets of results for tests/end_to_end/objects_test.py.
TEST(ResultsForJudges, Evaluations) {
  const char* place = std::getenv("OSLER_JUDGE_DIR");
  if (place == nullptr) GTEST_SKIP() << "OSLER_JUDGE_DIR is not set";
  const std::filesystem::path root = std::filesystem::path(place) / "judged objects";
  for (const bool pictures : {true, false}) {
    const std::string name = pictures ? "classes-of-pictures" : "classes-of-a-volume";
    Phantom p = phantom::classified(root / (name + "-source"), pictures);
    StagedFolder staged(root / name);
    write(p.findings, p.volume, {}, staged);
    staged.commit();
  }
}

}  // namespace
}  // namespace osler::report
