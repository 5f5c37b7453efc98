#include "findings/measure.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "findings_package.hpp"

namespace osler {
namespace {

using testing::paired_package;

// Labels 1 ... 4: right upper, left upper, left lower, right lower; voxels of 3 mm3.
const std::vector<LabelStatistics> kStatistics{
    {}, {100, 300, {-30, 0, 10}}, {300, 900, {30, 0, 8}}, {100, 300, {34, 4, 0}}, {0, 0, {}}};

TEST(Measure, WholesComeFirstAndAreTheUnionOfTheirParts) {
  const auto found = measure(paired_package(), kStatistics);
  ASSERT_EQ(found.size(), 6U);
  const Finding& left = found[0];
  EXPECT_EQ(left.label, "Left kidney");
  EXPECT_EQ(left.code, (Code{"64033007", "SCT", ""}));
  ASSERT_TRUE(left.laterality);
  EXPECT_EQ(left.laterality->value, "7771000");
  EXPECT_FALSE(left.part);
  EXPECT_EQ(left.segments, (std::vector<int>{2, 3}));
  EXPECT_EQ(left.voxels, 400);
  EXPECT_DOUBLE_EQ(left.volume_mm3, 1200);
  // (300 (30,0,8) + 100 (34,4,0)) / 400
  EXPECT_NEAR(left.centroid_mm[0], 31, 1e-12);
  EXPECT_NEAR(left.centroid_mm[1], 1, 1e-12);
  EXPECT_NEAR(left.centroid_mm[2], 6, 1e-12);

  const Finding& right = found[1];
  EXPECT_EQ(right.label, "Right kidney");
  EXPECT_EQ(right.segments, (std::vector<int>{1, 4}));
  EXPECT_EQ(right.voxels, 100) << "the part that was not found counts nothing";
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_NEAR(right.centroid_mm[i], (Vec3{-30, 0, 10})[i], 1e-12);
  }
}

TEST(Measure, EachSegmentIsAPartOfItsSide) {
  const auto found = measure(paired_package(), kStatistics);
  ASSERT_EQ(found.size(), 6U);
  EXPECT_EQ(found[2].label, "Right upper");
  EXPECT_EQ(found[2].laterality->value, "24028007");
  EXPECT_EQ(found[2].segments, std::vector<int>{1});
  EXPECT_DOUBLE_EQ(found[2].volume_mm3, 300);
  EXPECT_EQ(found[4].label, "Left lower");
  EXPECT_EQ(found[4].part->meaning, "Lower");
  EXPECT_EQ(found[4].centroid_mm, (Vec3{34, 4, 0}));
  EXPECT_EQ(found[5].voxels, 0);
  EXPECT_EQ(found[5].volume_mm3, 0);
}

TEST(Asymmetries, AreTheDifferencePerMeanAndPositiveIfTheLeftIsLarger) {
  const ModelPackage package = paired_package();
  const auto found = asymmetries(package, measure(package, kStatistics));
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].label, "Kidney");
  // 1200 and 300 mm3: 900 / 750
  EXPECT_DOUBLE_EQ(found[0].index, 1.2);
}

TEST(Asymmetries, NeedBothSides) {
  const ModelPackage package = paired_package();
  std::vector<LabelStatistics> one_side = kStatistics;
  one_side[1] = {};
  EXPECT_TRUE(asymmetries(package, measure(package, one_side)).empty());
  EXPECT_TRUE(asymmetries(package, {}).empty());
}

TEST(DescribeSegments, NumbersThemInTheOrderOfThePackage) {
  const auto found = describe_segments(paired_package());
  ASSERT_EQ(found.size(), 4U);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(found[static_cast<std::size_t>(i)].number, i + 1);
  EXPECT_EQ(found[0].label, "Right upper");
  EXPECT_EQ(found[0].type_modifier->value, "24028007");
  EXPECT_EQ(found[2].type_modifier->value, "7771000");
  EXPECT_EQ(found[2].part_modifier->value, "2");
}

TEST(DescribeModel, QuotesWhatCanChangeAResult) {
  const ModelUse use = describe_model(paired_package());
  EXPECT_EQ(use.name, "pair");
  EXPECT_EQ(use.version, "1.2.3");
  EXPECT_EQ(use.digest, "d1");
  const std::vector<std::pair<std::string, std::string>> expected{{"weights_sha256", "w1"},
                                                                  {"template_sha256", "t1"}};
  EXPECT_EQ(use.parameters, expected);
}

}  // namespace
}  // namespace osler
