// Polygons to voxels, and voxels to files.

#include <gtest/gtest.h>

#include <algorithm>

#include "objects/elements.hpp"
#include "segmentations/polygon_fill.hpp"
#include "segmentations/segmentation_files.hpp"
#include "segmentations/stored_text.hpp"
#include "segmentations_reading.hpp"

namespace osler::segmentations {
namespace {

namespace fs = std::filesystem;
using osler::testing::StoredSeg;
using phantom::TemporaryFolder;

TEST(FillEvenOdd, ByHand) {
  // A square whose sides run through centres: left and upper ones are inside.
  Voxels mask(25);
  fill_even_odd(std::vector<Polygon>{{{1, 1}, {3, 1}, {3, 3}, {1, 3}}}, 5, 5, mask);
  EXPECT_EQ(mask,
            (Voxels{0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}));
  // A keyhole: the outline runs in along row 2.5, around the hole and out again.
  Voxels key(49);
  fill_even_odd(std::vector<Polygon>{{{-.5, -.5},
                                      {6.5, -.5},
                                      {6.5, 6.5},
                                      {-.5, 6.5},
                                      {-.5, 2.5},
                                      {1.5, 2.5},
                                      {1.5, 4.5},
                                      {4.5, 4.5},
                                      {4.5, 1.5},
                                      {1.5, 1.5},
                                      {1.5, 2.5},
                                      {-.5, 2.5}}},
                7, 7, key);
  // The same hole as a contour of its own.
  Voxels nested(49);
  fill_even_odd(std::vector<Polygon>{{{-.5, -.5}, {6.5, -.5}, {6.5, 6.5}, {-.5, 6.5}},
                                     {{1.5, 1.5}, {4.5, 1.5}, {4.5, 4.5}, {1.5, 4.5}}},
                7, 7, nested);
  EXPECT_EQ(std::count(nested.begin(), nested.end(), 1), 40);
  EXPECT_EQ(nested[3 * 7 + 3], 0);
  EXPECT_EQ(key, nested);
}

TEST(FillEvenOdd, PolygonsMayReachFarOutside) {
  Voxels mask(9);
  fill_even_odd(
      std::vector<Polygon>{{{-1e300, -1e300}, {1e300, -1e300}, {1e300, 1e300}, {-1e300, 1e300}}}, 3,
      3, mask);
  EXPECT_EQ(mask, Voxels(9, 1));
  Voxels none(9);
  fill_even_odd(std::vector<Polygon>{{{5, 5}, {9, 5}, {9, 9}}, {{1, 1}}, {}}, 3, 3, none);
  EXPECT_EQ(none, Voxels(9, 0));
}

TEST(SegmentationFiles, NameTheirSegments) {
  StoredSeg seg;
  seg.segments = {1, 2};
  seg.frames = {{1, 10, std::vector<int>(9, 1)}, {2, 10, {1, 0, 0, 0, 0, 0, 0, 0, 0}}};
  const Segmentation s = read(seg);
  const TemporaryFolder folder;
  StagedFolder staged(folder.path / "out");
  const Json json = write_segmentation_files(s, staged);
  staged.commit();
  EXPECT_EQ(json["files"], (std::vector<std::string>{"labels-1.nii.gz", "labels-2.nii.gz"}));
  for (const char* name : {"labels-1.nii.gz", "labels-2.nii.gz", "segments.json"}) {
    EXPECT_TRUE(fs::exists(folder.path / "out" / name)) << name;
  }
  const Json& second = json["segments"][1];
  EXPECT_EQ(second["file"], "labels-2.nii.gz");
  EXPECT_EQ(second["value"], 2);
  EXPECT_EQ(second["voxels"], 1);
  EXPECT_NEAR(second["volume_mm3"].get<double>(), 1 * 2 * 2.5, 1e-9);
  EXPECT_EQ(second["type"]["value"], "52988006");
  EXPECT_NE(json["notice"].get<std::string>().find("unverified"), std::string::npos);
}

TEST(Colours, ComeBackFromCielab) {
  for (const std::array<std::uint8_t, 3> rgb :
       {std::array<std::uint8_t, 3>{255, 255, 255}, {0, 0, 0}, {12, 200, 99}, {255, 0, 0}}) {
    const auto lab = objects::cielab_of(rgb);
    const auto back = rgb_of_cielab({lab.begin(), lab.end()});
    ASSERT_TRUE(back);
    for (std::size_t c = 0; c < 3; ++c) EXPECT_NEAR((*back)[c], rgb[c], 1);
  }
  EXPECT_FALSE(rgb_of_cielab({1, 2}));
}

}  // namespace
}  // namespace osler::segmentations
