#include <gtest/gtest.h>

#include <opencv2/imgcodecs.hpp>

#include "findings_phantom.hpp"
#include "page/html.hpp"
#include "page/html_slices.hpp"

namespace osler::page {
namespace {

using phantom::Phantom;

const Affine kStraight = Affine::from_columns({1, 0, 0}, {0, 1, 0}, {0, 0, 2.5}, {-20, -20, 10});

SliceStack slices_of(const Phantom& p) {
  return draw_slices(p.findings, p.labels, p.volume, extents_of(p.labels));
}

std::vector<std::string> places_of(const SliceStack& stack) {
  std::vector<std::string> places;
  for (const Slice& slice : stack.slices) places.push_back(slice.place);
  return places;
}

/// A cube of 10 voxels a side in the slices 4 and 5.
Phantom cube(const std::filesystem::path& folder, const Grid& grid) {
  return phantom::make(folder, grid, [](int c, int r, int k) {
    return c >= 10 && c < 20 && r >= 12 && r < 22 && (k == 4 || k == 5) ? 1 : 0;
  });
}

TEST(LabelExtents, AreThoseOfTheVoxelsCentres) {
  LabelMap labels;
  labels.grid = {
      {4, 3, 5}, Affine::from_columns({-2, 0, 0}, {0, 3, 0}, {0, 0, 4}, {10, -6, 100}), {}};
  labels.labels.resize(60);
  const auto at = [&](int c, int r, int k) -> std::uint8_t& {
    return labels.labels[static_cast<std::size_t>((k * 3 + r) * 4 + c)];
  };
  at(0, 0, 0) = at(1, 0, 0) = at(3, 2, 4) = 7;
  at(2, 1, 3) = 9;
  const LabelExtents extents = extents_of(labels);
  EXPECT_TRUE(extents[1].empty);
  EXPECT_EQ(extents[7].low, (std::array<double, 3>{4, -6, 100}));
  EXPECT_EQ(extents[7].high, (std::array<double, 3>{10, 0, 116}));
  EXPECT_EQ(extents[7].busiest(2), 100);  // two of three voxels
  EXPECT_EQ(extents[7].busiest(0), 9);    // 8 and 10 mm, each near the other
  EXPECT_EQ(extents[9].low, (std::array<double, 3>{6, -3, 112}));
  Extent both = extents[7];
  both.add(extents[9]);
  both.add(extents[1]);
  EXPECT_EQ(both.busiest(1), -6);
  EXPECT_EQ(both.high[2], 116);
}

TEST(LabelExtents, VoxelsOfAnySizeTakeLittleMemory) {
  LabelMap labels;
  labels.grid = {
      {3, 3, 3}, Affine::from_columns({1e9, 0, 0}, {0, 1e-9, 0}, {0, 0, 1}, {0, 0, 0}), {}};
  labels.labels.assign(27, 1);
  const Extent extent = extents_of(labels)[1];
  EXPECT_LE(extent.histograms[0].counts.size(), static_cast<std::size_t>(kMostBins) + 4);
  EXPECT_EQ(extent.high[0], 2e9);
  EXPECT_NEAR(extent.busiest(0), 1e9, 1e6);  // the middle of three alike
}

TEST(Slices, LieWhereTheScannersSlicesLie) {
  phantom::TemporaryFolder folder;
  const SliceStack stack = slices_of(cube(folder.path / "source", {{32, 32, 12}, kStraight, {}}));
  // Slices 4 and 5 are at 20 and 22.5 mm; three around at each end.
  EXPECT_EQ(places_of(stack),
            (std::vector<std::string>{"H 12.5 mm", "H 15.0 mm", "H 17.5 mm", "H 20.0 mm",
                                      "H 22.5 mm", "H 25.0 mm", "H 27.5 mm", "H 30.0 mm"}));
  EXPECT_EQ(stack.slices[2].outlines.size(), 0U);
  EXPECT_EQ(stack.slices[3].outlines.size(), 1U);
  EXPECT_EQ(stack.slices[4].outlines.size(), 1U);
  EXPECT_NE(stack.kind.find("Every slice"), std::string::npos);
}

TEST(Slices, OfUnevenDistancesKeepTheirPlaces) {
  phantom::TemporaryFolder folder;
  Grid grid{{32, 32, 8}, phantom::sheared(kStraight, 0.6), {0, 1, 2, 2.5, 3, 4.25, 5.5, 7}};
  const SliceStack stack = slices_of(cube(folder.path / "source", grid));
  // 10 mm + 2.5 mm x place; the labels are on the fifth and sixth.
  EXPECT_EQ(places_of(stack),
            (std::vector<std::string>{"H 12.5 mm", "H 15.0 mm", "H 16.2 mm", "H 17.5 mm",
                                      "H 20.6 mm", "H 23.8 mm", "H 27.5 mm"}));
  EXPECT_EQ(stack.largest({1}), 3);
}

TEST(Slices, ThroughObliqueVolumesAreSaidToBeInterpolated) {
  phantom::TemporaryFolder folder;
  const Affine oblique = phantom::oblique({1, 1, 2}, {-16, -16, 40}, 20, 8);
  const SliceStack stack = slices_of(cube(folder.path / "source", {{32, 32, 12}, oblique, {}}));
  EXPECT_NE(stack.kind.find("interpolated"), std::string::npos);
  EXPECT_GT(stack.slices.size(), 6U);
  EXPECT_TRUE(stack.slices.front().outlines.empty());
  EXPECT_TRUE(stack.slices.back().outlines.empty());
  EXPECT_GE(stack.largest({1}), 3);
}

TEST(Slices, AnOutlineLiesAroundItsSegment) {
  phantom::TemporaryFolder folder;
  const Phantom p = cube(folder.path / "source", {{32, 32, 12}, kStraight, {}});
  const SliceStack stack = slices_of(p);
  const SliceOutline& outline = stack.slices[3].outlines.at(0);
  EXPECT_EQ(outline.segment, 1);
  const double pixel_mm2 = stack.mm_per_pixel * stack.mm_per_pixel;
  EXPECT_NEAR(outline.pixels * pixel_mm2, 100, 2);  // 10 mm x 10 mm
  // The middle of the cube is the middle of the picture: c and r from 9.5 to 19.5 and 11.5 to 21.5.
  EXPECT_NEAR(outline.x, stack.width, 4);
  EXPECT_NEAR(outline.y, stack.height, 4);
  int x = 0, y = 0;
  ASSERT_EQ(std::sscanf(outline.path.c_str(), "M%d %dl", &x, &y), 2);
  const double half_side = 10 / stack.mm_per_pixel;  // half pixels
  EXPECT_LE(std::abs(x - stack.width), half_side + 2);
  EXPECT_LE(std::abs(y - stack.height), half_side + 2);
  EXPECT_EQ(outline.path.back(), 'z');
}

TEST(Slices, ArePicturesOfOneSizeAndOneWindow) {
  phantom::TemporaryFolder folder;
  const SliceStack stack = slices_of(cube(folder.path / "source", {{32, 32, 12}, kStraight, {}}));
  EXPECT_EQ(stack.width, kSliceWidth);
  for (const Slice& slice : stack.slices) {
    const cv::Mat grey = cv::imdecode(slice.jpeg, cv::IMREAD_UNCHANGED);
    ASSERT_EQ(grey.type(), CV_8U);
    EXPECT_EQ(grey.cols, stack.width);
    EXPECT_EQ(grey.rows, stack.height);
  }
  const auto middle = [&](std::size_t i) {
    return cv::imdecode(stack.slices[i].jpeg, cv::IMREAD_UNCHANGED)
        .at<std::uint8_t>(stack.height / 2, stack.width / 2);
  };
  EXPECT_GT(middle(3), middle(0) + 50);  // labelled voxels are 300 brighter
}

/// Noise compresses worst: 105 segments over a whole body.
TEST(Slices, KeepTheirBoundOnALargeNoisyStudy) {
  constexpr int kSegments = 105;
  Volume volume;
  volume.grid = {{160, 160, 412},
                 Affine::from_columns({2.9, 0, 0}, {0, 2.9, 0}, {0, 0, 3}, {-230, -230, -600}),
                 {}};
  volume.type = ScalarType::i16;
  volume.voxels = std::make_unique<std::byte[]>(volume.bytes());
  volume.slices.resize(412);
  LabelMap labels{volume.grid, std::vector<std::uint8_t>(volume.bytes() / 2)};
  auto* values = reinterpret_cast<std::int16_t*>(volume.voxels.get());
  std::uint32_t random = 1;
  for (std::size_t i = 0; i < labels.labels.size(); ++i) {
    random = random * 1664525U + 1013904223U;
    values[i] = static_cast<std::int16_t>(random >> 18);
    const std::size_t c = i % 160, r = i / 160 % 160, k = i / 25600;
    if (c < 16 || c >= 144 || r < 16 || r >= 144) continue;
    labels.labels[i] =
        static_cast<std::uint8_t>(1 + (c / 20 + 8 * (r / 20) + 13 * (k / 30)) % kSegments);
  }
  Findings findings;
  findings.status = Status::complete;
  for (int number = 1; number <= kSegments; ++number) {
    Segment segment;
    segment.number = segment.value = number;
    segment.label = "organ " + std::to_string(number);
    findings.segments.push_back(segment);
  }
  const SliceStack stack = draw_slices(findings, labels, volume, extents_of(labels));
  EXPECT_LE(stack.bytes(), kMostStackBytes);
  EXPECT_LE(stack.slices.size(), kMostSlices);
  EXPECT_GE(stack.slices.size(), 20U);
  EXPECT_NE(stack.kind.find("One slice in "), std::string::npos) << stack.kind;
  const std::string page = to_html(findings, {}, {}, stack);
  EXPECT_LE(page.size(), kMostStackBytes + 100'000);
  EXPECT_GE(page.size(), stack.bytes());
  // Labels without any order have outlines that are larger than the pictures.
  for (std::size_t i = 0; i < labels.labels.size(); ++i)
    labels.labels[i] = static_cast<std::uint8_t>(i < 12 * 25600 ? 1 + values[i] % kSegments : 0);
  EXPECT_LE(draw_slices(findings, labels, volume, extents_of(labels)).bytes(), kMostStackBytes);
}

TEST(Slices, NoLabelsNoSlices) {
  phantom::TemporaryFolder folder;
  const Phantom p =
      phantom::make(folder.path / "source", {6, 6, 4}, {}, [](int, int, int) { return 0; });
  EXPECT_TRUE(slices_of(p).slices.empty());
  EXPECT_EQ(to_html(p.findings, {}, {}, slices_of(p)).find("viewer-title"), std::string::npos);
}

TEST(Slices, OfASingleSliceAreOne) {
  phantom::TemporaryFolder folder;
  const Phantom p =
      phantom::make(folder.path / "source", {32, 32, 1}, kStraight,
                    [](int c, int r, int) { return c > 9 && c < 20 && r > 9 && r < 20 ? 1 : 0; });
  const SliceStack stack = slices_of(p);
  EXPECT_EQ(places_of(stack), (std::vector<std::string>{"H 10.0 mm"}));
  EXPECT_EQ(stack.largest({1}), 0);
}

}  // namespace
}  // namespace osler::page
