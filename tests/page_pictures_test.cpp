#include <gtest/gtest.h>

#include "findings_phantom.hpp"
#include "page/pictures.hpp"

namespace osler::page {
namespace {

using phantom::Phantom;

/// A linear ramp: trilinear sampling must give it back exactly, wherever the plane lies.
Volume ramp(const Grid& grid, const Vec3& slope) {
  Volume volume;
  volume.grid = grid;
  volume.type = ScalarType::f32;
  const auto count = static_cast<std::size_t>(voxel_count(grid.size));
  volume.voxels = std::make_unique<std::byte[]>(count * sizeof(float));
  auto* values = reinterpret_cast<float*>(volume.voxels.get());
  for (int k = 0; k < grid.size[2]; ++k) {
    volume.slices.push_back({});
    for (int r = 0; r < grid.size[1]; ++r) {
      for (int c = 0; c < grid.size[0]; ++c) {
        *values++ = static_cast<float>(dot(slope, phantom::place(grid, c, r, k)));
      }
    }
  }
  return volume;
}

void expect_exact_ramp(const Grid& grid) {
  const Vec3 slope{1, 10, 100};
  const Volume volume = ramp(grid, slope);
  const Vec3 centre = grid.index_to_lps({20, 20, 20});
  Plane plane;
  plane.origin_mm = centre - Vec3{5, 5, 0};
  plane.right_mm = {0.37, 0, 0};
  plane.down_mm = {0, 0.37, 0};
  plane.width = plane.height = 28;
  const std::vector<float> image = sample_image(volume, plane);
  for (int v = 0; v < plane.height; ++v) {
    for (int u = 0; u < plane.width; ++u) {
      const Vec3 p = plane.origin_mm + double(u) * plane.right_mm + double(v) * plane.down_mm;
      EXPECT_NEAR(image[static_cast<std::size_t>(v * plane.width + u)], dot(slope, p), 2e-3);
    }
  }
}

TEST(SliceView, SamplesALinearRampExactlyInAnObliqueVolume) {
  expect_exact_ramp({{40, 40, 40}, phantom::oblique({1, 1.1, 1.3}, {-20, -21, -22}, 17, 9)});
}

TEST(SliceView, SamplesALinearRampExactlyBetweenUnevenSlices) {
  Grid grid{{40, 40, 40}, phantom::oblique({1, 1.1, 1.3}, {-20, -21, -22}, 17, 9)};
  for (int k = 0; k < 40; ++k) grid.slice_at.push_back(k + (k % 3 == 1 ? 0.4 : 0));
  expect_exact_ramp(grid);
}

/// Mean column of a segment, pixels of the plane.
double middle_of(const SegmentShare& segment) {
  double at = 0, sum = 0;
  for (std::size_t i = 0; i < segment.share.size(); ++i) {
    at += segment.share[i] *
          (segment.left + static_cast<double>(i % static_cast<std::size_t>(segment.width)));
    sum += segment.share[i];
  }
  return at / sum;
}

TEST(SliceView, PlanesFollowRadiologicalConvention) {
  phantom::TemporaryFolder folder;
  const Size3 size{64, 48, 40};
  // Stored sagittally: columns run backwards, rows to the feet, slices to the patient's right.
  const Affine sagittal = Affine::from_columns({0, 1, 0}, {0, 0, -1}, {-1.5, 0, 0}, {30, -30, 20});
  const Phantom p = phantom::make(folder.path / "source", size, sagittal, [&](int c, int r, int k) {
    return c > 10 && c < 30 && r > 10 && r < 30 ? (k < 10 ? 1 : (k > 30 ? 3 : 0)) : 0;
  });
  const LabelExtents extents = extents_of(p.labels);
  for (const PlaneKind kind : {PlaneKind::axial, PlaneKind::coronal}) {
    const auto planes = choose_planes(p.findings, extents, kind, 400);
    ASSERT_EQ(planes.size(), 1U);
    EXPECT_GT(planes[0].right_mm[0], 0);  // to the patient's left
    std::vector<SegmentShare> segments;
    sample_segments(p.labels, planes[0],
                    [&](const SegmentShare& segment) { segments.push_back(segment); });
    ASSERT_EQ(segments.size(), 2U);
    ASSERT_EQ(segments[0].segment, 1);
    ASSERT_EQ(segments[1].segment, 3);
    EXPECT_GT(middle_of(segments[0]), middle_of(segments[1]) + 50);
  }
  EXPECT_GT(choose_planes(p.findings, extents, PlaneKind::axial, 400)[0].down_mm[1], 0);
  EXPECT_LT(choose_planes(p.findings, extents, PlaneKind::coronal, 400)[0].down_mm[2], 0);
  const auto sides = choose_planes(p.findings, extents, PlaneKind::sagittal, 400);
  ASSERT_EQ(sides.size(), 2U);
  EXPECT_LT(sides[0].position_mm, sides[1].position_mm);  // the right side first
  EXPECT_GT(sides[0].right_mm[1], 0);                     // the face looks to the left
}

TEST(SliceView, OutsideOfTheVolumeAndPaddingAreNoImage) {
  const Grid grid{{4, 4, 4}, {}};
  Volume volume = ramp(grid, {0, 0, 0});
  volume.padding = Volume::Padding{0, 0};
  Plane plane;
  plane.origin_mm = {-3, 1, 1};
  plane.right_mm = {1, 0, 0};
  plane.down_mm = {0, 1, 0};
  plane.width = 6;
  plane.height = 1;
  for (const float value : sample_image(volume, plane)) EXPECT_TRUE(std::isnan(value));
  volume.padding.reset();
  const auto image = sample_image(volume, plane);
  EXPECT_TRUE(std::isnan(image[0]));
  EXPECT_EQ(image[4], 0.0F);
}

TEST(Pictures, OutlinesHaveTheSegmentsColours) {
  phantom::TemporaryFolder folder;
  const Size3 size{48, 40, 30};
  const Affine affine =
      Affine::from_columns({1.5, 0, 0}, {0, 1.5, 0}, {0, 0, 1.5}, {-36, -30, -20});
  const Phantom p = phantom::make(folder.path / "source", size, affine, [&](int c, int r, int k) {
    return phantom::two_boxes(size, c, r, k);
  });
  const auto pictures = draw_pictures(p.findings, p.labels, p.volume);
  ASSERT_EQ(pictures.size(), 3U);
  const Picture& axial = pictures[0];
  EXPECT_EQ(axial.name, "axial");
  EXPECT_EQ(axial.width, kPictureWidth);
  EXPECT_EQ(axial.rgb.size(), static_cast<std::size_t>(axial.width * axial.height * 3));
  // Above the legend: left segments are drawn in the right half, and the other way round.
  for (const Segment& segment : p.findings.segments) {
    int in_left_half = 0, in_right_half = 0;
    for (int v = 0; v < axial.height - 90; ++v) {
      for (int u = 0; u < axial.width; ++u) {
        const std::uint8_t* pixel = &axial.rgb[static_cast<std::size_t>((v * axial.width + u) * 3)];
        if (std::equal(pixel, pixel + 3, segment.rgb.begin())) {
          ++(u < axial.width / 2 ? in_left_half : in_right_half);
        }
      }
    }
    const bool left = segment.number <= 2;
    EXPECT_GT(left ? in_right_half : in_left_half, 20) << segment.label;
    EXPECT_EQ(left ? in_left_half : in_right_half, 0) << segment.label;
  }
  const auto png = to_png(axial);
  ASSERT_GT(png.size(), 8U);
  EXPECT_EQ(png[1], 'P');
}

TEST(Pictures, NoLabelsNoPictures) {
  phantom::TemporaryFolder folder;
  const Phantom p =
      phantom::make(folder.path / "source", {6, 6, 4}, {}, [](int, int, int) { return 0; });
  EXPECT_TRUE(draw_pictures(p.findings, p.labels, p.volume).empty());
}

}  // namespace
}  // namespace osler::page
