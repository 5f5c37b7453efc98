#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "objects/contours.hpp"
#include "throws.hpp"

namespace osler::objects {
namespace {

using Mask = std::vector<std::uint8_t>;
using Points = std::vector<std::array<double, 2>>;

/// Even-odd rule by a ray along the row (W. R. Franklin), written apart from the tracer.
bool is_inside(const Points& p, double x, double y) {
  bool inside = false;
  for (std::size_t i = 0, j = p.size() - 1; i < p.size(); j = i++) {
    const bool spans = (p[i][1] > y) != (p[j][1] > y);
    if (spans && x < (p[j][0] - p[i][0]) * (y - p[i][1]) / (p[j][1] - p[i][1]) + p[i][0]) {
      inside = !inside;
    }
  }
  return inside;
}

double area_of(const Points& p) {
  double twice = 0;
  for (std::size_t i = 0, j = p.size() - 1; i < p.size(); j = i++) {
    twice += p[j][0] * p[i][1] - p[i][0] * p[j][1];
  }
  return twice / 2;
}

/// Exclusive or of all polygons.
Mask rasterised(const std::vector<Outline>& outlines, int columns, int rows) {
  Mask mask(static_cast<std::size_t>(columns * rows));
  for (int r = 0; r < rows; ++r) {
    for (int c = 0; c < columns; ++c) {
      for (const Outline& outline : outlines) {
        mask[static_cast<std::size_t>(r * columns + c)] ^=
            static_cast<std::uint8_t>(is_inside(outline.points, c, r));
      }
    }
  }
  return mask;
}

Mask drawn(const std::vector<std::string>& rows) {
  Mask mask;
  for (const std::string& row : rows) {
    for (const char sign : row)
      mask.push_back(sign == '.' ? 0 : static_cast<std::uint8_t>(sign - '0'));
  }
  return mask;
}

bool same_polygon(Points a, Points b) {
  const auto from_least = [](Points& p) {
    std::rotate(p.begin(), std::min_element(p.begin(), p.end()), p.end());
  };
  from_least(a);
  from_least(b);
  return a == b;
}

TEST(Outlines, OneVoxelIsADiamond) {
  const auto outlines = outlines_of_slice(drawn({"...", ".1.", "..."}), 3, 3, 1, 7);
  ASSERT_EQ(outlines.size(), 1U);
  EXPECT_EQ(outlines[0].segment, 1);
  EXPECT_EQ(outlines[0].slice, 7);
  EXPECT_FALSE(outlines[0].hole);
  EXPECT_TRUE(same_polygon(outlines[0].points, {{1, .5}, {1.5, 1}, {1, 1.5}, {.5, 1}}));
}

TEST(Outlines, ABoxHasEightCornersWhateverItsSize) {
  // Columns 0 to 19 and rows 0 to 9 of an image that ends there: corners are cut, sides are whole.
  const auto outlines = outlines_of_slice(Mask(200, 1), 20, 10, 1);
  ASSERT_EQ(outlines.size(), 1U);
  EXPECT_TRUE(same_polygon(
      outlines[0].points,
      {{0, -.5}, {19, -.5}, {19.5, 0}, {19.5, 9}, {19, 9.5}, {0, 9.5}, {-.5, 9}, {-.5, 0}}));
  EXPECT_DOUBLE_EQ(area_of(outlines[0].points), 199.5);
}

TEST(Outlines, ADiagonalBorderIsOneEdge) {
  // Voxels on and left below of the diagonal: two straight sides, one diagonal, three cut corners.
  constexpr int n = 40;
  Mask mask(n * n);
  for (int r = 0; r < n; ++r) {
    for (int c = 0; c <= r; ++c) mask[static_cast<std::size_t>(r * n + c)] = 1;
  }
  const auto outlines = outlines_of_slice(mask, n, n, 1);
  ASSERT_EQ(outlines.size(), 1U);
  EXPECT_LE(outlines[0].points.size(), 8U);
  EXPECT_DOUBLE_EQ(area_of(outlines[0].points), n * (n + 1) / 2.0 - 0.5);
}

TEST(Outlines, AHoleRunsTheOtherWay) {
  const auto outlines =
      outlines_of_slice(drawn({"11111", "1...1", "1.1.1", "1...1", "11111"}), 5, 5, 1);
  ASSERT_EQ(outlines.size(), 3U);
  // By hand: 25 voxels less the corners, four eighths; 9 less the same; half of one.
  std::map<double, bool> hole_of_area;
  for (const Outline& outline : outlines) hole_of_area[area_of(outline.points)] = outline.hole;
  EXPECT_EQ(hole_of_area, (std::map<double, bool>{{24.5, false}, {-8.5, true}, {0.5, false}}));
}

TEST(Outlines, DiagonalNeighboursAreInOneOutlineAndDiagonalGapsAreTwoHoles) {
  const auto voxels = outlines_of_slice(drawn({"1..", ".1.", "..1"}), 3, 3, 1);
  ASSERT_EQ(voxels.size(), 1U);
  EXPECT_DOUBLE_EQ(area_of(voxels[0].points), 2.5);
  const auto gaps = outlines_of_slice(drawn({"1111", "1.11", "11.1", "1111"}), 4, 4, 1);
  ASSERT_EQ(gaps.size(), 3U);
  EXPECT_EQ(std::count_if(gaps.begin(), gaps.end(), [](const Outline& o) { return o.hole; }), 2);
}

TEST(Outlines, SegmentsAreApart) {
  LabelMap map{{{4, 2, 2}, {}}, drawn({"....", "....", "2211", ".2.1"})};
  EXPECT_TRUE(outlines_of_slice(map, 0).empty());
  const auto outlines = outlines_of_slice(map, 1);
  ASSERT_EQ(outlines.size(), 2U);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(outlines[i].segment, static_cast<int>(i) + 1);
    EXPECT_EQ(outlines[i].slice, 1);
    EXPECT_DOUBLE_EQ(area_of(outlines[i].points), 2.5);
    const auto alone =
        outlines_of_slice(std::span(map.labels).subspan(8), 4, 2, outlines[i].segment);
    ASSERT_EQ(alone.size(), 1U);
    EXPECT_EQ(alone[0].points, outlines[i].points);
  }
}

/// Regions that touch by a side or, if `corners`, by a corner; counted by flooding.
int regions_of(const Mask& mask, int columns, int rows, std::uint8_t value, bool corners) {
  Mask left = mask;
  int regions = 0;
  const std::function<void(int, int)> flood = [&](int c, int r) {
    if (c < 0 || r < 0 || c >= columns || r >= rows) return;
    auto& voxel = left[static_cast<std::size_t>(r * columns + c)];
    if (voxel != value) return;
    voxel = 255;
    for (int dr = -1; dr <= 1; ++dr) {
      for (int dc = -1; dc <= 1; ++dc) {
        if (corners || dr == 0 || dc == 0) flood(c + dc, r + dr);
      }
    }
  };
  for (int r = 0; r < rows; ++r) {
    for (int c = 0; c < columns; ++c) {
      if (left[static_cast<std::size_t>(r * columns + c)] != value) continue;
      ++regions;
      flood(c, r);
    }
  }
  return regions;
}

TEST(Outlines, RandomMasksComeBackVoxelForVoxel) {
  std::mt19937 random(20240611);
  for (int round = 0; round < 600; ++round) {
    const int columns = 1 + static_cast<int>(random() % 17),
              rows = 1 + static_cast<int>(random() % 17);
    std::bernoulli_distribution filled(0.05 + 0.9 * (round % 19) / 18.0);
    Mask mask(static_cast<std::size_t>(columns * rows));
    for (auto& voxel : mask) voxel = filled(random) ? 1 : 0;
    const auto outlines = outlines_of_slice(mask, columns, rows, 1);
    ASSERT_EQ(rasterised(outlines, columns, rows), mask) << columns << " x " << rows;

    // As many outlines as regions and as holes: the background, framed, is one region more.
    Mask framed(static_cast<std::size_t>((columns + 2) * (rows + 2)));
    for (int r = 0; r < rows; ++r) {
      std::copy_n(mask.begin() + r * columns, columns,
                  framed.begin() + (r + 1) * (columns + 2) + 1);
    }
    const auto holes = std::count_if(outlines.begin(), outlines.end(),
                                     [](const Outline& outline) { return outline.hole; });
    const auto outer = static_cast<std::ptrdiff_t>(outlines.size()) - holes;
    ASSERT_EQ(outer, regions_of(mask, columns, rows, 1, true));
    ASSERT_EQ(holes, regions_of(framed, columns + 2, rows + 2, 0, false) - 1);

    double area = 0;
    for (const Outline& outline : outlines) {
      area += area_of(outline.points);
      ASSERT_EQ(area_of(outline.points) < 0, outline.hole);
      const Points& p = outline.points;
      for (std::size_t i = 0; i < p.size(); ++i) {
        const auto &a = p[i], &b = p[(i + 1) % p.size()], &c = p[(i + 2) % p.size()];
        ASSERT_NE((b[0] - a[0]) * (c[1] - b[1]), (b[1] - a[1]) * (c[0] - b[0])) << "collinear";
      }
    }
    const auto voxels = std::count(mask.begin(), mask.end(), 1);
    ASSERT_DOUBLE_EQ(area, static_cast<double>(voxels) - 0.5 * static_cast<double>(outer - holes));
  }
}

TEST(Outlines, RefuseWhatDoesNotFit) {
  using osler::testing::expect_error;
  const Mask mask(12);
  expect_error(ErrorCode::bad_argument, "grid", [&] { outlines_of_slice(mask, 5, 2, 1); });
  expect_error(ErrorCode::bad_argument, "grid", [&] { outlines_of_slice(mask, -4, -3, 1); });
  expect_error(ErrorCode::bad_argument, "segment", [&] { outlines_of_slice(mask, 4, 3, 0); });
  expect_error(ErrorCode::bad_argument, "segment", [&] { outlines_of_slice(mask, 4, 3, 256); });
  const LabelMap map{{{4, 3, 1}, {}}, mask};
  expect_error(ErrorCode::bad_argument, "slice", [&] { outlines_of_slice(map, 1); });
  EXPECT_TRUE(outlines_of_slice({}, 0, 0, 1).empty());
}

}  // namespace
}  // namespace osler::objects
