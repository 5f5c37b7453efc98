#include "pipeline/jobs.hpp"

#include <gtest/gtest.h>

#include "findings_package.hpp"
#include "pipeline/fit.hpp"

namespace osler {
namespace fs = std::filesystem;
namespace {

const Grid kFits{{192, 256, 160}, Affine{}};

TEST(MisfitsOfAFile, AModalityThatIsNotKnownIsNotPassedOver) {
  const auto found = misfits(kFits, "", testing::paired_package());
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].code, "modality_unknown");
  EXPECT_TRUE(found[0].refuses);
  EXPECT_NE(found[0].detail.find("--modality MR"), std::string::npos) << found[0].detail;
}

TEST(MisfitsOfAFile, StatedModalityAndGridAreHeldAgainstTheModel) {
  EXPECT_TRUE(misfits(kFits, "MR", testing::paired_package()).empty());
  const auto found = misfits({{64, 64, 2}, Affine{}}, "CT", testing::paired_package());
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].code, "modality");
  EXPECT_EQ(found[1].code, "field_of_view");
}

TEST(SubjectsOf, EveryFileHasAFolderOfItsOwnBelowOut) {
  const std::vector<dicom::Study> studies{{"1.2.3", {}}};
  const std::vector<fs::path> files{"a/t1.nii.gz", "b/t1.nii", "1.2.3.nii.gz",
                                    "t1-2.mha",    "...nii",   ".x.nii"};
  RunOptions options;
  options.out = "out";
  std::vector<std::string> names;
  for (const Subject& s : subjects_of(studies, files, options, false)) {
    EXPECT_EQ(s.folder.parent_path(), "out");
    names.push_back(s.folder.filename().string());
  }
  EXPECT_EQ(names,
            (std::vector<std::string>{"1.2.3", "t1", "t1-2", "1.2.3-2", "t1-2-2", "volume", "x"}));
}

TEST(SubjectsOf, NumberedFilesAreTheChannelsOfOneSubject) {
  const std::vector<fs::path> files{"a/x_0000.nii.gz", "a/x_0001.nii.gz", "a/y_0000.nii.gz",
                                    "a/z_1.nii.gz"};
  RunOptions options;
  options.out = "out";
  const std::vector<Subject> several = subjects_of({}, files, options, true);
  ASSERT_EQ(several.size(), 3U);
  EXPECT_EQ(several[0].folder, "out/z_1");
  EXPECT_TRUE(several[0].channels.empty());
  EXPECT_EQ(several[1].folder, "out/x");
  EXPECT_EQ(several[1].channels.at("_0001"), "a/x_0001.nii.gz");
  EXPECT_EQ(several[2].channels.size(), 1U);
  EXPECT_EQ(subjects_of({}, files, options, false).size(), 4U) << "each is an image of its own";
}

}  // namespace
}  // namespace osler
